/**
 * Events as they are read back from stored messages.
 *
 * @module
 */

import { show } from "../../../internal/show.ts";
import { decodeEvent } from "../../../event/event_codec.ts";
import type { AnyEvent } from "../../../event/event.ts";
import { followedSequence, Header } from "./stored_message.ts";

/** An event and where it is stored. */
export interface LocatedEvent {
  readonly event: AnyEvent;
  readonly sequence: number;
  /** The call that stored it, if it says so; see {@linkcode Header.save}. */
  readonly save: string;
  /**
   * The sequence of the actor's event before it, as the server checked it when
   * it was stored, 0 for none; undefined if it was stored unchecked.
   */
  readonly follows: number | undefined;
}

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

/** How a message came to be stored: by which call, and behind which one. */
export function provenance(
  header: (name: string) => string,
): Pick<LocatedEvent, "save" | "follows"> {
  return { save: header(Header.save), follows: followedSequence(header) };
}
