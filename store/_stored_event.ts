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
export function readPayload(data: Uint8Array, actorId: string): AnyEvent {
  const event = decodeEvent(data);
  if (event.actorId === actorId) return event;
  throw new RangeError(`The event is of actor ${show(event.actorId)}`);
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
