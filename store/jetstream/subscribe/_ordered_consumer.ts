/**
 * The messages of a stream in order, each once, across whatever happens to
 * the connection, the servers and the consumer itself.
 *
 * @module
 */

import type { Msg, Subscription } from "@nats-io/nats-core";
import {
  API_PREFIX,
  apiRequest,
  isApiError,
} from "../../../internal/nats/js_api.ts";
import type { Multiplexer } from "../../../internal/nats/multiplexer.ts";
import { PullBudget } from "./_pull_budget.ts";
import { isTransient } from "../stream/request_errors.ts";
import type { StreamReader } from "../stream/stream_reader.ts";
import { traceOfMessage } from "../../../internal/telemetry/trace.ts";
import { backoff, delay } from "../../../internal/waiting.ts";
import type { TraceContext } from "../../../internal/telemetry/types.ts";

/** At most this many messages a pull. */
const PULL_SIZE = 500;

/** Pulls under way at most, so that the server never waits for the next. */
const PULLS = 2;

/** Messages that wait to be taken at most before no more are asked for. */
const ENOUGH = PULL_SIZE;

/** Their bytes at most, likewise. */
const ENOUGH_BYTES = 4 * 1024 * 1024;

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

/** What the server says of a pull whose bytes the next message exceeds. */
const TOO_LARGE = "Message Size Exceeds MaxBytes";

/** What it says of one that has brought as many messages as it was to. */
const COMPLETED = "Batch Completed";

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

/** A request for messages. */
interface Pull {
  readonly reply: string;
  /** The most messages it asks for. */
  readonly batch: number;
  /** The most bytes, as the server counts them; undefined for any number. */
  readonly bytes: number | undefined;
  /** When it was sent, in monotonic milliseconds. */
  readonly sent: number;
}

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
  readonly #budget: PullBudget;
  readonly #leaveBudget: () => void;
  #queue: Delivery[] = [];
  #head = 0;
  /** Bytes of what waits to be taken. */
  #waitingBytes = 0;
  #received: number;
  #delivered = 0;
  #name = "";
  #inbox = "";
  #subscription: Subscription | undefined;
  /** The pulls under way; the server serves them in turn, message by message. */
  #pulls: Pull[] = [];
  #pulled = 0;
  #isFirst = true;
  /** Ends the turn of a message that is larger than what a pull may ask for. */
  #endLarge: (() => void) | undefined;
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
    this.#budget = PullBudget.of(reader.mux.watch.nc);
    this.#leaveBudget = this.#budget.join();
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
      const delivery = this.#queue[this.#head++]!;
      this.#waitingBytes -= sizeOf(delivery);
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
    this.#abort.abort(
      new DOMException("The subscription was closed", "AbortError"),
    );
    this.#stopListening();
    if (this.#failure === undefined) this.#leaveBudget();
    await Promise.all([this.#renewing, this.#dropConsumer()]);
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
    this.#leaveBudget();
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
    this.#isFirst = true;
    this.#delivered = 0;
    this.#subscription = this.#mux.subscribe(`${inbox}.*`, (error, msg) => {
      if (error) this.#fail(error);
      else if (name === this.#name) this.#receive(msg);
    });
  }

  /** Takes nothing more of the consumer; resolves when it is deleted, if it is. */
  async #dropConsumer(): Promise<void> {
    const name = this.#name;
    clearTimeout(this.#watchdog);
    this.#watchdog = undefined;
    if (!this.#mux.watch.nc.isClosed()) this.#subscription?.unsubscribe();
    this.#subscription = undefined;
    this.#name = "";
    this.#pulls = [];
    this.#dropLarge();
    if (name !== "") await this.#delete(name);
  }

  get #pullSubject(): string {
    return `${API_PREFIX}.CONSUMER.MSG.NEXT.${this.#reader.stream.name}.${this.#name}`;
  }

  /** Asks for more, unless enough is asked for or waits to be taken. */
  #pull(): void {
    if (this.#name === "" || this.#endLarge !== undefined) return;
    if (this.#queue.length - this.#head > ENOUGH) return;
    if (this.#waitingBytes > ENOUGH_BYTES) return;
    while (this.#pulls.length < PULLS) {
      // Served in turn, equal ones would all end at the same time, and the
      // server would wait for the next: the first one is half as large.
      const part = this.#isFirst ? 2 : 1;
      const bytes = Math.floor(this.#budget.share / PULLS / part);
      if (!this.#ask(PULL_SIZE / part, bytes)) return;
      this.#isFirst = false;
    }
  }

  /** Asks for a message that is larger than what a pull may ask for. */
  #pullLarge(): void {
    if (this.#endLarge !== undefined) return;
    const ask = () => void this.#ask(1, undefined);
    const end = this.#budget.askLarge(this.#mux.maxPayload, ask);
    if (this.#name === "") end(); // it could not even be asked
    else this.#endLarge = end;
  }

  #dropLarge(): void {
    const end = this.#endLarge;
    this.#endLarge = undefined;
    end?.();
  }

  /** Sends a pull; false if that could not be. */
  #ask(batch: number, bytes: number | undefined): boolean {
    const reply = `${this.#inbox}.${this.#pulled++}`;
    const sent = performance.now();
    this.#pulls.push({ reply, batch, bytes, sent });
    const request = JSON.stringify({
      batch,
      max_bytes: bytes,
      expires: nanos(PULL_EXPIRES),
      idle_heartbeat: nanos(HEARTBEAT),
    });
    try {
      this.#mux.publish(this.#pullSubject, request, { reply });
    } catch (error) {
      // A dropped connection makes it anew when it is back.
      if (!isTransient(error)) this.#fail(error);
      return false;
    }
    this.#heard = sent;
    this.#watchdog ??= setTimeout(this.#watch, SILENCE);
    return true;
  }

  readonly #watch = (): void => {
    this.#watchdog = undefined;
    if (this.#pulls.length === 0) return;
    const now = performance.now();
    const silence = now - this.#heard;
    if (silence >= SILENCE) return this.#renew();
    this.#watchdog = setTimeout(this.#watch, SILENCE - silence);
    // The server says nothing when a message takes a pull's last byte.
    this.#endPulls(({ sent }) => now - sent > PULL_EXPIRES + SILENCE);
    this.#pull();
  };

  #endPulls(hasEnded: (pull: Pull) => boolean): void {
    this.#pulls = this.#pulls.filter((pull) => !hasEnded(pull));
  }

  #receive(msg: Msg): void {
    this.#heard = performance.now();
    if (msg.reply?.startsWith("$JS.ACK.")) return this.#accept(msg);
    const code = msg.headers?.code;
    if (code === 100) {
      const number = (name: string) => Number(msg.headers!.get(name));
      this.#passed(number("Nats-Last-Consumer"), number("Nats-Last-Stream"));
      return;
    }
    const description = msg.headers?.description ?? "";
    const isTooLarge = code === 409 && description.includes(TOO_LARGE);
    // The pull is at its end; everything else ends the consumer.
    const ended = code === 404 || code === 408 || isTooLarge ||
      (code === 409 && description.includes(COMPLETED));
    if (!ended) return this.#renew();
    const pull = this.#pulls.find(({ reply }) => reply === msg.subject);
    this.#endPulls((each) => each === pull);
    if (pull !== undefined && pull.bytes === undefined) this.#dropLarge();
    const left = Number(msg.headers?.get("Nats-Pending-Bytes"));
    // Not even the first message had room in it.
    if (isTooLarge && left === pull?.bytes) this.#pullLarge();
    else this.#pull();
  }

  #accept(msg: Msg): void {
    // ...<deliveries>.<stream sequence>.<consumer sequence>.<time>.<pending>
    const tokens = msg.reply!.split(".");
    const from = tokens.length === 9 ? 4 : 6;
    const sequence = Number(tokens[from + 1]);
    if (Number(tokens[from + 2]) !== this.#delivered + 1) return this.#renew();
    this.#delivered++;
    this.#received = sequence;
    if (this.#endLarge !== undefined) {
      // Whatever was asked for besides had no room for it.
      this.#endPulls(({ bytes }) => bytes === undefined);
      this.#dropLarge();
    }
    const { subject, data } = msg;
    const trace = this.#consumed.traces ? traceOfMessage(msg) : undefined;
    this.#waitingBytes += data.length;
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

function sizeOf(delivery: Delivery): number {
  return delivery.kind === "message" ? delivery.data.length : 0;
}
