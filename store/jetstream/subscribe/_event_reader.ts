/**
 * Stored messages as the events that a subscription delivers.
 *
 * @module
 */

import {
  type actorMatcher,
  decodeActorId,
  encodeActorId,
} from "../../../internal/nats/names.ts";
import { show } from "../../../internal/show.ts";
import { decodeEvent } from "../../../event/event_codec.ts";
import type { AnyEvent } from "../../../event/event.ts";
import type { ReplayError } from "../../errors.ts";
import { replayError } from "../stream/stored_message.ts";

/** Which events to deliver. */
export interface EventFilter {
  /** Undefined for all. */
  readonly eventTypes: ReadonlySet<string> | undefined;
  /** Undefined where the server filters. */
  readonly actorMatches: ReturnType<typeof actorMatcher> | undefined;
  /** Decides about a message that is no event; it is an error without. */
  readonly onReplayError:
    | ((error: ReplayError) => "continue" | "fail")
    | undefined;
}

/** A message to read. */
export interface ReadableMessage {
  readonly sequence: number;
  readonly subject: string;
  readonly data: Uint8Array;
}

/** Reads messages below one root. */
export class EventReader {
  /** The root with its dot. */
  readonly #root: string;
  readonly #filter: EventFilter;

  constructor(root: string, filter: EventFilter) {
    this.#root = `${root}.`;
    this.#filter = filter;
  }

  /**
   * The event of a message, unless the filter leaves it out.
   *
   * @throws {ReplayError} If it is no event and must not be skipped.
   */
  read({ sequence, subject, data }: ReadableMessage): AnyEvent | undefined {
    const { eventTypes, actorMatches, onReplayError } = this.#filter;
    let event: AnyEvent;
    try {
      event = decodeEvent(data);
      if (subject !== this.#root + encodeActorId(event.actorId)) {
        throw new RangeError(`Its subject ${show(subject)} is another actor's`);
      }
    } catch (cause) {
      const error = replayError(
        actorIn(subject.slice(this.#root.length)),
        sequence,
        data,
        cause,
        '; to skip it, return "continue" from onReplayError',
      );
      if (onReplayError?.(error) === "continue") return undefined;
      throw error;
    }
    if (eventTypes?.has(event.eventType) === false) return undefined;
    return actorMatches?.(event.actorId) === false ? undefined : event;
  }
}

/** The actor id that subject tokens spell, or the tokens where they are none. */
function actorIn(tokens: string): string {
  try {
    return decodeActorId(tokens);
  } catch {
    return tokens;
  }
}
