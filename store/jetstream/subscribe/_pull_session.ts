/**
 * One consumer at the server, and the pull requests sent to it.
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
import { CONSUMER_EXPIRY_MS } from "./_consumer_limit.ts";
import type { OwnConsumers } from "./_own_consumers.ts";
import type { PullBudget } from "./_pull_budget.ts";
import { isTransient } from "../stream/request_errors.ts";

/** At most this many messages a pull. */
export const PULL_SIZE = 500;

/** Pulls under way at most, so that the server never waits for the next. */
const MAX_PULLS = 2;

/** How long a pull waits for messages. */
const PULL_EXPIRY_MS = 30_000;

/** How often the server says that it still serves a pull. */
const HEARTBEAT_MS = 2_000;

/** How long the server may be silent before a pull counts as lost. */
const MAX_SILENCE_MS = 2.5 * HEARTBEAT_MS;

const CREATE_TIMEOUT_MS = 5_000;

/** The server's word for a pull that has too few bytes for the next message. */
const TOO_LARGE = "Message Size Exceeds MaxBytes";

/** The server's word for a pull that has brought all messages it asked for. */
const COMPLETED = "Batch Completed";

const nanos = (ms: number) => ms * 1_000_000;

/** A request for messages. */
interface Pull {
  readonly reply: string;
  /** The most bytes, as the server counts them; undefined for any number. */
  readonly bytes: number | undefined;
  /** When it was sent, in monotonic milliseconds. */
  readonly sentAt: number;
}

/** The consumer to create. */
export interface SessionOptions {
  readonly stream: string;
  /** Subjects, or patterns; none overlaps another. */
  readonly filters: readonly string[];
  /** The sequence behind which it begins. */
  readonly after: number;
  readonly budget: PullBudget;
  /** Where it belongs. */
  readonly consumers: OwnConsumers;
  /** Gives up creating it. */
  readonly signal: AbortSignal;
}

/** The owner of a session, which hears what comes in. */
export interface SessionOwner {
  /**
   * Hears of each message, in stream order.
   *
   * @param time When it was stored, in nanoseconds since the epoch.
   */
  received(sequence: number, time: string, msg: Msg): void;
  /** Hears that nothing else lies up to a sequence. */
  passed(sequence: number): void;
  /** Whether there is room for more messages. */
  hasRoom(): boolean;
  /** Hears that messages may be missing: only another session goes on. */
  lost(): void;
  /** Hears an error that another session would meet as well. */
  failed(error: unknown): void;
}

/**
 * Pulls messages from a consumer of its own, until one is missing. The server
 * serves pulls in turn, message by message.
 */
export class PullSession {
  readonly #mux: Multiplexer;
  readonly #budget: PullBudget;
  readonly #consumers: OwnConsumers;
  readonly #owner: SessionOwner;
  readonly #stream: string;
  readonly #name: string;
  readonly #inbox: string;
  readonly #subscription: Subscription;
  #pulls: Pull[] = [];
  #pullsSent = 0;
  /** How many messages the consumer has delivered. */
  #delivered = 0;
  /** Ends the turn of a message that is larger than a pull may ask for. */
  #endLarge: (() => void) | undefined;
  #heardAt = 0;
  #watchdog: ReturnType<typeof setTimeout> | undefined;
  #isClosed = false;

  /** Creates the consumer. */
  static async open(
    mux: Multiplexer,
    options: SessionOptions,
    owner: SessionOwner,
  ): Promise<PullSession> {
    const { stream, filters, after, consumers, signal } = options;
    const name = `aether-${crypto.randomUUID()}`;
    // The server takes only one in the subject, and wants that one there.
    const single = filters.length === 1 ? filters[0] : undefined;
    const config = {
      name,
      deliver_policy: "by_start_sequence",
      opt_start_seq: after + 1,
      ...(single ? { filter_subject: single } : { filter_subjects: filters }),
      ack_policy: "none",
      replay_policy: "instant",
      mem_storage: true,
      num_replicas: 1,
      inactive_threshold: nanos(CONSUMER_EXPIRY_MS),
    };
    try {
      await apiRequest(
        mux,
        `CONSUMER.CREATE.${stream}.${name}${single ? `.${single}` : ""}`,
        { stream_name: stream, action: "create", config },
        { timeout: CREATE_TIMEOUT_MS, signal },
      );
      signal.throwIfAborted();
      return new PullSession(mux, name, options, owner);
    } catch (error) {
      // It may have been created all the same.
      if (signal.aborted) await consumers.delete(name);
      else if (!isApiError(error)) consumers.leave(name);
      throw error;
    }
  }

  private constructor(
    mux: Multiplexer,
    name: string,
    { stream, budget, consumers }: SessionOptions,
    owner: SessionOwner,
  ) {
    this.#mux = mux;
    this.#budget = budget;
    this.#consumers = consumers;
    this.#owner = owner;
    this.#stream = stream;
    this.#name = name;
    this.#inbox = mux.createInbox();
    this.#subscription = mux.subscribe(`${this.#inbox}.*`, (error, msg) => {
      if (this.#isClosed) return;
      if (error) owner.failed(error);
      else this.#receive(msg);
    });
  }

  /** Where pulls are sent. */
  get pullSubject(): string {
    return `${API_PREFIX}.CONSUMER.MSG.NEXT.${this.#stream}.${this.#name}`;
  }

  /** Asks for more while its owner has room. */
  pull(): void {
    if (this.#isClosed || this.#endLarge !== undefined) return;
    if (!this.#owner.hasRoom()) return;
    while (this.#pulls.length < MAX_PULLS) {
      // Served in turn, equal ones would all end at the same time, and the
      // server would wait for the next: the first one is half as large.
      const part = this.#pullsSent === 0 ? 2 : 1;
      const bytes = Math.floor(this.#budget.share / MAX_PULLS / part);
      if (!this.#ask(PULL_SIZE / part, bytes)) return;
    }
  }

  /** Leaves nothing behind; resolves when the consumer is deleted, if it is. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearTimeout(this.#watchdog);
    if (!this.#mux.watch.nc.isClosed()) this.#subscription.unsubscribe();
    this.#endLargePull();
    await this.#consumers.delete(this.#name);
  }

  /** Asks for a message that is larger than a pull may ask for. */
  #pullLarge(): void {
    if (this.#endLarge !== undefined) return;
    const ask = () => void this.#ask(1, undefined);
    const end = this.#budget.askLarge(this.#mux.maxPayload, ask);
    if (this.#isClosed) end(); // asking has failed
    else this.#endLarge = end;
  }

  #endLargePull(): void {
    const end = this.#endLarge;
    this.#endLarge = undefined;
    end?.();
  }

  /** Sends a pull; false if that failed. */
  #ask(batch: number, bytes: number | undefined): boolean {
    const reply = `${this.#inbox}.${this.#pullsSent++}`;
    const sentAt = performance.now();
    this.#pulls.push({ reply, bytes, sentAt });
    const request = JSON.stringify({
      batch,
      max_bytes: bytes,
      expires: nanos(PULL_EXPIRY_MS),
      idle_heartbeat: nanos(HEARTBEAT_MS),
    });
    try {
      this.#mux.publish(this.pullSubject, request, { reply });
    } catch (error) {
      // A dropped connection ends the session when it is back.
      if (!isTransient(error)) this.#owner.failed(error);
      return false;
    }
    this.#heardAt = sentAt;
    this.#watchdog ??= setTimeout(this.#watch, MAX_SILENCE_MS);
    return true;
  }

  readonly #watch = (): void => {
    this.#watchdog = undefined;
    if (this.#pulls.length === 0) return;
    const now = performance.now();
    const silence = now - this.#heardAt;
    if (silence >= MAX_SILENCE_MS) return this.#owner.lost();
    this.#watchdog = setTimeout(this.#watch, MAX_SILENCE_MS - silence);
    // The server says nothing when a message takes a pull's last byte.
    const oldest = now - PULL_EXPIRY_MS - MAX_SILENCE_MS;
    this.#pulls = this.#pulls.filter(({ sentAt }) => sentAt >= oldest);
    this.pull();
  };

  #receive(msg: Msg): void {
    this.#heardAt = performance.now();
    if (msg.reply?.startsWith("$JS.ACK.")) return this.#accept(msg);
    const code = msg.headers?.code;
    if (code === 100) return this.#heartbeat(msg);
    const description = msg.headers?.description ?? "";
    const isTooLarge = code === 409 && description.includes(TOO_LARGE);
    // The pull is at its end; everything else ends the consumer.
    const hasEnded = code === 404 || code === 408 || isTooLarge ||
      (code === 409 && description.includes(COMPLETED));
    if (!hasEnded) return this.#owner.lost();
    const pull = this.#pulls.find(({ reply }) => reply === msg.subject);
    this.#pulls = this.#pulls.filter((each) => each !== pull);
    if (pull !== undefined && pull.bytes === undefined) this.#endLargePull();
    const left = Number(msg.headers?.get("Nats-Pending-Bytes"));
    // Not even the first message had room in it.
    if (isTooLarge && left === pull?.bytes) this.#pullLarge();
    else this.pull();
  }

  #accept(msg: Msg): void {
    // ...<name>.<deliveries>.<stream sequence>.<consumer sequence>.<time>...
    const reply = msg.reply!;
    const end = reply.indexOf(this.#name) + this.#name.length;
    const [, , sequence, delivered, time] = reply.slice(end).split(".", 5);
    if (Number(delivered) !== this.#delivered + 1) return this.#owner.lost();
    this.#delivered++;
    if (this.#endLarge !== undefined) {
      // No other pull had room for it: the large one has ended.
      this.#pulls = this.#pulls.filter(({ bytes }) => bytes !== undefined);
      this.#endLargePull();
    }
    this.#owner.received(Number(sequence), time!, msg);
    if (this.#pulls.length < MAX_PULLS) this.pull();
  }

  /** Takes the word of how far the server has looked. */
  #heartbeat({ headers }: Msg): void {
    const delivered = Number(headers!.get("Nats-Last-Consumer"));
    if (delivered > this.#delivered) this.#owner.lost();
    if (delivered !== this.#delivered) return; // older than the last message
    this.#owner.passed(Number(headers!.get("Nats-Last-Stream")));
  }
}
