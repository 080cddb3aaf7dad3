/**
 * The messages of a stream in order, each once, whatever happens to the
 * connection, the servers and the consumer itself.
 *
 * @module
 */

import type { Msg } from "@nats-io/nats-core";
import { isApiError } from "../../../internal/nats/js_api.ts";
import type { Multiplexer } from "../../../internal/nats/multiplexer.ts";
import { ConsumerLimit } from "./_consumer_limit.ts";
import { OwnConsumers } from "./_own_consumers.ts";
import { PullBudget } from "./_pull_budget.ts";
import { PULL_SIZE, PullSession, type SessionOwner } from "./_pull_session.ts";
import { isTransient } from "../stream/request_errors.ts";
import type { StreamReader } from "../stream/stream_reader.ts";
import { traceOfMessage } from "../../../internal/telemetry/trace.ts";
import { backoff, delay } from "../../../internal/waiting.ts";
import type { TraceContext } from "../../../internal/telemetry/types.ts";

/** With more messages waiting to be taken no more are asked for. */
const MAX_WAITING_MESSAGES = PULL_SIZE;

/** Their bytes at most, likewise. */
const MAX_WAITING_BYTES = 4 * 1024 * 1024;

/** How long one attempt waits for the connection. */
const CONNECTION_TIMEOUT_MS = 30_000;

/** A message, or word that nothing else lies up to a sequence. */
export type Delivery =
  | {
    readonly kind: "message";
    readonly sequence: number;
    readonly subject: string;
    readonly data: Uint8Array;
    /** When it was stored, in nanoseconds since the epoch. */
    readonly time: string;
    /** Undefined also where traces are not read. */
    readonly trace: TraceContext | undefined;
  }
  | { readonly kind: "passed"; readonly sequence: number };

/** Which messages to consume. */
export interface ConsumerOptions {
  /** Subjects, or patterns; none overlaps another. */
  readonly filters: readonly string[];
  /** The sequence behind which it begins: checked just now. */
  readonly after: number;
  /** Whether to read traces: other headers are ignored. */
  readonly traces: boolean;
  /**
   * Whether sequences that are left out behind this one mean that messages
   * are gone; undefined if they need not.
   */
  readonly contiguousAfter: number | undefined;
  /** Checks, before a consumer is replaced, that the next misses nothing. */
  check(after: number): Promise<void>;
  /** Called whenever there may be something to take. */
  wake(): void;
}

/**
 * Reads through a consumer at the server, and replaces it behind the last
 * message received whenever one is missing.
 */
export class OrderedConsumer implements SessionOwner {
  readonly #mux: Multiplexer;
  readonly #reader: StreamReader;
  readonly #options: ConsumerOptions;
  readonly #abort = new AbortController();
  readonly #stopListening: () => void;
  readonly #budget: PullBudget;
  readonly #consumers: OwnConsumers;
  readonly #leaveBudget: () => void;
  #queue: Delivery[] = [];
  /** Where in the queue the next delivery to take lies. */
  #head = 0;
  /** Bytes of what waits to be taken. */
  #waitingBytes = 0;
  /** The last sequence received: the next consumer begins behind it. */
  #received: number;
  /** Whether it was checked just now that the next consumer misses nothing. */
  #isChecked = true;
  /** The message behind a gap that has been checked. */
  #checkedGap = 0;
  #session: PullSession | undefined;
  #renewing: Promise<void> | undefined;
  #failure: { readonly error: unknown } | undefined;

  constructor(reader: StreamReader, options: ConsumerOptions) {
    this.#mux = reader.mux;
    this.#reader = reader;
    this.#options = options;
    this.#received = options.after;
    this.#budget = PullBudget.of(reader.mux.watch.nc);
    this.#consumers = new OwnConsumers(reader.mux, reader.stream.name);
    this.#leaveBudget = this.#budget.join();
    this.#stopListening = this.#mux.watch.listen({
      up: () => this.lost(),
      over: () => this.lost(),
      denied: (error) => {
        const { operation, subject } = error;
        if (operation !== "publish") return;
        if (subject === this.#session?.pullSubject) this.failed(error);
      },
    });
    this.lost();
  }

  /** The next delivery, if there is one; throws the error that ended it. */
  take(): Delivery | undefined {
    if (this.#head < this.#queue.length) {
      const delivery = this.#queue[this.#head++]!;
      this.#waitingBytes -= sizeOf(delivery);
      if (this.#head >= PULL_SIZE) {
        this.#queue = this.#queue.slice(this.#head);
        this.#head = 0;
      }
      this.#session?.pull();
      return delivery;
    }
    if (this.#failure) throw this.#failure.error;
    return undefined;
  }

  /** Ends it and leaves nothing behind. */
  async close(): Promise<void> {
    if (this.#abort.signal.aborted) return;
    this.#abort.abort(
      new DOMException("The subscription was closed", "AbortError"),
    );
    this.#stopListening();
    if (this.#failure === undefined) this.#leaveBudget();
    await Promise.all([this.#renewing, this.#endSession()]);
  }

  received(sequence: number, time: string, msg: Msg): void {
    if (this.#isBehindGap(sequence, sequence - 1)) return;
    this.#received = sequence;
    const { subject, data } = msg;
    const trace = this.#options.traces ? traceOfMessage(msg) : undefined;
    this.#waitingBytes += data.length;
    this.#queue.push({ kind: "message", sequence, time, subject, data, trace });
    this.#options.wake();
  }

  passed(sequence: number): void {
    if (sequence <= this.#received) return;
    if (this.#isBehindGap(sequence, sequence)) return;
    this.#received = sequence;
    this.#queue.push({ kind: "passed", sequence });
    this.#options.wake();
  }

  hasRoom(): boolean {
    return this.#queue.length - this.#head <= MAX_WAITING_MESSAGES &&
      this.#waitingBytes <= MAX_WAITING_BYTES;
  }

  /** Replaces the consumer. */
  lost(): void {
    if (this.#abort.signal.aborted || this.#failure) return;
    this.#endSession();
    // A second cause while it is being replaced: once more, after that.
    const before = this.#renewing ?? Promise.resolve();
    const renewing = before.then(() => this.#open()).catch((error) =>
      this.failed(error)
    ).finally(() => {
      if (this.#renewing === renewing) this.#renewing = undefined;
    });
    this.#renewing = renewing;
  }

  failed(error: unknown): void {
    if (this.#failure || this.#abort.signal.aborted) return;
    this.#failure = { error };
    this.#leaveBudget();
    this.#endSession();
    this.#options.wake();
  }

  /**
   * Whether messages up to a sequence (inclusive) were left out before a
   * delivery. Only expiry deletes messages, which its owner may have allowed
   * meanwhile: another consumer is checked for it before it begins.
   */
  #isBehindGap(sequence: number, upTo: number): boolean {
    const { contiguousAfter = Infinity } = this.#options;
    const received = this.#received;
    if (received < contiguousAfter || upTo <= received) return false;
    if (sequence === this.#checkedGap) return false;
    this.#checkedGap = sequence;
    this.lost();
    return true;
  }

  async #open(): Promise<void> {
    const { signal } = this.#abort;
    const isWanted = () =>
      !signal.aborted && !this.#failure && this.#session === undefined;
    const limit = new ConsumerLimit();
    for (let n = 0; isWanted(); n++) {
      try {
        const timeout = CONNECTION_TIMEOUT_MS;
        await this.#mux.watch.connected({ timeout, signal });
        if (!this.#isChecked) await this.#options.check(this.#received);
        this.#isChecked = false;
        await this.#consumers.deleteLeft();
        this.#session = await PullSession.open(this.#mux, {
          stream: this.#reader.stream.name,
          filters: this.#options.filters,
          after: this.#received,
          budget: this.#budget,
          consumers: this.#consumers,
          signal,
        }, this);
        if (signal.aborted) return await this.#endSession();
        this.#session.pull();
      } catch (error) {
        this.#endSession();
        if (signal.aborted) return;
        if (!limit.passes(error)) {
          if (!isTransient(error) && !isApiError(error)) throw error;
          if (isApiError(error) && error.status < 500) throw error;
        }
        await delay(4 * backoff(n), signal).catch(() => {});
      }
    }
  }

  async #endSession(): Promise<void> {
    const session = this.#session;
    this.#session = undefined;
    await session?.close();
  }
}

function sizeOf(delivery: Delivery): number {
  return delivery.kind === "message" ? delivery.data.length : 0;
}
