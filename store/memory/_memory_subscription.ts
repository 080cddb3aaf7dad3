/**
 * Subscriptions to an in-memory log.
 *
 * @module
 */

import { offAbort, onAbort } from "../../internal/aborts.ts";
import { eventTest } from "../../event/filters.ts";
import { formatCheckpoint } from "../checkpoint.ts";
import { Iteration, type Reason, reasonOf } from "../../internal/iteration.ts";
import type { MemoryLog } from "./_event_log.ts";
import { placeAfter, storedEventAt } from "./_stored_events.ts";
import type { ResolvedSubscribe } from "../read_arguments.ts";
import type { AnyEvent } from "../../event/event.ts";
import type {
  Checkpoint,
  EventSubscription,
  StoredEvent,
} from "../event_store.ts";

/** Reads the log by a cursor of its own; nothing is buffered for it. */
export class MemorySubscription<E extends AnyEvent>
  implements EventSubscription<E> {
  readonly #log: MemoryLog<E>;
  /** A checkpoint that it could not begin at. */
  readonly #failedAt: Checkpoint | undefined;
  readonly #matches: ((event: E) => boolean) | undefined;
  readonly #withTime: boolean;
  readonly #live: boolean;
  readonly #signal: AbortSignal | undefined;
  readonly #open: Set<MemorySubscription<E>>;
  /** The end of the log as of the start. */
  readonly #target: number;
  readonly #caughtUp = Promise.withResolvers<void>();
  readonly #iteration = new Iteration<StoredEvent<E>>();
  /** The last sequence delivered or left out. */
  #position = 0;
  /** The sequence of the next event to deliver; 0 when not known. */
  #next = 0;

  /** @param open Where it is kept until it ends. */
  constructor(
    log: MemoryLog<E>,
    { after, filter, live, storedAt, signal }: ResolvedSubscribe,
    open: Set<MemorySubscription<E>>,
  ) {
    this.#log = log;
    this.#live = live;
    this.#signal = signal;
    this.#open = open;
    this.#target = log.lastSequence;
    this.#matches = eventTest(filter);
    this.#withTime = storedAt;
    // Nobody has to look at it.
    this.#caughtUp.promise.catch(() => {});
    try {
      this.#position = after === "end"
        ? log.lastSequence
        : placeAfter(log, after, "subscribe");
    } catch (error) {
      this.#failedAt = after as Checkpoint; // nothing else is refused
      this.fail(error);
      return;
    }
    if (signal?.aborted) {
      this.fail(signal.reason);
      return;
    }
    open.add(this);
    onAbort(signal, this.#abortable);
    this.#advance();
  }

  get checkpoint(): Checkpoint | undefined {
    return this.#failedAt ??
      formatCheckpoint(this.#log.incarnation, this.sequence);
  }

  get sequence(): number {
    this.#advance();
    return this.#next === 0 ? this.#position : this.#next - 1;
  }

  latestSequence(): Promise<number> {
    return Promise.resolve(this.#log.lastSequence);
  }

  get caughtUp(): Promise<void> {
    return this.#caughtUp.promise;
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<StoredEvent<E>, undefined> {
    return this.#iteration.begin(this.#take, () => this.close());
  }

  close(): Promise<void> {
    this.#end();
    return Promise.resolve();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Ends it; what is iterated next is the reason. */
  fail(reason: unknown): void {
    this.#end({ reason });
  }

  readonly #abortable = { aborted: () => this.fail(this.#signal?.reason) };

  readonly #wake = (): void => {
    // What the filter leaves out behind an event is passed with it.
    while (this.#advance() && this.#iteration.waits) {
      this.#iteration.give(this.#deliver());
    }
    if (this.#iteration.waits) this.#log.wait(this.#wake);
  };

  readonly #take = (): StoredEvent<E> | undefined => {
    if (!this.#advance()) {
      if (!this.#iteration.ended) this.#log.wait(this.#wake);
      return undefined;
    }
    const next = this.#deliver();
    this.#advance();
    return next;
  };

  #deliver(): StoredEvent<E> {
    const sequence = this.#position = this.#next;
    this.#next = 0;
    return storedEventAt(this.#log, sequence, this.#withTime);
  }

  /** Goes on to the next event to deliver, if there is one yet. */
  #advance(): boolean {
    if (this.#iteration.ended) return false;
    if (this.#next !== 0) return true;
    const end = this.#live ? this.#log.lastSequence : this.#target;
    let sequence = this.#position + 1;
    const matches = this.#matches;
    if (matches !== undefined) {
      while (sequence <= end && !matches(this.#log.at(sequence))) sequence++;
    }
    this.#position = sequence - 1;
    if (sequence > this.#target) this.#caughtUp.resolve();
    if (sequence <= end) {
      this.#next = sequence;
      return true;
    }
    if (!this.#live) this.#end();
    return false;
  }

  #end(failure?: Reason): void {
    if (this.#iteration.ended) return;
    this.#iteration.end(failure);
    offAbort(this.#signal, this.#abortable);
    this.#log.unwait(this.#wake);
    this.#caughtUp.reject(reasonOf(failure));
    this.#open.delete(this);
  }
}
