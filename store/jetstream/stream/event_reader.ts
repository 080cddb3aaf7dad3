/**
 * Stored messages as the events that subscriptions and reads of all events
 * give.
 *
 * @module
 */

import { decodeActorId, encodeActorId } from "../../../internal/nats/names.ts";
import { show } from "../../../internal/show.ts";
import { decodeEvent } from "../../../event/event_codec.ts";
import type { AnyEvent } from "../../../event/event.ts";
import type { ResolvedFilter } from "../../../event/filters.ts";
import type { ReplayErrorHandler } from "../../event_store.ts";
import { replayError } from "./stored_message.ts";

/** A message to read. */
export interface ReadableMessage {
  readonly sequence: number;
  readonly subject: string;
  readonly data: Uint8Array;
}

/**
 * Whether subject tokens are reserved for messages that are no events: those
 * whose first one begins with `$`, as no actor's does.
 */
export function isReserved(tokens: string): boolean {
  return tokens.startsWith("$");
}

/** Reads messages below one root. */
export class EventReader {
  /** The root with its dot. */
  readonly #root: string;
  readonly #filter: ResolvedFilter;
  readonly #onReplayError: ReplayErrorHandler | undefined;

  /**
   * @param onReplayError Decides about a message that is no event; it is an
   * error without.
   */
  constructor(
    root: string,
    filter: ResolvedFilter,
    onReplayError: ReplayErrorHandler | undefined,
  ) {
    this.#root = `${root}.`;
    this.#filter = filter;
    this.#onReplayError = onReplayError;
  }

  /**
   * The event of a message, unless the filter leaves it out.
   *
   * @throws {ReplayError} If it is no event and must not be skipped.
   */
  read({ sequence, subject, data }: ReadableMessage): AnyEvent | undefined {
    const { actors, eventTypes } = this.#filter;
    const tokens = subject.slice(this.#root.length);
    // The server may send more than the filter asks for.
    if (isReserved(tokens) || actors?.hasTokens(tokens) === false) {
      return undefined;
    }
    let event: AnyEvent;
    try {
      event = decodeEvent(data);
      if (tokens !== encodeActorId(event.actorId)) {
        throw new RangeError(`Its subject ${show(subject)} is another actor's`);
      }
    } catch (cause) {
      const error = replayError(
        actorIn(tokens),
        sequence,
        data,
        cause,
        '; to skip it, return "continue" from onReplayError',
      );
      if (this.#onReplayError?.(error) === "continue") return undefined;
      throw error;
    }
    return eventTypes?.has(event.eventType) === false ? undefined : event;
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
