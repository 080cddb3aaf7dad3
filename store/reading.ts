/**
 * Options and results of reads.
 *
 * @module
 */

import type { AnyEvent, Event } from "../event/event.ts";
import type { EventFilter } from "../event/filters.ts";
import type { ReplayError } from "./errors.ts";

/**
 * How fresh a read is.
 *
 * - `"strong"`: every save acknowledged to anyone before the read began is
 *   seen, as far as the stream's leader that answers knows.
 * - `"eventual"`: whatever the nearest replica has, but never less than this
 *   store instance has already seen of the actor. Where it may have seen what
 *   it does not remember, since a subscription of it has delivered events or
 *   it has forgotten actors, whichever replica answers has to know the stream
 *   as far as the instance has seen it.
 */
export type Consistency = "strong" | "eventual";

/** Options of every read of one actor. */
export interface ReadOptions {
  /** How fresh the read is. @default {"strong"} */
  consistency?: Consistency | undefined;
  /** Gives up the read, which fails with the signal's reason. */
  signal?: AbortSignal | undefined;
}

/** Called with a stored message that is no event; decides how to go on. */
export type ReplayErrorHandler = (error: ReplayError) => "continue" | "fail";

/**
 * Options of {@linkcode EventStore.getEvents} and
 * {@linkcode EventStore.readEvents}.
 */
export interface ReadEventsOptions extends ReadOptions {
  /** The lowest version to read, inclusive; 0 or more. @default {0} */
  fromVersion?: number | undefined;
  /** The highest version to read, inclusive. @default {Number.MAX_SAFE_INTEGER} */
  toVersion?: number | undefined;
  /** At most this many events; 1 or more. @default {Infinity} */
  limit?: number | undefined;
  /** `"forward"` is from the lowest version up. @default {"forward"} */
  direction?: "forward" | "backward" | undefined;
  /**
   * Called with every stored message of the actor that the read passed and that is
   * no event, before the events behind it. Return `"continue"` to leave it
   * out; anything else fails the read with the error. A decision must not rest
   * on half a history: `() => "fail"` makes sure of that.
   * @default such messages are left out
   */
  onReplayError?: ReplayErrorHandler | undefined;
}

/** Options of {@linkcode EventStore.getEventsWithErrors}. */
export interface ReadWithErrorsOptions extends ReadOptions {
  /** The lowest version to read, inclusive; 0 or more. @default {0} */
  fromVersion?: number | undefined;
}

/** The result of {@linkcode EventStore.getEventsWithErrors}. */
export interface ReplayResult<E extends AnyEvent = Event> {
  /** The readable events, lowest version first. */
  readonly events: E[];
  /** The stored messages that are no events of this actor, in stream order. */
  readonly errors: ReplayError[];
  /** Whether `errors` has any. */
  readonly hasErrors: boolean;
  /** Whether older events of the actor have expired from the stream. */
  readonly truncated: boolean;
}

/**
 * A place in one store's stream: an opaque string to be kept anywhere. It
 * knows which stream it belongs to.
 */
export type Checkpoint = string;

/**
 * Options of {@linkcode EventStore.readAll}: a filter, and these.
 *
 * @typeParam Type The event types its filter may name.
 */
export interface ReadAllOptions<Type extends string = string>
  extends EventFilter<Type> {
  /** `"forward"` is in stream order. @default {"forward"} */
  direction?: "forward" | "backward" | undefined;
  /** At most this many events; 1 or more. @default {Infinity} */
  limit?: number | undefined;
  /**
   * Where to begin. Forward: after this checkpoint, or with the first event
   * that was stored later than a time. Backward: the event before this
   * checkpoint's, or the last one that was stored earlier than a time. `null`
   * is as left out. @default the beginning, or backward the end
   */
  after?: Checkpoint | Date | null | undefined;
  /** Whether events come with `storedAt`. @default {false} */
  storedAt?: boolean | undefined;
  /** As in {@linkcode SubscribeOptions.onReplayError}. */
  onReplayError?: ReplayErrorHandler | undefined;
  /** Gives up the read, which fails with the signal's reason. */
  signal?: AbortSignal | undefined;
}

/** Options of {@linkcode EventStore.actorIds}. */
export interface ActorIdsOptions
  extends Pick<EventFilter, "actors" | "partition"> {
  /** Gives up the read, which fails with the signal's reason. */
  signal?: AbortSignal | undefined;
}
