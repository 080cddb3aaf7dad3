/**
 * Single requests for stored messages.
 *
 * @module
 */

import type { Msg } from "@nats-io/nats-core";
import {
  API_PREFIX,
  apiRequest,
  isApiError,
  JetStreamCode,
} from "../../../internal/nats/js_api.ts";
import type { Multiplexer } from "../../../internal/nats/multiplexer.ts";
import {
  type LastMessages,
  type LastRequests,
  requestLast,
} from "./_last_messages.ts";
import {
  LazyMessageCollector,
  MessageCollector,
  type Page,
  type PageRequest,
  requestPage,
  storedMessage,
  storedPayload,
  UnreadableHeadersError,
} from "./page_request.ts";
import { PayloadBatch } from "./_payload_batch.ts";
import { type ReadBounds, untilAnswered } from "./read_retries.ts";
import type { StreamIdentity } from "./stream.ts";
import { StreamWatch } from "./stream_watch.ts";
import {
  type ApiMessage,
  fromApi,
  type StoredMessage,
} from "./stored_message.ts";
import { Deadline } from "../../../internal/waiting.ts";

/** At most this many messages a request: longer ones stall writers. */
export const PAGE_SIZE = 1_000;

/** At most this many questions to the leader at once. */
const MAX_LEADER_REQUESTS = 100;

/** The state of a stream at the server. */
export interface StreamState {
  readonly first_seq: number;
  readonly last_seq: number;
  /** The server's time, in milliseconds since the epoch. */
  readonly time: number;
}

/** Reads messages of one stream. */
export class StreamReader {
  readonly #mux: Multiplexer;
  readonly #timeout: number;
  /** Notices when the stream changes or is replaced. */
  readonly watch: StreamWatch;

  /** @param timeout Milliseconds until a read that gets no answer fails. */
  constructor(mux: Multiplexer, stream: StreamIdentity, timeout: number) {
    this.#mux = mux;
    this.#timeout = timeout;
    this.watch = new StreamWatch(mux, stream);
  }

  /** Sends the requests. */
  get mux(): Multiplexer {
    return this.#mux;
  }

  /** The stream it reads. */
  get stream(): StreamIdentity {
    return this.watch.stream;
  }

  /** The bounds of a read that begins now. */
  bounds(signal?: AbortSignal): ReadBounds {
    return { deadline: new Deadline(this.#timeout), signal };
  }

  /** The bounds of a read's next page, which gets the full timeout again. */
  boundsOfNext(bounds: ReadBounds): ReadBounds {
    return bounds.isFinal ? bounds : this.bounds(bounds.signal);
  }

  /**
   * What `read` makes of the payloads of a subject's messages from a sequence
   * on (inclusive), from whichever replica answers.
   */
  payloads<T>(
    subject: string,
    from: number,
    count: number,
    read: (json: string | Uint8Array) => T,
    bounds: ReadBounds,
  ): Promise<Page<T>> {
    return this.#page({
      body: { seq: from, next_by_subj: subject, batch: count, no_hdr: true },
      collect: () => new PayloadBatch(read),
      // Without headers the server counts before the first message.
      remaining: (pending, taken) => pending - taken,
    }, bounds);
  }

  /**
   * As {@linkcode messages}, whose headers are read when one is asked for: then
   * it may be found that they can't be.
   *
   * @param subject Undefined for all: the server then compares none.
   */
  lazyMessages(
    subject: string | undefined,
    from: number,
    count: number,
    bounds: ReadBounds,
  ): Promise<Page<StoredMessage>> {
    const filter = subject === undefined ? {} : { next_by_subj: subject };
    return this.#page({
      body: { seq: from, ...filter, batch: count },
      collect: () => new LazyMessageCollector(),
      remaining: (pending) => pending,
    }, bounds);
  }

  /** As {@linkcode payloads}, with sequences and headers. */
  async messages(
    subject: string,
    from: number | Date,
    count: number,
    bounds: ReadBounds,
  ): Promise<Page<StoredMessage>> {
    const start = typeof from === "number"
      ? { seq: from }
      : { start_time: from.toISOString() };
    const ask = (batch: number) =>
      this.#page({
        body: { ...start, next_by_subj: subject, batch },
        collect: () => new MessageCollector(),
        remaining: (pending) => pending,
      }, bounds);
    try {
      return await ask(count);
    } catch (error) {
      if (!(error instanceof UnreadableHeadersError)) throw error;
      if (error.before > 0) return await ask(error.before);
      // The leader has a message by its sequence, and none by its time.
      const seq = typeof from === "number" ? from : 1;
      const request = { seq, next_by_subj: subject };
      const message = await this.fromLeader(request, bounds);
      return {
        items: message === undefined ? [] : [message],
        lastSequence: message?.sequence ?? 0,
        remaining: message === undefined ? 0 : 1, // asking for it tells
        upTo: 0,
      };
    }
  }

  /**
   * The last messages of at most 1,000 subjects, those that have one, and how
   * far the replica that answers knows the stream: 0 if it does not say,
   * undefined if the leader had to be asked.
   *
   * @param witness A subject that has a message, beside them: with none a
   * replica does not say how far it knows the stream.
   */
  async lastOf(
    subjects: readonly string[],
    bounds: ReadBounds,
    witness?: string,
  ): Promise<LastMessages> {
    const requests: LastRequests = {
      page: (request) => this.#page(request, bounds),
      maxPayload: () => this.#mux.maxPayload,
    };
    return await this.#readable<LastMessages>(
      () => requestLast(requests, subjects, witness),
      async () => {
        const messages = await this.lastFromLeader(subjects, bounds);
        return { messages, upTo: undefined };
      },
    );
  }

  /** The last message of each subject that has one, as the leader knows them. */
  async lastFromLeader(
    subjects: readonly string[],
    bounds: ReadBounds,
  ): Promise<Map<string, StoredMessage>> {
    const messages = new Map<string, StoredMessage>();
    const one = async (subject: string) => {
      const request = { last_by_subj: subject };
      const message = await this.fromLeader(request, bounds);
      if (message !== undefined) messages.set(subject, message);
    };
    for (let i = 0; i < subjects.length; i += MAX_LEADER_REQUESTS) {
      await Promise.all(subjects.slice(i, i + MAX_LEADER_REQUESTS).map(one));
    }
    return messages;
  }

  /** The last message of a subject, from the nearest replica. */
  last(
    subject: string,
    bounds: ReadBounds,
  ): Promise<StoredMessage | undefined> {
    return this.#readable(
      async () => storedMessage(await this.#get(`.${subject}`, "", bounds)),
      () => this.fromLeader({ last_by_subj: subject }, bounds),
    );
  }

  /**
   * The payload of a subject's first message from a sequence on (inclusive), if
   * the replica that answers has one.
   */
  async payload(
    subject: string,
    seq: number,
    bounds: ReadBounds,
  ): Promise<Uint8Array | undefined> {
    const body = { seq, next_by_subj: subject, no_hdr: true };
    const request = JSON.stringify(body);
    return storedPayload(await this.#get("", request, bounds));
  }

  /** The message at a sequence, if the replica that answers has it. */
  atSequence(
    seq: number,
    bounds: ReadBounds,
  ): Promise<StoredMessage | undefined> {
    return this.#one({ seq }, bounds);
  }

  /**
   * A subject's first message from a sequence on (inclusive), if the replica
   * that answers has one.
   */
  next(
    subject: string,
    seq: number,
    bounds: ReadBounds,
  ): Promise<StoredMessage | undefined> {
    return this.#one({ seq, next_by_subj: subject }, bounds);
  }

  #one(
    request: { readonly seq: number; readonly next_by_subj?: string },
    bounds: ReadBounds,
  ): Promise<StoredMessage | undefined> {
    const body = JSON.stringify(request);
    return this.#readable(
      async () => storedMessage(await this.#get("", body, bounds)),
      () => this.fromLeader(request, bounds),
    );
  }

  /** Asks the leader where nats.js can't read the answer to a direct get. */
  async #readable<T>(
    get: () => Promise<T>,
    fromLeader: () => Promise<T>,
  ): Promise<T> {
    try {
      return await get();
    } catch (error) {
      if (!(error instanceof UnreadableHeadersError)) throw error;
      return await fromLeader();
    }
  }

  /** Asks the stream's leader by JetStream's API, such as `INFO`. */
  ask<T>(what: string, request: unknown, bounds: ReadBounds): Promise<T> {
    const endpoint = `STREAM.${what}.${this.stream.name}`;
    const { signal } = bounds;
    return this.#repeat(
      (timeout) =>
        apiRequest<T>(this.#mux, endpoint, request, { timeout, signal }),
      bounds,
    );
  }

  /** A message as the stream's leader knows it. */
  async fromLeader(
    request:
      | { last_by_subj: string }
      | { seq: number; next_by_subj?: string },
    bounds: ReadBounds,
  ): Promise<StoredMessage | undefined> {
    try {
      const reply = await this.ask<ApiMessage>("MSG.GET", request, bounds);
      return fromApi(reply);
    } catch (error) {
      if (isApiError(error, JetStreamCode.noMessageFound)) return undefined;
      throw error;
    }
  }

  /**
   * The stream's state, after making sure that it is the one that was opened.
   *
   * @throws {StreamSetupError} If it is not.
   */
  async state(action: string, bounds: ReadBounds): Promise<StreamState> {
    const { state, ts } = await this.#repeat(
      (timeout) =>
        this.watch.verify(action, { timeout, signal: bounds.signal }),
      bounds,
    );
    return { ...state, time: ts ? Date.parse(ts) : Date.now() };
  }

  #get(what: string, body: string, bounds: ReadBounds): Promise<Msg> {
    const subject = `${API_PREFIX}.DIRECT.GET.${this.stream.name}${what}`;
    const { signal } = bounds;
    return this.#repeat(
      (timeout) => this.#mux.request(subject, body, { timeout, signal }),
      bounds,
    );
  }

  #page<T>(
    request: Omit<PageRequest<T>, "stream">,
    bounds: ReadBounds,
  ): Promise<Page<T>> {
    const whole = { ...request, stream: this.stream.name };
    const { signal } = bounds;
    return this.#repeat(
      (timeout) => requestPage(this.#mux, whole, { timeout, signal }),
      bounds,
    );
  }

  #repeat<T>(
    attempt: (timeout: number) => Promise<T>,
    bounds: ReadBounds,
  ): Promise<T> {
    return untilAnswered(this.#mux, this.watch, attempt, bounds);
  }
}
