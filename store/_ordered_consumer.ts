/**
 * The messages of a stream in order, each once, across whatever happens to
 * the connection, the servers and the consumer itself.
 *
 * @module
 */

import type { Msg, Subscription } from "@nats-io/nats-core";
import { API_PREFIX, apiRequest, isApiError } from "../nats/js_api.ts";
import type { Multiplexer } from "../nats/multiplexer.ts";
import { isTransient } from "./_request_errors.ts";
import type { StreamReader } from "./_stream_reader.ts";
import { traceOfMessage } from "./_trace.ts";
import { backoff, delay } from "./_waiting.ts";
import type { TraceContext } from "./telemetry.ts";

/** At most this many messages a pull. */
const PULL_SIZE = 500;

/** Pulls under way at most, so that the server never waits for the next. */
const PULLS = 2;

/** Messages that wait to be taken at most before no more are asked for. */
const ENOUGH = PULL_SIZE;

/**
 * At most this many bytes a pull, or one message if that is larger, where
 * messages are large. Counting them halves what the server delivers, so that
 * small messages are only counted by number.
 */
const PULL_BYTES = 8 * 1024 * 1024;

/** What is large, on average, in bytes. */
const LARGE = 4 * 1024;

/** How long a pull waits for messages, in milliseconds. */
const PULL_EXPIRES = 30_000;

/** How often the server says that it still serves a pull, in milliseconds. */
const HEARTBEAT = 2_000;

/** How long the silence of the server is taken for a lost pull, in ms. */
const SILENCE = 2.5 * HEARTBEAT;

/** How long the server keeps a consumer nobody pulls from, in milliseconds. */
const INACTIVE_THRESHOLD = 30_000;

const API_TIMEOUT = 5_000;

/**
 * How long it is waited for a consumer to be deleted, in milliseconds: who
 * leaves need not know, and the server drops it by itself before long.
 */
const FAREWELL = 500;

const nanos = (ms: number) => ms * 1_000_000;

/** A message, or word that everything up to a sequence has been passed. */
export type Delivery =
  | {
    readonly kind: "message";
    readonly sequence: number;
    readonly subject: string;
    readonly data: Uint8Array;
    /** Undefined also where it was not asked for. */
    readonly trace: TraceContext | undefined;
  }
  | { readonly kind: "passed"; readonly sequence: number };

/** What is consumed. */
export interface Consumed {
  /** A subject, or a pattern. */
  readonly filter: string;
  /** Whether traces are read: other headers of a message are not looked at. */
  readonly traces: boolean;
}

/** Where a consumer goes on, checked against the stream as it is now. */
export type CheckPosition = (after: number) => Promise<void>;

/**
 * Pulls messages through a consumer of its own, and makes it anew behind the
 * last message received whenever one is missing.
 */
export class OrderedConsumer {
  readonly #mux: Multiplexer;
  readonly #reader: StreamReader;
  readonly #consumed: Consumed;
  readonly #check: CheckPosition;
  readonly #wake: () => void;
  readonly #abort = new AbortController();
  readonly #stopListening: () => void;
  #queue: Delivery[] = [];
  #head = 0;
  #received: number;
  #delivered = 0;
  #name = "";
  #inbox = "";
  #subscription: Subscription | undefined;
  /** The pulls under way, in order, and how many messages each still owes. */
  #pulls: { readonly reply: string; owed: number }[] = [];
  #pulled = 0;
  /** A moving average of the bytes of a message; large until it is known. */
  #averageSize = LARGE;
  #heard = 0;
  #watchdog: ReturnType<typeof setTimeout> | undefined;
  #renewing: Promise<void> | undefined;
  #failure: { readonly error: unknown } | undefined;

  /**
   * @param after The sequence behind which it begins.
   * @param check Called before a consumer is made; its error ends it all.
   * @param wake Called whenever there may be something to take.
   */
  constructor(
    reader: StreamReader,
    consumed: Consumed,
    after: number,
    check: CheckPosition,
    wake: () => void,
  ) {
    this.#mux = reader.mux;
    this.#reader = reader;
    this.#consumed = consumed;
    this.#received = after;
    this.#check = check;
    this.#wake = wake;
    this.#stopListening = this.#mux.watch.listen({
      up: () => this.#renew(),
      over: () => this.#renew(),
      denied: (error) => {
        const { operation, subject } = error;
        if (operation !== "publish") return;
        if (subject === this.#pullSubject) this.#fail(error);
      },
    });
    this.#renew();
  }

  /** The next delivery, if there is one; throws what ended it. */
  take(): Delivery | undefined {
    if (this.#head < this.#queue.length) {
      const delivery = this.#queue[this.#head++];
      if (this.#head >= PULL_SIZE) {
        this.#queue = this.#queue.slice(this.#head);
        this.#head = 0;
      }
      this.#pull();
      return delivery;
    }
    if (this.#failure) throw this.#failure.error;
    return undefined;
  }

  /** Ends it and leaves nothing behind. */
  async close(): Promise<void> {
    if (this.#abort.signal.aborted) return;
    const name = this.#name;
    this.#abort.abort(
      new DOMException("The subscription was closed", "AbortError"),
    );
    this.#stopListening();
    this.#dropConsumer();
    await Promise.all([
      this.#renewing,
      name === "" ? undefined : this.#delete(name),
    ]);
  }

  async #delete(name: string): Promise<void> {
    await apiRequest(
      this.#mux,
      `CONSUMER.DELETE.${this.#reader.stream.name}.${name}`,
      undefined,
      { timeout: FAREWELL },
    ).catch(() => {});
  }

  #fail(error: unknown): void {
    if (this.#failure || this.#abort.signal.aborted) return;
    this.#failure = { error };
    this.#dropConsumer();
    this.#wake();
  }

  /** Makes the consumer anew, behind what was received. */
  #renew(): void {
    if (this.#abort.signal.aborted || this.#failure) return;
    this.#dropConsumer();
    // A second cause while it is being made: made again, once.
    const before = this.#renewing ?? Promise.resolve();
    const renewing = before.then(() => this.#create()).catch((error) =>
      this.#fail(error)
    ).finally(() => {
      if (this.#renewing === renewing) this.#renewing = undefined;
    });
    this.#renewing = renewing;
  }

  async #create(): Promise<void> {
    const { signal } = this.#abort;
    for (
      let n = 0;
      !signal.aborted && !this.#failure && this.#name === "";
      n++
    ) {
      try {
        await this.#mux.watch.connected({ timeout: PULL_EXPIRES, signal });
        await this.#check(this.#received);
        await this.#open();
        this.#pull();
        return;
      } catch (error) {
        this.#dropConsumer();
        if (signal.aborted) return;
        if (!isTransient(error) && !isApiError(error)) throw error;
        if (isApiError(error) && error.status < 500) throw error;
        await delay(4 * backoff(n), signal).catch(() => {});
      }
    }
  }

  async #open(): Promise<void> {
    const { name: stream } = this.#reader.stream;
    const { signal } = this.#abort;
    const name = `aether-${crypto.randomUUID()}`;
    const inbox = this.#mux.createInbox();
    const config = {
      name,
      deliver_policy: "by_start_sequence",
      opt_start_seq: this.#received + 1,
      filter_subject: this.#consumed.filter,
      ack_policy: "none",
      replay_policy: "instant",
      mem_storage: true,
      num_replicas: 1,
      inactive_threshold: nanos(INACTIVE_THRESHOLD),
    };
    try {
      await apiRequest(
        this.#mux,
        `CONSUMER.CREATE.${stream}.${name}.${this.#consumed.filter}`,
        { stream_name: stream, action: "create", config },
        { timeout: API_TIMEOUT, signal },
      );
      signal.throwIfAborted();
    } catch (error) {
      // It may have been made all the same.
      if (signal.aborted) await this.#delete(name);
      throw error;
    }
    this.#name = name;
    this.#inbox = inbox;
    this.#delivered = 0;
    this.#subscription = this.#mux.subscribe(`${inbox}.*`, (error, msg) => {
      if (error) this.#fail(error);
      else if (name === this.#name) this.#receive(msg);
    });
  }

  #dropConsumer(): void {
    clearTimeout(this.#watchdog);
    this.#watchdog = undefined;
    if (!this.#mux.watch.nc.isClosed()) this.#subscription?.unsubscribe();
    this.#subscription = undefined;
    this.#name = "";
    this.#pulls = [];
  }

  get #pullSubject(): string {
    return `${API_PREFIX}.CONSUMER.MSG.NEXT.${this.#reader.stream.name}.${this.#name}`;
  }

  /** Asks for more, unless enough is asked for or waits to be taken. */
  #pull(): void {
    if (this.#name === "") return;
    const waiting = this.#queue.length - this.#head;
    while (this.#pulls.length < PULLS && waiting <= ENOUGH) {
      const reply = `${this.#inbox}.${this.#pulled++}`;
      this.#pulls.push({ reply, owed: PULL_SIZE });
      try {
        this.#mux.publish(this.#pullSubject, this.#pullRequest, { reply });
      } catch (error) {
        // A dropped connection makes it anew when it is back.
        if (!isTransient(error)) this.#fail(error);
        return;
      }
      this.#heard = performance.now();
    }
    this.#watchdog ??= setTimeout(this.#watch, SILENCE);
  }

  get #pullRequest(): string {
    const bound = { max_bytes: Math.max(PULL_BYTES, 2 * this.#mux.maxPayload) };
    return JSON.stringify({
      batch: PULL_SIZE,
      expires: nanos(PULL_EXPIRES),
      idle_heartbeat: nanos(HEARTBEAT),
      ...(this.#averageSize < LARGE ? {} : bound),
    });
  }

  readonly #watch = (): void => {
    this.#watchdog = undefined;
    if (this.#pulls.length === 0) return;
    const silence = performance.now() - this.#heard;
    if (silence >= SILENCE) this.#renew();
    else this.#watchdog = setTimeout(this.#watch, SILENCE - silence);
  };

  #receive(msg: Msg): void {
    this.#heard = performance.now();
    if (msg.reply?.startsWith("$JS.ACK.")) return this.#accept(msg);
    const code = msg.headers?.code;
    if (code === 100) {
      const number = (name: string) => Number(msg.headers!.get(name));
      this.#passed(number("Nats-Last-Consumer"), number("Nats-Last-Stream"));
      return;
    }
    // The pull's time or bytes were up; everything else ends the consumer.
    const ended = code === 404 || code === 408 ||
      (code === 409 && msg.headers!.description.includes("MaxBytes"));
    if (!ended) return this.#renew();
    this.#pulls = this.#pulls.filter(({ reply }) => reply !== msg.subject);
    this.#pull();
  }

  #accept(msg: Msg): void {
    // ...<deliveries>.<stream sequence>.<consumer sequence>.<time>.<pending>
    const tokens = msg.reply!.split(".");
    const from = tokens.length === 9 ? 4 : 6;
    const sequence = Number(tokens[from + 1]);
    if (Number(tokens[from + 2]) !== this.#delivered + 1) return this.#renew();
    this.#delivered++;
    this.#received = sequence;
    const [pull] = this.#pulls;
    if (pull !== undefined && --pull.owed === 0) this.#pulls.shift();
    const { subject, data } = msg;
    this.#averageSize += (data.length - this.#averageSize) / 16;
    const trace = this.#consumed.traces ? traceOfMessage(msg) : undefined;
    this.#queue.push({ kind: "message", sequence, subject, data, trace });
    this.#wake();
    if (this.#pulls.length < PULLS) this.#pull();
  }

  /** The server has looked at everything up to a sequence. */
  #passed(consumerSequence: number, streamSequence: number): void {
    if (consumerSequence > this.#delivered) return this.#renew(); // one is missing
    if (consumerSequence < this.#delivered) return; // old news
    if (streamSequence <= this.#received) return;
    this.#received = streamSequence;
    this.#queue.push({ kind: "passed", sequence: streamSequence });
    this.#wake();
  }
}
