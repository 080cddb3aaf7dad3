/**
 * Subscriptions and their options.
 *
 * @module
 */

import type { AnyEvent, Event } from "../event/event.ts";
import type { EventFilter } from "../event/filters.ts";
import type { TraceContext } from "../internal/telemetry/types.ts";
import type { Checkpoint, ReplayErrorHandler } from "./reading.ts";

/**
 * Options of {@linkcode EventStore.subscribe}: a filter, and these.
 *
 * @typeParam Type The event types its filter may name.
 */
export interface SubscribeOptions<Type extends string = string>
  extends EventFilter<Type> {
  /**
   * Where to begin: after this checkpoint, with the first event that was
   * stored later than a time, or with what is saved after the subscription's
   * `caughtUp` resolved (`"end"`). `null` is as left out.
   * @default the beginning
   */
  after?: Checkpoint | Date | "end" | null | undefined;
  /**
   * Whether to go on with what is saved later. `false` ends once the end as
   * of the start was reached, never inside a batch. @default {true}
   */
  live?: boolean | undefined;
  /** Whether events come with `storedAt`. @default {false} */
  storedAt?: boolean | undefined;
  /**
   * Called with every stored message that is no event. Return `"continue"` to
   * skip it; anything else, and no handler at all, fails the subscription
   * with the error.
   */
  onReplayError?: ReplayErrorHandler | undefined;
  /** Ends the subscription with the signal's reason. */
  signal?: AbortSignal | undefined;
}

/** One event as it is stored. */
export interface StoredEvent<E extends AnyEvent = Event> {
  /** The event. */
  readonly event: E;
  /** Its place in the stream; greater than 0. */
  readonly sequence: number;
  /** Resumes after this event. */
  readonly checkpoint: Checkpoint;
  /**
   * When it was stored, in RFC 3339 and UTC, by the server's clock; only with
   * the option `storedAt`.
   */
  readonly storedAt?: string;
  /**
   * The trace context of the save that stored it, if it had one and this store
   * was opened with `activeSpan`, be it one that never has a span; absent
   * otherwise.
   */
  readonly trace?: TraceContext;
}

/**
 * The events of all actors in stream order, each exactly once. Iterate it
 * once, a second time is a TypeError; leaving the loop closes it, and so does
 * disposing it, or closing the store: the loop ends as if it had reached the end,
 * and `caughtUp` tells whether it had.
 */
export interface EventSubscription<E extends AnyEvent = Event>
  extends AsyncIterable<StoredEvent<E>>, AsyncDisposable {
  /** Begins the one iteration; the iterator is iterable itself. */
  [Symbol.asyncIterator](): AsyncIterableIterator<StoredEvent<E>>;
  /**
   * Resumes after everything that was delivered or left out by the filter so
   * far; what it was given, if it could not begin there. Undefined only until
   * an `"end"` subscription knows where that is.
   */
  readonly checkpoint: Checkpoint | undefined;
  /**
   * The last sequence that was delivered or left out by the filter; 0 before
   * the first, and until it is known where the subscription begins.
   */
  readonly sequence: number;
  /**
   * The sequence of the stream's last event, of whatever actor, as it is now:
   * one request. Less `sequence` it is how far the subscription lags behind.
   */
  latestSequence(): Promise<number>;
  /**
   * Resolves when the end of the stream as of the start was reached (with
   * events waiting to be read, when the last of them was taken); rejects when
   * the subscription fails before, with the same reason, or is closed, with
   * an `AbortError`.
   */
  readonly caughtUp: Promise<void>;
  /**
   * Leaves: an iteration that waits ends, and what was not taken yet is
   * discarded. Doing it again does nothing.
   */
  close(): Promise<void>;
}
