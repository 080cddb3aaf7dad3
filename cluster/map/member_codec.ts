/**
 * Members as the map stores them, without what goes without saying.
 *
 * @module
 */

import { MAX_WEIGHT, MIN_WEIGHT } from "../weight.ts";
import type { MapMember } from "./cluster_map.ts";
import { MalformedMapError } from "./errors.ts";

const STATES: readonly unknown[] = ["joining", "ready", "leaving"];

/** A member as JSON has it. */
export function writeMember(member: MapMember): Record<string, unknown> {
  const { id, incarnation, state, weight, appVersion, roles, metadata } =
    member;
  return {
    id,
    incarnation,
    state,
    ...weight !== 1 && { weight },
    ...appVersion !== "" && { appVersion },
    ...roles.length > 0 && { roles },
    ...Object.keys(metadata).length > 0 && { metadata },
  };
}

/**
 * The member of {@linkcode writeMember}.
 *
 * @throws {MalformedMapError} If it gave something else.
 */
export function readMember(value: unknown): MapMember {
  const {
    id,
    incarnation,
    state,
    weight = 1,
    appVersion = "",
    roles = [],
    metadata = {},
  } = Object(value) as Record<string, unknown>;
  const isValid = isName(id) && isName(incarnation) && STATES.includes(state) &&
    typeof weight === "number" && weight >= MIN_WEIGHT &&
    weight <= MAX_WEIGHT && typeof appVersion === "string" &&
    Array.isArray(roles) && roles.every(isText) && isTexts(metadata);
  if (!isValid) throw new MalformedMapError("one of its members is malformed");
  return {
    id,
    incarnation,
    state: state as MapMember["state"],
    weight,
    appVersion,
    roles,
    metadata,
  };
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}

function isName(value: unknown): value is string {
  return isText(value) && value !== "";
}

function isTexts(value: unknown): value is Record<string, string> {
  return typeof value === "object" && value !== null &&
    !Array.isArray(value) && Object.values(value).every(isText);
}
