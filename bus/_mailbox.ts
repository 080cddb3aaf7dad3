/**
 * Subscriptions: the bounded buffer of one subscriber.
 *
 * @module
 */

import { offAbort, onAbort } from "../internal/aborts.ts";
import type { Counters } from "../internal/telemetry/counters.ts";
import { Ring } from "../internal/ring_buffer.ts";
import { Iteration, type Reason, reasonOf } from "../internal/iteration.ts";
import type { AnyEvent } from "../event/event.ts";
import type { BusMeter } from "./_bus_meter.ts";
import { call, type Report } from "../internal/callbacks.ts";
import { SlowSubscriberError } from "./errors.ts";
import type {
  BusSubscribeOptions,
  Delivery,
  Gap,
  Overflow,
  Subscription,
} from "./event_broadcaster.ts";
import type { BusCounters } from "./metrics.ts";

/** A publish that waits for room. */
interface Sender<E extends AnyEvent> {
  readonly delivery: Delivery<E>;
  resolve(): void;
  reject(reason: unknown): void;
}

/** The options of a subscription, checked. */
export interface MailboxOptions<E extends AnyEvent> {
  readonly pattern: string;
  readonly buffer: number;
  readonly overflow: Overflow;
  readonly onDrop: ((event: E, namespace: string) => void) | undefined;
  readonly onGap: BusSubscribeOptions<E>["onGap"];
  readonly signal: AbortSignal | undefined;
}

/** The bus, as its subscriptions see it. */
export interface MailboxHost {
  readonly meter: BusMeter;
  readonly report: Report;
  /** Stops sending to the mailbox; called once. */
  end(): void;
  /** Hears that nothing is left to read; called once, not before `end`. */
  drained(): void;
  /** Resolves when the subscription is in place. */
  confirm(): Promise<void>;
}

/** One subscriber's events. */
export class Mailbox<E extends AnyEvent> implements Subscription<E> {
  readonly #options: MailboxOptions<E>;
  readonly #host: MailboxHost;
  readonly #ring = new Ring<Delivery<E>>();
  readonly #iteration = new Iteration<Delivery<E>>();
  readonly #senders = new Set<Sender<E>>();
  readonly #confirmed = Promise.withResolvers<void>();
  #delivered = 0;
  #dropped = 0;
  #gaps = 0;
  /** The counters of the namespace that was delivered last. */
  #counters: Counters<keyof BusCounters> | undefined;
  #namespace: string | undefined;
  #asked = false;
  #drained = false;

  constructor(options: MailboxOptions<E>, host: MailboxHost) {
    this.#options = options;
    this.#host = host;
    // A rejection that nobody handles is harmless.
    this.#confirmed.promise.catch(() => {});
  }

  get delivered(): number {
    return this.#delivered;
  }

  get dropped(): number {
    return this.#dropped;
  }

  get pending(): number {
    return this.#ring.size;
  }

  get gaps(): number {
    return this.#gaps;
  }

  get ready(): Promise<void> {
    const { promise, resolve, reject } = this.#confirmed;
    if (!this.#asked) {
      this.#asked = true;
      if (!this.#iteration.ended) this.#host.confirm().then(resolve, reject);
    }
    return promise;
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<Delivery<E>, undefined> {
    return this.#iteration.begin(this.#take, () => this.close());
  }

  close(): Promise<void> {
    this.#leave(undefined);
    return Promise.resolve();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Begins to listen to the signal, which may be aborted already. */
  begin(): void {
    const { signal } = this.#options;
    if (signal?.aborted) this.#abortable.aborted();
    else onAbort(signal, this.#abortable);
  }

  /**
   * Takes an event, or handles it as `overflow` says when there is no room.
   *
   * @returns A promise of room, if the publisher has to wait.
   */
  offer(
    delivery: Delivery<E>,
    signal: AbortSignal | undefined,
  ): Promise<void> | undefined {
    if (this.#iteration.ended) return undefined;
    if (this.#iteration.give(delivery)) {
      this.#count(delivery.namespace);
    } else if (this.#ring.size < this.#options.buffer) {
      this.#ring.push(delivery);
    } else {
      return this.#overflow(delivery, signal);
    }
    return undefined;
  }

  /** Counts and reports a gap. */
  gap(gap: Gap): void {
    if (this.#iteration.ended) return;
    this.#gaps++;
    this.#host.meter.of(this.#options.pattern).gaps++;
    call(this.#host.report, this.#options.onGap, gap);
  }

  /**
   * Ends once the pending events have been read.
   *
   * @param failure Why the iteration fails; without one it just ends.
   * @param refusal Why publishes that wait for room fail; without one they
   * resolve.
   */
  finish(failure?: Reason, refusal?: Reason): void {
    if (this.#iteration.ended) return;
    this.#iteration.end(failure);
    this.#confirmed.reject(reasonOf(failure));
    this.#host.end();
    for (const sender of this.#senders) {
      if (refusal === undefined) sender.resolve();
      else sender.reject(refusal.reason);
    }
    this.#senders.clear();
    this.#checkDrained();
  }

  /** Ends now and discards the pending events. */
  #leave(failure: Reason | undefined): void {
    this.#ring.clear();
    if (this.#iteration.ended) {
      this.#iteration.end(failure);
      this.#checkDrained();
    } else this.finish(failure);
  }

  readonly #abortable = {
    aborted: () => this.#leave({ reason: this.#options.signal?.reason }),
  };

  readonly #take = (): Delivery<E> | undefined => {
    const delivery = this.#ring.shift();
    if (delivery === undefined) return undefined;
    this.#count(delivery.namespace);
    if (this.#senders.size > 0) this.#admit();
    if (this.#iteration.ended) this.#checkDrained();
    return delivery;
  };

  #count(namespace: string): void {
    this.#delivered++;
    if (namespace !== this.#namespace) {
      this.#namespace = namespace;
      this.#counters = this.#host.meter.of(namespace);
    }
    this.#counters!.delivered++;
  }

  #checkDrained(): void {
    if (this.#drained || this.#ring.size > 0) return;
    this.#drained = true;
    offAbort(this.#options.signal, this.#abortable);
    this.#host.drained();
  }

  #overflow(
    delivery: Delivery<E>,
    signal: AbortSignal | undefined,
  ): Promise<void> | undefined {
    const { overflow, pattern, buffer } = this.#options;
    switch (overflow) {
      case "drop-newest":
        this.#drop(delivery);
        break;
      case "drop-oldest": {
        const oldest = this.#ring.shift()!;
        this.#ring.push(delivery);
        this.#drop(oldest);
        break;
      }
      case "error":
        this.finish({ reason: new SlowSubscriberError(pattern, buffer) });
        this.#drop(delivery);
        break;
      case "block":
        return this.#wait(delivery, signal);
    }
    return undefined;
  }

  #drop({ event, namespace }: Delivery<E>): void {
    this.#dropped++;
    this.#host.meter.of(namespace).dropped++;
    call(this.#host.report, this.#options.onDrop, event, namespace);
  }

  /** Queues the publisher behind those that already wait. */
  #wait(
    delivery: Delivery<E>,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    return new Promise((resolve, reject) => {
      const stop = () => offAbort(signal, abortable);
      const sender: Sender<E> = {
        delivery,
        resolve: () => {
          stop();
          resolve();
        },
        reject: (reason) => {
          stop();
          reject(reason);
        },
      };
      const abortable = {
        aborted: () => {
          this.#senders.delete(sender);
          sender.reject(signal!.reason);
          this.#drop(delivery);
        },
      };
      // Another subscription's `onDrop` may have aborted it since the call.
      if (signal?.aborted) return abortable.aborted();
      this.#senders.add(sender);
      onAbort(signal, abortable);
    });
  }

  /** Admits the publisher that has waited longest. */
  #admit(): void {
    for (const sender of this.#senders) {
      this.#senders.delete(sender);
      this.#ring.push(sender.delivery);
      return sender.resolve();
    }
  }
}
