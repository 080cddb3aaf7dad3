/**
 * Subscriptions to a JetStream stream.
 *
 * @module
 */

import { offAbort, onAbort } from "../../../internal/aborts.ts";
import { formatCheckpoint } from "../../checkpoint.ts";
import {
  Iteration,
  type Reason,
  reasonOf,
} from "../../../internal/iteration.ts";
import {
  checkContinuation,
  extentOf,
  sequenceOf,
} from "../stream/checkpoint_check.ts";
import { EventReader } from "../stream/event_reader.ts";
import { lastBefore, timeOfNanos } from "../stream/stored_times.ts";
import { type Delivery, OrderedConsumer } from "./_ordered_consumer.ts";
import type { ResolvedSubscribe } from "../../read_arguments.ts";
import { errorOfCall } from "../stream/request_errors.ts";
import { endOfBatch, lastSequenceOf } from "../stream/stream_end.ts";
import type { StreamReader } from "../stream/stream_reader.ts";
import type { AnyEvent } from "../../../event/event.ts";
import type {
  Checkpoint,
  EventSubscription,
  StoredEvent,
} from "../../event_store.ts";

const ACTION = "subscribe";

/** Which events, from where on, and whether with their traces. */
export interface StreamSubscriptionOptions extends ResolvedSubscribe {
  readonly traces: boolean;
  /** The highest sequence of the stream that was seen before. */
  readonly seen: number;
  /** Notes each event that is delivered. */
  noteSeen(actorId: string, sequence: number): void;
}

/** Where a subscription begins, and what catches it up. */
interface Start {
  readonly position: number;
  /** The end of the stream as of the start. */
  readonly target: number;
  /**
   * The last sequence up to there that the filter at the server lets through;
   * `Infinity` until it is known.
   */
  readonly lastMatch: number;
}

/** Follows the stream through an ordered consumer. */
export class StreamSubscription<E extends AnyEvent>
  implements EventSubscription<E> {
  readonly #reader: StreamReader;
  readonly #options: StreamSubscriptionOptions;
  readonly #open: Set<StreamSubscription<E>>;
  readonly #root: string;
  /** The filters at the server. */
  readonly #subjects: readonly string[];
  /** Whether the server gives all messages. */
  readonly #seesAll: boolean;
  readonly #events: EventReader;
  readonly #ending = new AbortController();
  readonly #caughtUp = Promise.withResolvers<void>();
  readonly #iteration = new Iteration<StoredEvent<E>>();
  #consumer: OrderedConsumer | undefined;
  /** The last sequence delivered or left out; undefined until it is known. */
  #position: number | undefined;
  /** Undefined until it is known. */
  #start: Start | undefined;
  /** The event to deliver next. */
  #next: StoredEvent<E> | undefined;
  /** Whether it is on its way there: `onReplayError` may ask for it as well. */
  #advancing = false;
  #closing: Promise<void> | undefined;

  /**
   * @param root What the subjects of the store's events begin with.
   * @param open Where it is kept until it ends.
   */
  constructor(
    reader: StreamReader,
    root: string,
    options: StreamSubscriptionOptions,
    open: Set<StreamSubscription<E>>,
  ) {
    this.#reader = reader;
    this.#options = options;
    this.#open = open;
    open.add(this);
    const { after, filter, onReplayError, signal } = options;
    // Only sequences without gaps show that messages have expired before they
    // were read: then the filter works here instead of at the server.
    const patterns = reader.stream.mayExpire
      ? [">"]
      : filter.actors?.patterns ?? [">"];
    this.#seesAll = patterns[0] === ">";
    this.#root = root;
    this.#subjects = patterns.map((pattern) => `${root}.${pattern}`);
    this.#events = new EventReader(root, filter, onReplayError);
    this.#caughtUp.promise.catch(() => {}); // nobody has to look at it
    try {
      if (after !== "end" && !(after instanceof Date)) {
        const { incarnation } = reader.stream;
        this.#position = sequenceOf(after, incarnation, ACTION);
      }
      signal?.throwIfAborted();
    } catch (reason) {
      this.fail(reason);
      return;
    }
    onAbort(signal, this.#abortable);
    this.#begin().catch((reason) => this.fail(reason));
  }

  get checkpoint(): Checkpoint | undefined {
    if (this.#position === undefined) {
      const { after } = this.#options;
      return typeof after !== "string" || after === "end" ? undefined : after;
    }
    return formatCheckpoint(this.#reader.stream.incarnation, this.#position);
  }

  get sequence(): number {
    return this.#position ?? 0;
  }

  async latestSequence(): Promise<number> {
    const { signal } = this.#ending;
    const extent = await extentOf(
      this.#reader,
      this.#position,
      signal,
      "tell the latest sequence",
    );
    return extent.last_seq;
  }

  get caughtUp(): Promise<void> {
    return this.#caughtUp.promise;
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<StoredEvent<E>, undefined> {
    return this.#iteration.begin(this.#take, () => this.close());
  }

  async close(): Promise<void> {
    this.#end();
    await this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Ends it; the next iteration fails with the reason. */
  fail(reason: unknown): void {
    const { signal } = this.#options;
    this.#end({
      reason: errorOfCall("subscribe", reason, signal),
    });
  }

  readonly #abortable = {
    aborted: () => this.#end({ reason: this.#options.signal?.reason }),
  };

  async #begin(): Promise<void> {
    const start = await this.#findStart();
    if (this.#iteration.ended) return;
    this.#start = start;
    this.#pass(start.position);
    const { after, traces } = this.#options;
    const contiguousAfter = after === undefined ? 1 : 0;
    this.#consumer = new OrderedConsumer(this.#reader, {
      filters: this.#subjects,
      after: start.position,
      traces,
      contiguousAfter: this.#seesAll ? contiguousAfter : undefined,
      check: async (after) => {
        await this.#check(after);
      },
      wake: this.#wake,
    });
    this.#wake();
    if (!this.#seesAll) await this.#findLastMatch(start);
  }

  /** Finds out where it begins and where the stream ends now. */
  async #findStart(): Promise<Start> {
    const { after, seen } = this.#options;
    const allSubjects = `${this.#root}.>`;
    const { signal } = this.#ending;
    const reader = this.#reader;
    const bounds = reader.bounds(signal);
    // All at once: then opening takes three round trips.
    const [extent, target, before] = await Promise.all([
      this.#position === undefined
        ? extentOf(reader, undefined, signal, ACTION)
        : this.#check(this.#position),
      endOfBatch(reader, allSubjects, seen, bounds),
      after instanceof Date
        ? lastBefore(reader, allSubjects, after, true, bounds)
        : undefined,
    ]);
    const { first_seq, last_seq } = extent;
    // Where all have expired, the beginning is the end: it can be resumed.
    const hasNone = after === undefined && first_seq > last_seq;
    // Where there is no last message, all up to that sequence have expired.
    const end = target === 0 ? last_seq : target;
    const position = hasNone ? last_seq : this.#position ?? before ?? end;
    return { position, target, lastMatch: this.#seesAll ? target : Infinity };
  }

  /** Asks only now: no match up to the target may come up after the answer. */
  async #findLastMatch(start: Start): Promise<void> {
    const bounds = this.#reader.bounds(this.#ending.signal);
    const lastMatch = await lastSequenceOf(
      this.#reader,
      this.#subjects,
      bounds,
    );
    this.#start = { ...start, lastMatch };
    this.#pass(this.#position!);
    this.#wake();
  }

  #check(after: number): ReturnType<typeof checkContinuation> {
    const isBeginning = this.#options.after === undefined && after === 0;
    const { signal } = this.#ending;
    return checkContinuation(
      this.#reader,
      after,
      isBeginning,
      signal,
      ACTION,
    );
  }

  readonly #wake = (): void => {
    // What the filter leaves out behind an event is passed with it.
    while (this.#advance() && this.#iteration.waits) {
      this.#iteration.give(this.#deliver());
    }
  };

  readonly #take = (): StoredEvent<E> | undefined => {
    if (!this.#advance()) return undefined;
    const next = this.#deliver();
    this.#wake();
    return next;
  };

  #deliver(): StoredEvent<E> {
    const next = this.#next!;
    this.#next = undefined;
    this.#options.noteSeen(next.event.actorId, next.sequence);
    this.#pass(next.sequence);
    return next;
  }

  /** Goes on to the next event to deliver, if there is one yet. */
  #advance(): boolean {
    if (this.#iteration.ended || this.#advancing) return false;
    if (this.#next !== undefined) return true;
    this.#advancing = true;
    try {
      while (!this.#iteration.ended && this.#start !== undefined) {
        const { target } = this.#start;
        const { live } = this.#options;
        if (!live && this.#position! >= target) {
          this.#end();
          return false;
        }
        const delivery = this.#consumer?.take();
        if (delivery === undefined) return false;
        const { sequence } = delivery;
        if (!live && sequence > target) {
          this.#pass(target);
          continue;
        }
        const event = delivery.kind === "message"
          ? this.#events.read(delivery)
          : undefined;
        if (event !== undefined && delivery.kind === "message") {
          this.#next = this.#withPosition(event, delivery);
          return true;
        }
        this.#pass(sequence);
      }
    } catch (reason) {
      this.fail(reason);
    } finally {
      this.#advancing = false;
    }
    return false;
  }

  #withPosition(
    event: AnyEvent,
    { sequence, time, trace }: Delivery & { readonly kind: "message" },
  ): StoredEvent<E> {
    const { incarnation } = this.#reader.stream;
    const checkpoint = formatCheckpoint(incarnation, sequence);
    const stored = { event: event as unknown as E, sequence, checkpoint };
    const { storedAt } = this.#options;
    if (!storedAt && trace === undefined) return stored;
    return {
      ...stored,
      ...(storedAt && { storedAt: timeOfNanos(time) }),
      ...(trace !== undefined && { trace }),
    };
  }

  #pass(sequence: number): void {
    const { target, lastMatch } = this.#start!;
    // Behind the last match there is nothing to wait for.
    this.#position = sequence < target && sequence >= lastMatch
      ? target
      : sequence;
    if (this.#position >= target) this.#caughtUp.resolve();
  }

  #end(failure?: Reason): void {
    if (this.#iteration.ended) return;
    this.#iteration.end(failure);
    const reason = reasonOf(failure);
    this.#ending.abort(reason);
    offAbort(this.#options.signal, this.#abortable);
    this.#caughtUp.reject(reason);
    this.#closing = this.#consumer?.close();
    this.#open.delete(this);
  }
}
