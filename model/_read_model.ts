/**
 * Checks the shape of models and copies them.
 *
 * @module
 */

import { nearestName } from "../internal/nearest.ts";
import { show } from "../internal/show.ts";
import { isSchema } from "./_standard_schema.ts";
import type { Model } from "./model.ts";

/** A value in a model, and where it is. */
interface Place {
  readonly value: unknown;
  /** Such as `actors.account.commands`; empty for the model. */
  readonly path: string;
  /** What can't be done, such as `define model`. */
  readonly action: string;
}

/** Checks a value and copies it. */
type Reader = (place: Place) => unknown;

function bad({ path, action, value }: Place, must: string): TypeError {
  const where = path === "" ? "the model" : path;
  return new TypeError(
    `Cannot ${action}: ${where} must be ${must}, got ${show(value)}`,
  );
}

/** The path of a member, such as `actors.account` or `policies["two words"]`. */
export function memberPath(path: string, key: string): string {
  if (!/^[\p{L}_$][\p{L}\p{N}_$]*$/u.test(key)) {
    return `${path}[${JSON.stringify(key)}]`;
  }
  return path === "" ? key : `${path}.${key}`;
}

function objectAt(place: Place): Readonly<Record<string, unknown>> {
  const { value } = place;
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    return value as Record<string, unknown>;
  }
  throw bad(place, "an object");
}

const text: Reader = (place) => {
  const { value } = place;
  if (typeof value !== "string" || value.trim() === "") {
    throw bad(place, "a text that is not empty");
  }
  if (!value.isWellFormed()) throw bad(place, "text without lone surrogates");
  return value;
};

const listOf = (read: Reader): Reader => (place) => {
  if (!Array.isArray(place.value)) throw bad(place, "an array");
  const { path, action } = place;
  return Object.freeze(
    Array.from(
      place.value,
      (value, i) => read({ value, path: `${path}[${i}]`, action }),
    ),
  );
};

/** An object whose keys are names of the model's own. */
const named = (read: Reader): Reader => (place) => {
  const { path, action } = place;
  const entries = Object.entries(objectAt(place)).map(([name, value]) => {
    text({ value: name, path: `a name in ${path}`, action });
    return [name, read({ value, path: memberPath(path, name), action })];
  });
  return Object.freeze(Object.fromEntries(entries));
};

/** An object with these keys; those of `optional` may be left out. */
function shape(
  required: Readonly<Record<string, Reader>>,
  optional: Readonly<Record<string, Reader>>,
): Reader {
  const known = { ...required, ...optional };
  return (place) => {
    const { path, action } = place;
    const object = objectAt(place);
    for (const key of Object.keys(object)) {
      if (Object.hasOwn(known, key)) continue;
      const nearest = nearestName(key, Object.keys(known));
      throw new TypeError(
        `Cannot ${action}: ${memberPath(path, key)} is no part of a model; ` +
          (nearest === undefined
            ? `there are ${Object.keys(known).join(", ")}`
            : `did you mean ${nearest}?`),
      );
    }
    const copy: Record<string, unknown> = {};
    for (const [key, read] of Object.entries(known)) {
      const value = object[key];
      if (value === undefined && !Object.hasOwn(required, key)) continue;
      copy[key] = read({ value, path: memberPath(path, key), action });
    }
    return Object.freeze(copy);
  };
}

const described = { title: text, description: text };
const texts = listOf(text);

const eventData: Reader = (place) => {
  const { value } = place;
  if (isSchema(value)) return value;
  return typeof value === "string" ? text(place) : named(text)(place);
};

const model = shape({
  name: text,
  actors: named(shape({
    commands: named(shape({ emits: texts }, { ...described, by: texts })),
    events: named(shape({}, { ...described, data: eventData })),
  }, { ...described, idPrefixes: texts, invariants: texts })),
}, {
  ...described,
  policies: named(shape({ on: texts, issues: texts }, described)),
  readModels: named(shape({ from: texts }, { ...described, for: texts })),
  externalSystems: named(shape({}, { ...described, on: texts, issues: texts })),
  hotspots: listOf(shape({ note: text }, { about: texts })),
});

/**
 * A deeply frozen copy of a model.
 *
 * @throws {TypeError} If it is none, with the path to what is wrong.
 */
export function readModel(value: unknown, action: string): Model {
  return model({ value, path: "", action }) as Model;
}
