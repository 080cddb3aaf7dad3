/**
 * Events that JSON.parse made and that need no closer look, taken as they are.
 *
 * @module
 */

import {
  maxActorIdBytes,
  maxEventIdBytes,
  maxEventTypeBytes,
  plainActorId,
} from "../internal/nats/names.ts";
import { freezeParsed } from "./json.ts";
import { markSealed } from "./frozen_events.ts";
import { isTimestamp } from "./timestamp.ts";
import type { Event } from "./event.ts";

/** No code unit takes more than three bytes. */
const idLength = Math.floor(maxEventIdBytes / 3);
const isPlainType = matcherOf(/^[A-Za-z0-9_-]+$/);
const isPlainActorId = matcherOf(plainActorId);

/**
 * The parsed value itself as a sealed event, if it is one as this library
 * writes it: the known keys in their order and nothing unusual in them.
 *
 * @returns Undefined for anything else. That may still be an event, and may be
 * frozen in part.
 */
export function sealParsed(value: unknown): Event | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const event = value as Event;
  if (!hasKnownKeys(event)) return undefined;
  const { id, eventType, actorId, commandId, version, metadata } = event;
  const plain = isShort(id, idLength) &&
    typeof eventType === "string" && eventType.length <= maxEventTypeBytes &&
    isPlainType(eventType) &&
    typeof actorId === "string" && actorId.length <= maxActorIdBytes &&
    isPlainActorId(actorId) &&
    (commandId === undefined || isShort(commandId, Infinity)) &&
    Number.isSafeInteger(version) && version > 0 &&
    isObject(event.data) &&
    (metadata === undefined || isTextual(metadata)) &&
    typeof event.timestamp === "string" && isTimestamp(event.timestamp);
  if (!plain || !freezeParsed(event.data)) return undefined;
  if (metadata !== undefined) Object.freeze(metadata);
  markSealed(event);
  return Object.freeze(event);
}

/** Whether the keys are an event's, in the order they are written. */
function hasKnownKeys(event: Event): boolean {
  const keys = Object.keys(event);
  let i = 0;
  if (keys[i++] !== "id") return false;
  if (keys[i++] !== "eventType") return false;
  if (keys[i++] !== "actorId") return false;
  if (keys[i] === "commandId") i++;
  if (keys[i++] !== "version") return false;
  if (keys[i++] !== "data") return false;
  if (keys[i] === "metadata") i++;
  return keys[i++] === "timestamp" && i === keys.length;
}

function isShort(text: unknown, most: number): boolean {
  return typeof text === "string" && text.length > 0 && text.length <= most &&
    text.isWellFormed();
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Whether it is an object with texts, and with one at least. */
function isTextual(value: unknown): boolean {
  if (!isObject(value)) return false;
  const entries = Object.entries(value);
  return entries.length > 0 &&
    entries.every(([key, text]) =>
      key.isWellFormed() && typeof text === "string" && text.isWellFormed()
    );
}

/**
 * Whether a text matches a pattern. The last one that did is remembered: in a
 * history it is often the same.
 */
function matcherOf(pattern: RegExp): (text: string) => boolean {
  let last: string | undefined;
  return (text) => {
    if (text === last) return true;
    if (!pattern.test(text)) return false;
    last = text;
    return true;
  };
}
