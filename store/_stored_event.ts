/**
 * Events from stored payloads.
 *
 * @module
 */

import { show } from "../nats/show.ts";
import { decodeEvent } from "./_event_codec.ts";
import type { AnyEvent } from "./event.ts";

/**
 * Reads a payload as an event of an actor.
 *
 * @throws {InvalidEventError | RangeError} If it is not one.
 */
export function readPayload(
  json: string | Uint8Array,
  actorId: string,
): AnyEvent {
  const event = decodeEvent(json);
  if (event.actorId === actorId) return event;
  throw new RangeError(`The event is of actor ${show(event.actorId)}`);
}

/** As {@linkcode readPayload}; undefined if it is no event of the actor. */
export function tryRead(
  json: string | Uint8Array,
  actorId: string,
): AnyEvent | undefined {
  try {
    return readPayload(json, actorId);
  } catch {
    return undefined; // told by getEventsWithErrors
  }
}
