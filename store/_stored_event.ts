/**
 * Events from stored payloads, quickly.
 *
 * @module
 */

import { decodeEvent } from "./_event_codec.ts";
import { isTimestamp } from "./_timestamp.ts";
import type { AnyEvent } from "./event.ts";

// Half as slow as a strict one. What it replaces or leaves out is seen.
const decoder = new TextDecoder();
const REPLACED = "\ufffd";
const BYTE_ORDER_MARK = 0xef;

/** A number that may be too large for a double, where JSON has values. */
const HUGE = /[:,[]\s*-?(?:\d{300}|\d+(?:\.\d+)?[eE]\+?\d{3})/;

/**
 * Reads a payload as an event of an actor, as decodeEvent does. What is
 * plainly valid, as nearly all that is stored is, is taken as it was parsed.
 *
 * @returns An event that nobody else holds, not frozen.
 * @throws {InvalidEventError | RangeError} If it is no event of the actor.
 */
export function readPayload(data: Uint8Array, actorId: string): AnyEvent {
  const event = readPlain(data) ?? decodeEvent(data);
  if (event.actorId === actorId) return event;
  throw new RangeError(
    `The event is of actor ${JSON.stringify(event.actorId)}`,
  );
}

/** As {@linkcode readPayload}; undefined if it is no event of the actor. */
export function tryRead(
  data: Uint8Array,
  actorId: string,
): AnyEvent | undefined {
  try {
    return readPayload(data, actorId);
  } catch {
    return undefined; // told by getEventsWithErrors
  }
}

/** The event of a payload that needs no closer look. */
export function readPlain(data: Uint8Array): AnyEvent | undefined {
  if (data[0] === BYTE_ORDER_MARK) return undefined;
  const text = decoder.decode(data);
  // Escapes may be lone surrogates, and such numbers would be infinite.
  if (
    text.includes("\\u") || text.includes(REPLACED) || HUGE.test(text)
  ) return undefined;
  let event: AnyEvent;
  try {
    event = JSON.parse(text);
  } catch {
    return undefined; // decodeEvent says why
  }
  return isPlain(event) ? event : undefined;
}

function isPlain(event: AnyEvent | null): boolean {
  if (typeof event !== "object" || event === null) return false;
  const { id, eventType, actorId, commandId, version, data, metadata } = event;
  return isShort(id) && isShortAscii(eventType) &&
    typeof actorId === "string" && actorId.length > 0 &&
    (commandId === undefined ||
      typeof commandId === "string" && commandId.length > 0) &&
    Number.isSafeInteger(version) && version > 0 &&
    typeof data === "object" && data !== null && !Array.isArray(data) &&
    (metadata === undefined || isFilled(metadata)) &&
    typeof event.timestamp === "string" && isTimestamp(event.timestamp);
}

/** Whether an id surely has 1 to 256 bytes: 3 for each unit at most. */
function isShort(text: unknown): boolean {
  return typeof text === "string" && text.length > 0 && text.length <= 85;
}

/** Whether a type surely takes 1 to 256 bytes encoded: 3 for each of ASCII. */
function isShortAscii(text: unknown): boolean {
  return isShort(text) && /^[ -~]+$/.test(text as string);
}

/** Whether metadata is not empty and holds nothing but strings. */
function isFilled(metadata: unknown): boolean {
  if (typeof metadata !== "object" || metadata === null) return false;
  if (Array.isArray(metadata)) return false;
  const values = Object.values(metadata);
  return values.length > 0 &&
    values.every((value) => typeof value === "string");
}
