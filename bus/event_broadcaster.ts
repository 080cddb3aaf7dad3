/**
 * The contract every event bus keeps.
 *
 * @module
 */

import type { AnyEvent, Event, EventOfType } from "../event/event.ts";
import type { EventFilter } from "../event/filters.ts";
import type { TraceContext } from "../internal/telemetry/types.ts";
import type { BusMetrics } from "./metrics.ts";

/** Options of {@linkcode EventBroadcaster.publish}. */
export interface PublishOptions {
  /**
   * Gives up: the publish fails with the signal's reason. Subscribers that
   * had room still get the event.
   */
  signal?: AbortSignal | undefined;
  /**
   * The trace context to send with the event, such as the `trace` of a
   * delivery that is passed on; one that W3C Trace Context does not allow is
   * left out. @default that of the bus's `activeSpan`
   */
  trace?: TraceContext | undefined;
}

/**
 * What happens to an event when a subscription's buffer is full.
 *
 * - `"drop-newest"`: it is dropped.
 * - `"drop-oldest"`: the event that has waited longest is dropped for it.
 * - `"error"`: it is dropped, and the subscription ends with a
 *   {@linkcode SlowSubscriberError} once what it holds was read.
 * - `"block"`: the publisher waits until there is room. In process only: see
 *   {@linkcode NatsEventBus}.
 */
export type Overflow = "drop-newest" | "drop-oldest" | "error" | "block";

/** A time in which a subscription may have missed events. */
export interface Gap {
  /** The connection to the server was lost, and is back. */
  readonly reason: "reconnect";
  /** How long it was down as far as this process saw, in milliseconds. */
  readonly downtime: number;
}

/**
 * Options of {@linkcode EventBroadcaster.subscribe}: a filter, and these.
 *
 * @typeParam E The events of the bus.
 * @typeParam Type The event types that are filtered by.
 */
export interface BusSubscribeOptions<
  E extends AnyEvent = Event,
  Type extends E["eventType"] = E["eventType"],
> extends EventFilter<Type> {
  /** How many events may wait to be read: 1 to 1,000,000. @default {100} */
  buffer?: number | undefined;
  /** What happens when that many wait. @default {"drop-newest"} */
  overflow?: Overflow | undefined;
  /**
   * Called with every dropped event, when it is dropped. Errors it throws go
   * to the bus's `onError` and have no other effect.
   */
  onDrop?:
    | ((event: EventOfType<E, Type>, namespace: string) => void)
    | undefined;
  /**
   * Called with every gap, before any event published after it. Errors it
   * throws go to the bus's `onError` and have no other effect.
   */
  onGap?: ((gap: Gap) => void) | undefined;
  /** Ends the subscription at once: it fails with the signal's reason. */
  signal?: AbortSignal | undefined;
}

/** An event as a subscriber gets it. It is deeply frozen. */
export interface Delivery<E extends AnyEvent = Event> {
  /** The namespace it was published to. */
  readonly namespace: string;
  /** The event. */
  readonly event: E;
  /** The publisher's trace context, if it gave one; absent otherwise. */
  readonly trace?: TraceContext;
}

/**
 * The events that match a pattern, from the call of `subscribe` on. Iterate it
 * once; leaving the loop closes it.
 *
 * Events of one publisher come in the order they were published in, each at
 * most once. While it is open, `delivered + dropped + pending` is the number
 * of matching events that have reached this process; with `"block"`, those
 * whose publishers wait for room are in none of the three.
 *
 * An iteration ends when the subscription is closed, or when the bus is closed
 * and the pending events have been read. It fails when the signal is aborted,
 * when a full buffer is an error, or when the connection is closed for good.
 */
export interface Subscription<E extends AnyEvent = Event>
  extends AsyncIterable<Delivery<E>>, AsyncDisposable {
  /** Begins the one iteration; the iterator is iterable itself. */
  [Symbol.asyncIterator](): AsyncIterableIterator<Delivery<E>>;
  /** How many events the iteration has taken. */
  readonly delivered: number;
  /** How many events were dropped since there was no room for them. */
  readonly dropped: number;
  /** How many events wait to be read; at most `buffer`. */
  readonly pending: number;
  /** How many gaps there were; always 0 in process. */
  readonly gaps: number;
  /**
   * Resolves once the subscription is in place and gets whatever anyone
   * publishes from then on: in process at once, across processes when the
   * server has confirmed it. Rejects if the subscription fails or is closed
   * before; ignoring that is harmless.
   */
  readonly ready: Promise<void>;
  /**
   * Closes the subscription: the iteration ends, and pending events are
   * discarded without being counted as dropped. Closing it again does nothing.
   */
  close(): Promise<void>;
}

/**
 * Delivers events to subscribers as they are published, in namespaces that
 * share no events.
 *
 * **Delivery is at most once.** Absent, slow or disconnected subscribers miss
 * events; how many is counted where it can be known. Read events that must not
 * be missed from the store: `EventStore.subscribe` delivers every event exactly
 * once, in order, from any checkpoint.
 *
 * A *namespace* is any name of at most 128 bytes when encoded. For patterns it
 * consists of tokens divided by dots: `orders.eu` matches `orders.eu`,
 * `orders.*` and `orders.>`, and all three match `>`. A name with an empty
 * token, or with the token `*` or `>`, can be published to, but only patterns
 * with wildcards match it. Names of the form
 * `__x__` (such as `__internal__`, where stores tell what they stored) are for
 * the inner workings: a pattern matches one only if it is that very name.
 *
 * @typeParam E The events it carries. A union narrows on `eventType`. The bus
 * does not check what others publish against it.
 */
export interface EventBroadcaster<E extends AnyEvent = Event>
  extends AsyncDisposable {
  /**
   * Gives an event to every subscription that matches, the caller's own too.
   * It is never altered, and stays the caller's.
   *
   * Resolves once the event is handed over: in process to the subscriptions,
   * across processes to the connection. It needs no subscribers.
   *
   * @throws {BusClosedError} If the bus is closed.
   * @throws {InvalidEventError} If the event is not valid.
   * @throws {TypeError | RangeError} If the namespace, the event or an option
   * is not valid.
   */
  publish(
    namespace: string,
    event: E,
    options?: PublishOptions,
  ): Promise<void>;

  /**
   * Subscribes to the namespaces that a pattern names: tokens divided by
   * dots, `*` for any one token, `>` last for one or more. Every call has a
   * buffer of its own.
   *
   * @throws {BusClosedError} If the bus is closed.
   * @typeParam Type The event types that are filtered by, which narrows `E`.
   * @throws {TypeError | RangeError} If the pattern or an option is not valid.
   */
  subscribe<Type extends E["eventType"] = E["eventType"]>(
    pattern: string,
    options?: BusSubscribeOptions<E, Type>,
  ): Subscription<EventOfType<E, Type>>;

  /** The bus's counts so far. */
  readonly metrics: BusMetrics;

  /**
   * Closes the bus: subscriptions end once their pending events have been
   * read, and publishes that wait for room fail with a
   * {@linkcode BusClosedError}. Closing it again does nothing.
   */
  close(): Promise<void>;
}
