/**
 * Subscriptions to a JetStream stream.
 *
 * @module
 */

import { offAbort, onAbort } from "../../../internal/aborts.ts";
import {
  actorMatcher,
  decodeActorId,
  encodeActorId,
  encodeActorPattern,
} from "../../../internal/nats/names.ts";
import { show } from "../../../internal/show.ts";
import { formatCheckpoint, parseCheckpoint } from "../../checkpoint.ts";
import { decodeEvent } from "../../../event/event_codec.ts";
import {
  Iteration,
  type Reason,
  reasonOf,
} from "../../../internal/iteration.ts";
import { type Delivery, OrderedConsumer } from "./_ordered_consumer.ts";
import type { ResolvedSubscribe } from "../../read_arguments.ts";
import type { ReadBounds } from "../stream/read_retries.ts";
import { errorOfCall, isTransient } from "../stream/request_errors.ts";
import { replayError } from "../stream/stored_message.ts";
import { endOfBatch } from "../stream/stream_end.ts";
import type { StreamReader, StreamState } from "../stream/stream_reader.ts";
import { backoff, delay } from "../../../internal/waiting.ts";
import { CheckpointError, type CheckpointErrorCode } from "../../errors.ts";
import type { AnyEvent } from "../../../event/event.ts";
import type {
  Checkpoint,
  EventSubscription,
  SubscribedEvent,
} from "../../event_store.ts";
import { StreamReplacedError } from "../errors.ts";

/** How often a stream that ends before a checkpoint is asked again. */
const MAX_CONFIRMATIONS = 6;

/** Which events, from where on, and whether with their traces. */
export interface StreamSubscriptionOptions extends ResolvedSubscribe {
  readonly traces: boolean;
  /** How far the stream was seen before. */
  readonly seen: number;
  /** Hears of each message that is delivered. */
  saw(actorId: string, sequence: number): void;
}

/** The first and the last sequence; the first is one more when all expired. */
type Extent = Pick<StreamState, "first_seq" | "last_seq">;

/** Follows the stream through an ordered consumer. */
export class StreamSubscription<E extends AnyEvent>
  implements EventSubscription<E> {
  readonly #reader: StreamReader;
  readonly #root: string;
  readonly #options: StreamSubscriptionOptions;
  readonly #open: Set<StreamSubscription<E>>;
  readonly #actorMatches: ((actorId: string) => boolean) | undefined;
  readonly #ending = new AbortController();
  readonly #caughtUp = Promise.withResolvers<void>();
  readonly #iteration = new Iteration<SubscribedEvent<E>>();
  #consumer: OrderedConsumer | undefined;
  /** The last sequence delivered or left out; undefined until it is known. */
  #position: number | undefined;
  /** The last sequence that the consumer gave. */
  #taken = 0;
  /** Whether the consumer gives whatever is stored. */
  #seesAll = false;
  /** A delivery behind a gap, while it is looked why there is one. */
  #held: Delivery | undefined;
  /** Up to this sequence gaps are not what has expired. */
  #cleared = 0;
  /** The end of the stream as of the start; undefined until it is known. */
  #target: number | undefined;
  /** The last sequence that the filter at the server lets through, as of then. */
  #lastMatch: number | undefined;
  /** The event to deliver next. */
  #next: SubscribedEvent<E> | undefined;
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
    this.#root = root;
    this.#options = options;
    this.#open = open;
    open.add(this);
    const { actors, after, signal } = options;
    // What expires before it is read must be noticed, which only sequences
    // without gaps tell: then the filter works here instead of at the server.
    this.#actorMatches = actors !== ">" && reader.stream.mayExpire
      ? actorMatcher(actors)
      : undefined;
    this.#caughtUp.promise.catch(() => {}); // nobody has to look at it
    try {
      if (after !== "end") this.#position = this.#sequenceOf(after);
      signal?.throwIfAborted();
    } catch (reason) {
      this.fail(reason);
      return;
    }
    onAbort(signal, this.#abortable);
    this.#start().catch((reason) => this.fail(reason));
  }

  get checkpoint(): Checkpoint | undefined {
    if (this.#position === undefined) {
      const { after } = this.#options;
      return after === "end" ? undefined : after;
    }
    return formatCheckpoint(this.#reader.stream.incarnation, this.#position);
  }

  get caughtUp(): Promise<void> {
    return this.#caughtUp.promise;
  }

  [Symbol.asyncIterator](): AsyncIterator<SubscribedEvent<E>, undefined> {
    return this.#iteration.begin(this.#take, () => this.close());
  }

  async close(): Promise<void> {
    this.#end();
    await this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Ends it; what is iterated next is the reason. */
  fail(reason: unknown): void {
    this.#end({ reason: errorOfCall("go on with the subscription", reason) });
  }

  readonly #abortable = {
    aborted: () => this.#end({ reason: this.#options.signal?.reason }),
  };

  /** Finds out where it begins and where the end is, and begins. */
  async #start(): Promise<void> {
    const { actors, traces } = this.#options;
    const serverFilter = this.#actorMatches ? ">" : encodeActorPattern(actors);
    this.#seesAll = serverFilter === ">";
    const bounds = this.#reader.bounds(this.#ending.signal);
    const { first_seq, last_seq } = this.#position === undefined
      ? await this.#state()
      : await this.#check(this.#position);
    // Where all have expired, the beginning is the end: it can be resumed.
    const isGone = this.#options.after === undefined && first_seq > last_seq;
    if (isGone) this.#position = last_seq;
    const subjects = `${this.#root}.>`;
    const { seen } = this.#options;
    const target = await endOfBatch(this.#reader, subjects, seen, bounds);
    if (this.#iteration.ended) return;
    // Where there is no last message, all up to that sequence have expired.
    this.#position ??= target === 0 ? last_seq : target;
    this.#target = target;
    this.#lastMatch = serverFilter === ">"
      ? target
      : await this.#findLastMatch(`${this.#root}.${serverFilter}`, bounds);
    if (this.#iteration.ended) return;
    this.#taken = this.#position;
    this.#pass(this.#position);
    this.#consumer = new OrderedConsumer(
      this.#reader,
      { filter: `${this.#root}.${serverFilter}`, traces },
      this.#taken,
      async (after) => {
        await this.#check(after);
      },
      this.#wake,
    );
    this.#wake();
  }

  async #findLastMatch(subjects: string, bounds: ReadBounds): Promise<number> {
    const request = { last_by_subj: subjects };
    return (await this.#reader.fromLeader(request, bounds))?.sequence ?? 0;
  }

  /**
   * Makes sure that nothing behind a sequence is missing.
   *
   * @returns Where the stream begins and ends.
   */
  async #check(after: number): Promise<Extent> {
    const bounds = this.#reader.bounds(this.#ending.signal);
    for (let n = 0;; n++) {
      const extent = await this.#state();
      const { first_seq, last_seq } = extent;
      if (after <= last_seq) {
        const anew = this.#options.after === undefined && after === 0;
        if (after + 1 >= first_seq || anew) return extent;
        throw this.#error(
          after,
          "expired",
          `events after it have expired; read what is left from the beginning, or begin at "end"`,
        );
      }
      if (n >= MAX_CONFIRMATIONS) {
        throw this.#error(
          after,
          "beyond-end",
          `it lies beyond the end of the stream, ${last_seq}: the servers lost events; read from the beginning`,
        );
      }
      await delay(8 * backoff(n), bounds.signal); // a leader may lag behind
    }
  }

  async #state(): Promise<Extent> {
    try {
      return await this.#reader.state(
        "subscribe",
        this.#reader.bounds(this.#ending.signal),
      );
    } catch (error) {
      if (!(error instanceof StreamReplacedError)) throw error;
      const { message } = error;
      const text = this.checkpoint ?? "";
      throw new CheckpointError(message, "other-stream", text, {
        cause: error,
      });
    }
  }

  #sequenceOf(after: Checkpoint | undefined): number {
    if (after === undefined) return 0;
    const { incarnation, sequence } = parseCheckpoint(after);
    if (incarnation === this.#reader.stream.incarnation) return sequence;
    throw new CheckpointError(
      `Cannot subscribe: checkpoint ${
        show(after)
      } is of another stream, or of one that was deleted and made again; read this one from the beginning`,
      "other-stream",
      after,
    );
  }

  #error(
    after: number,
    code: CheckpointErrorCode,
    why: string,
  ): CheckpointError {
    const text = formatCheckpoint(this.#reader.stream.incarnation, after);
    return new CheckpointError(
      `Cannot subscribe after checkpoint ${show(text)}: ${why}`,
      code,
      text,
    );
  }

  readonly #wake = (): void => {
    // What the filter leaves out behind an event is passed with it.
    while (this.#advance() && this.#iteration.waits) {
      this.#iteration.give(this.#deliver());
    }
  };

  readonly #take = (): SubscribedEvent<E> | undefined => {
    if (!this.#advance()) return undefined;
    const next = this.#deliver();
    this.#wake();
    return next;
  };

  #deliver(): SubscribedEvent<E> {
    const next = this.#next!;
    this.#next = undefined;
    this.#options.saw(next.event.actorId, next.sequence);
    this.#pass(next.sequence);
    return next;
  }

  /** Goes on to the next event to deliver, if there is one yet. */
  #advance(): boolean {
    if (this.#iteration.ended || this.#advancing) return false;
    if (this.#next !== undefined) return true;
    this.#advancing = true;
    try {
      while (!this.#iteration.ended) {
        if (!this.#options.live && this.#position! >= this.#target!) {
          this.#end();
          return false;
        }
        const delivery = this.#held ?? this.#consumer?.take();
        if (delivery === undefined) return false;
        const { sequence } = delivery;
        // Not by the position: that may rest on a leader that lagged behind.
        if (sequence <= this.#taken) continue;
        if (this.#isBehindGap(delivery)) {
          this.#hold(delivery);
          return false;
        }
        this.#held = undefined;
        this.#taken = sequence;
        if (!this.#options.live && sequence > this.#target!) {
          this.#pass(this.#target!);
          continue;
        }
        this.#next = this.#read(delivery);
        if (this.#next !== undefined) return true;
        this.#pass(sequence);
      }
    } catch (reason) {
      this.fail(reason);
    } finally {
      this.#advancing = false;
    }
    return false;
  }

  #pass(sequence: number): void {
    const target = this.#target!;
    // Behind the last match there is nothing to wait for.
    this.#position = sequence < target && sequence >= this.#lastMatch!
      ? target
      : sequence;
    if (this.#position >= target) this.#caughtUp.resolve();
  }

  /** Whether something lies before a delivery that was not delivered. */
  #isBehindGap({ kind, sequence }: Delivery): boolean {
    const last = kind === "message" ? sequence - 1 : sequence;
    const started = this.#position! > 0 || this.#options.after !== undefined;
    return this.#seesAll && started && last > this.#position! &&
      sequence > this.#cleared;
  }

  /**
   * Looks whether what lies before a delivery has expired, which its owner may
   * have allowed meanwhile: nothing else deletes messages.
   */
  #hold(delivery: Delivery): void {
    if (this.#held !== undefined) return; // it is being looked at
    this.#held = delivery;
    this.#lookBefore(delivery).catch((reason) => this.fail(reason));
  }

  async #lookBefore({ sequence }: Delivery): Promise<void> {
    const { signal } = this.#ending;
    for (let n = 0;; n++) {
      try {
        await this.#check(this.#position!);
        break;
      } catch (error) {
        // What was begun waits for servers as long as it takes.
        if (!isTransient(error)) throw error;
        await this.#reader.mux.watch.connected({ signal });
        await delay(4 * backoff(n), signal);
      }
    }
    this.#cleared = sequence;
    this.#wake();
  }

  /** The event of a delivery, unless the filter leaves it out. */
  #read(delivery: Delivery): SubscribedEvent<E> | undefined {
    if (delivery.kind === "passed") return undefined;
    const { sequence, subject, data, trace } = delivery;
    const { incarnation } = this.#reader.stream;
    const { eventTypes, onReplayError } = this.#options;
    let event: AnyEvent;
    try {
      event = decodeEvent(data);
      if (subject !== `${this.#root}.${encodeActorId(event.actorId)}`) {
        throw new RangeError(`Its subject ${show(subject)} is another actor's`);
      }
    } catch (cause) {
      const error = replayError(
        actorIn(subject.slice(this.#root.length + 1)),
        sequence,
        data,
        cause,
        '; to skip it, return "continue" from onReplayError',
      );
      if (onReplayError?.(error) === "continue") return undefined;
      throw error;
    }
    if (eventTypes !== undefined && !eventTypes.has(event.eventType)) {
      return undefined;
    }
    if (this.#actorMatches?.(event.actorId) === false) return undefined;
    const checkpoint = formatCheckpoint(incarnation, sequence);
    const subscribed = { event: event as unknown as E, sequence, checkpoint };
    return trace === undefined ? subscribed : { ...subscribed, trace };
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

/** The actor id that subject tokens spell, or what stands there instead. */
function actorIn(tokens: string): string {
  try {
    return decodeActorId(tokens);
  } catch {
    return tokens;
  }
}
