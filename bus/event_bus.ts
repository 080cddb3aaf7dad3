/**
 * An event bus within one process.
 *
 * @module
 */

import { optionsOf } from "../internal/arguments.ts";
import { sealEvent } from "../event/event_codec.ts";
import { activeTrace } from "../internal/telemetry/trace.ts";
import type { AnyEvent, Event, EventOfType } from "../event/event.ts";
import {
  BUS_OPTIONS,
  type BusOptions,
  resolvePublish,
  resolveSubscribe,
} from "./_arguments.ts";
import { type Route, Routes } from "./_routes.ts";
import { Subscribers } from "./_subscribers.ts";
import type {
  BusSubscribeOptions,
  Delivery,
  EventBroadcaster,
  PublishOptions,
  Subscription,
} from "./event_broadcaster.ts";
import type { BusMetrics } from "./metrics.ts";

/** Options of {@linkcode EventBus}. */
export interface EventBusOptions extends BusOptions {}

const DONE: Promise<void> = Promise.resolve();

/**
 * Events within this process: the whole contract of
 * {@linkcode EventBroadcaster}.
 *
 * A publish takes effect when it is called. Events are copied and frozen once,
 * unless they are frozen already as {@linkcode createEvent} and the stores
 * give them, and every subscriber gets the same frozen objects. What a publish
 * costs does not depend on subscriptions that the event is not for.
 *
 * **Delivery is at most once**: a subscription that is too slow loses events,
 * as its `overflow` says, and counts them. With `"block"` the publisher waits
 * instead, for all its subscribers: one that never reads holds it up for ever,
 * and one that publishes to itself while it is full waits for itself.
 *
 * @typeParam E The events it carries.
 *
 * @example
 * ```ts
 * import { createEvent, EventBus } from "@flowmade-one/aether";
 * import { assertEquals } from "@std/assert";
 *
 * await using bus = new EventBus();
 * await using orders = bus.subscribe("orders.*", {
 *   eventTypes: ["OrderPlaced"],
 *   onDrop: (event) => console.warn(`missed ${event.id}`),
 * });
 *
 * await bus.publish(
 *   "orders.eu",
 *   createEvent({
 *     eventType: "OrderPlaced",
 *     actorId: "order-1",
 *     version: 1,
 *     data: { total: 99.99 },
 *   }),
 * );
 *
 * for await (const { namespace, event } of orders) {
 *   assertEquals(namespace, "orders.eu");
 *   assertEquals(event.data, { total: 99.99 });
 *   break;
 * }
 * ```
 */
export class EventBus<E extends AnyEvent = Event>
  implements EventBroadcaster<E> {
  readonly #subscribers: Subscribers<E>;
  readonly #routes: Routes<E>;
  /** Whether an event is being sent, and what `onDrop` publishes meanwhile. */
  #sending = false;
  readonly #later: (() => void)[] = [];

  /**
   * Opens a bus.
   *
   * @throws {TypeError} If an option is not valid.
   */
  constructor(options?: EventBusOptions) {
    const action = "open bus";
    const given = optionsOf(options, BUS_OPTIONS, action);
    this.#subscribers = new Subscribers("aether", given, action);
    this.#routes = new Routes(this.#subscribers.meter);
  }

  /** As {@linkcode EventBroadcaster.publish}. */
  publish(
    namespace: string,
    event: E,
    options?: PublishOptions,
  ): Promise<void> {
    try {
      return this.#publish(namespace, event, options);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** As {@linkcode EventBroadcaster.subscribe}. */
  subscribe<Type extends E["eventType"] = E["eventType"]>(
    pattern: string,
    options?: BusSubscribeOptions<E, Type>,
  ): Subscription<EventOfType<E, Type>> {
    const resolved = resolveSubscribe(pattern, options);
    this.#subscribers.throwIfClosed("subscribe");
    return this.#subscribers.add(resolved.options, (mailbox) => ({
      remove: this.#routes.add(mailbox, resolved.filter),
      confirm: () => DONE,
    }));
  }

  /** As {@linkcode EventBroadcaster.metrics}. */
  get metrics(): BusMetrics {
    return this.#subscribers.meter.snapshot();
  }

  /** As {@linkcode EventBroadcaster.close}. */
  close(): Promise<void> {
    this.#subscribers.close();
    return DONE;
  }

  /** As {@linkcode EventBus.close}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #publish(
    namespace: string,
    event: E,
    options: PublishOptions | undefined,
  ): Promise<void> {
    const action = "publish event";
    const { signal, trace: given } = options === undefined
      ? NO_OPTIONS
      : resolvePublish(options, action);
    this.#subscribers.throwIfClosed(action);
    signal?.throwIfAborted();
    const { groups, counters } = this.#routes.to(namespace);
    const sealed = sealEvent(event, action);
    counters.published++;
    if (groups.length === 0) return DONE;
    const { activeSpan, report } = this.#subscribers;
    const trace = given ?? activeTrace(activeSpan, report);
    const delivery: Delivery<E> = Object.freeze(
      trace === undefined
        ? { namespace, event: sealed }
        : { namespace, event: sealed, trace },
    );
    if (this.#sending) {
      return new Promise((resolve) => {
        this.#later.push(() => resolve(this.#send(groups, delivery, signal)));
      });
    }
    this.#sending = true;
    try {
      const sent = this.#send(groups, delivery, signal);
      while (this.#later.length > 0) this.#later.shift()!();
      return sent;
    } finally {
      this.#sending = false;
    }
  }

  #send(
    groups: Route<E>["groups"],
    delivery: Delivery<E>,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    let waits: Promise<void>[] | undefined;
    for (let i = 0; i < groups.length; i++) {
      waits = groups[i]!.send(delivery, signal, waits);
    }
    return waits === undefined ? DONE : Promise.all(waits).then(nothing);
  }
}

const NO_OPTIONS = { signal: undefined, trace: undefined };

function nothing(): void {}
