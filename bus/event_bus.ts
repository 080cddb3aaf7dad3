/**
 * An event bus within one process.
 *
 * @module
 */

import { activeTrace, optionsOf, sealEvent } from "../store/internal.ts";
import type { AnyEvent, Event } from "../store/event.ts";
import type { ActiveSpan } from "../store/telemetry.ts";
import {
  type BusOptions,
  resolveBusOptions,
  resolvePublish,
  resolveSubscribe,
} from "./_arguments.ts";
import { BusMeter } from "./_bus_meter.ts";
import { type Report, reportTo } from "./_callbacks.ts";
import { Mailbox } from "./_mailbox.ts";
import { Routes } from "./_routes.ts";
import { BusClosedError } from "./errors.ts";
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
  readonly #activeSpan: ActiveSpan | undefined;
  readonly #report: Report;
  readonly #meter: BusMeter;
  readonly #routes: Routes<E>;
  readonly #open = new Set<Mailbox<E>>();
  /** How many subscriptions have ended and are still read. */
  #draining = 0;
  #closed = false;

  /**
   * Opens a bus.
   *
   * @throws {TypeError} If an option is not valid.
   */
  constructor(options?: EventBusOptions) {
    const action = "open bus";
    const { activeSpan, meter, onError } = resolveBusOptions(
      optionsOf(options, action),
      action,
    );
    this.#activeSpan = activeSpan;
    this.#report = reportTo(onError);
    this.#meter = new BusMeter("aether", meter);
    this.#routes = new Routes(this.#meter);
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
  subscribe(
    pattern: string,
    options?: BusSubscribeOptions<E>,
  ): Subscription<E> {
    const resolved = resolveSubscribe(pattern, options);
    if (this.#closed) throw new BusClosedError("subscribe");
    const mailbox: Mailbox<E> = new Mailbox(resolved.options, {
      meter: this.#meter,
      report: this.#report,
      confirm: () => DONE,
      end: () => {
        remove();
        this.#open.delete(mailbox);
        this.#draining++;
      },
      drained: () => {
        this.#draining--;
        this.#checkDone();
      },
    });
    const remove = this.#routes.add(mailbox, resolved.filter);
    this.#open.add(mailbox);
    mailbox.begin();
    return mailbox;
  }

  /** As {@linkcode EventBroadcaster.metrics}. */
  get metrics(): BusMetrics {
    return this.#meter.snapshot();
  }

  /** As {@linkcode EventBroadcaster.close}. */
  close(): Promise<void> {
    if (!this.#closed) {
      this.#closed = true;
      const refusal = { reason: new BusClosedError("publish event") };
      for (const mailbox of [...this.#open]) mailbox.finish(undefined, refusal);
      this.#checkDone();
    }
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
    if (this.#closed) throw new BusClosedError(action);
    signal?.throwIfAborted();
    const { groups, counters } = this.#routes.to(namespace);
    const sealed = sealEvent(event, action);
    counters.published++;
    if (groups.length === 0) return DONE;
    const trace = given ?? activeTrace(this.#activeSpan, this.#report);
    const delivery: Delivery<E> = Object.freeze(
      trace === undefined
        ? { namespace, event: sealed }
        : { namespace, event: sealed, trace },
    );
    const waits: Promise<void>[] = [];
    for (let i = 0; i < groups.length; i++) {
      groups[i]!.send(delivery, signal, waits);
    }
    return waits.length === 0 ? DONE : Promise.all(waits).then(nothing);
  }

  #checkDone(): void {
    const done = this.#closed && this.#open.size === 0 && this.#draining === 0;
    if (done) this.#meter.close();
  }
}

const NO_OPTIONS = { signal: undefined, trace: undefined };

function nothing(): void {}
