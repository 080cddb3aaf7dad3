/**
 * Requests over shared reply subscriptions.
 *
 * nats.js builds an Error and a timer for every request, which makes the
 * client the bottleneck of a publish. Here one subscription takes all single
 * replies, a few more take answers of many messages, and one timer sweeps all
 * deadlines.
 *
 * @module
 */

import {
  createInbox,
  type Msg,
  type MsgHdrs,
  type NatsConnection,
  type Subscription,
} from "@nats-io/nats-core";
import { offAbort, onAbort } from "../aborts.ts";
import { InboxPool } from "./_inbox_pool.ts";
import { PendingCalls } from "./_pending_calls.ts";
import { closedConnection, ConnectionWatch } from "./connection_watch.ts";
import {
  ConnectionClosedError,
  ConnectionLostError,
  NoRespondersError,
  PermissionDeniedError,
  RequestTimeoutError,
} from "./errors.ts";

/** How often deadlines are looked at, in milliseconds. */
const SWEEP_INTERVAL = 50;

/** How long a call waits at least before it is late, in milliseconds. */
const LATE_AFTER = 250;

/** Options of a request. */
export interface RequestOptions {
  /** Headers to send. */
  headers?: MsgHdrs | undefined;
  /** Milliseconds until it fails with a RequestTimeoutError. */
  timeout: number;
  /** Gives up with the signal's reason. */
  signal?: AbortSignal | undefined;
  /**
   * Subjects published to without a reply that this request answers for: a
   * permission violation on one of them fails the request.
   */
  covers?: readonly string[] | undefined;
}

/** A request without a promise; one of its methods is the last to be called. */
export interface Call {
  readonly subject: string;
  /** Where the replies go, if not to the inbox that all share. */
  readonly reply?: string | undefined;
  /** See {@linkcode RequestOptions.timeout}. */
  readonly timeout: number;
  /** See {@linkcode RequestOptions.covers}. */
  readonly covers?: readonly string[] | undefined;
  /** Whether each reply puts the deadline off; else only the last one counts. */
  readonly renews?: boolean | undefined;
  /** Takes a reply; true when the request is done. */
  take(msg: Msg): boolean;
  /**
   * Asked again and again when there is no reply for a while, though its time
   * is not up: what it returns is why to wait no longer, and goes to `fail`.
   */
  late?(): Error | undefined;
  /** Hears why there is no reply, also when nothing could be sent. */
  fail(error: unknown): void;
}

/** What to do when replies can't be received. */
const NO_INBOX =
  "grant it that permission, or name what its inboxes begin with as " +
  "`inboxPrefix`, to the store and to the connection; then open the store anew";

/** A call that waits for its replies. */
class Pending {
  readonly call: Call;
  /** Monotonic milliseconds; NaN until the sweeper first comes by. */
  deadline = NaN;
  /** Whether a reply came since the last look at the deadline. */
  heard = false;

  constructor(call: Call) {
    this.call = call;
  }
}

/** Sends requests on a connection it does not own. */
export class Multiplexer implements AsyncDisposable {
  /** What becomes of the connection that the requests go over. */
  readonly watch: ConnectionWatch;
  readonly #nc: NatsConnection;
  readonly #inboxPrefix: string | undefined;
  readonly #inbox: string;
  readonly #pending = new PendingCalls<Pending>();
  readonly #subscription: Subscription;
  readonly #inboxes = new InboxPool({
    createInbox: () => this.createInbox(),
    subscribe: (subject, callback) => this.subscribe(subject, callback),
    reply: (token, msg) => this.#take(token, msg),
  });
  #closed: ConnectionClosedError | undefined;
  #denied: PermissionDeniedError | undefined;
  #sweeper: ReturnType<typeof setTimeout> | undefined;
  #maxPayload: number;

  /**
   * @param nc An open connection, which stays the caller's.
   * @param inboxPrefix What reply subjects begin with, `_INBOX` by default.
   */
  constructor(nc: NatsConnection, inboxPrefix?: string) {
    if (nc.isClosed() || nc.isDraining()) throw closedConnection();
    this.#nc = nc;
    this.#inboxPrefix = inboxPrefix;
    this.#inbox = `${this.createInbox()}.`;
    this.#maxPayload = nc.info?.max_payload ?? 1024 * 1024;
    this.watch = new ConnectionWatch(nc);
    this.watch.listen({
      down: () => this.#failAll(unanswered),
      denied: (error) => this.#refused(error),
      up: () => this.#inboxes.retry(),
      over: (reason) => this.#close(reason),
    });
    this.#subscription = nc.subscribe(`${this.#inbox}*`, {
      callback: (error, msg) => {
        if (error === null) this.#dispatch(msg);
      },
    });
  }

  /** The most bytes of headers and payload the server takes. */
  get maxPayload(): number {
    return this.#maxPayload = this.#nc.info?.max_payload ?? this.#maxPayload;
  }

  /** A subject of its own to receive on. */
  createInbox(): string {
    return createInbox(this.#inboxPrefix);
  }

  /** Has messages called back, or the error that ends the subscription. */
  subscribe(
    subject: string,
    callback: (error: Error | null, msg: Msg) => void,
  ): Subscription {
    this.#throwIfUnusable();
    return this.#nc.subscribe(subject, { callback });
  }

  /** Publishes without waiting for an answer. */
  publish(
    subject: string,
    payload: Uint8Array | string,
    options: { headers?: MsgHdrs; reply?: string } = {},
  ): void {
    this.#throwIfUnusable();
    this.#nc.publish(subject, payload, options);
  }

  /**
   * Sends a request.
   *
   * @returns The request's token among those that are pending.
   */
  call(
    call: Call,
    payload: Uint8Array | string,
    headers: MsgHdrs | undefined,
  ): number {
    const token = this.#pending.add(new Pending(call));
    try {
      this.#throwIfUnusable();
      const reply = call.reply ?? this.#inbox + token;
      const options = headers === undefined ? { reply } : { headers, reply };
      this.#nc.publish(call.subject, payload, options);
      this.#sweeper ??= setTimeout(this.#sweep, SWEEP_INTERVAL);
    } catch (error) {
      this.#pending.delete(token);
      call.fail(error);
    }
    return token;
  }

  /**
   * Sends a request and resolves with the one reply.
   *
   * @param isAnswer Whether a reply is the one. What it throws fails the
   * request.
   * @throws {NoRespondersError} At once, if nobody serves the subject.
   * @throws {RequestTimeoutError} After `timeout`.
   * @throws {ConnectionLostError} If the connection drops meanwhile.
   * @throws {PermissionDeniedError} If the user may not publish there.
   */
  request(
    subject: string,
    payload: Uint8Array | string,
    options: RequestOptions,
    isAnswer: (msg: Msg) => boolean = () => true,
  ): Promise<Msg> {
    return new Promise((resolve, reject) => {
      options.signal?.throwIfAborted();
      const take = (msg: Msg) => {
        if (!isAnswer(msg)) return false;
        resolve(msg);
        return true;
      };
      this.#cancelable({ subject, take, fail: reject }, payload, options);
    });
  }

  /**
   * Sends a request that is answered by several messages. `take` gets each in
   * order and says when it was the last, behind which none may come; every one
   * puts the deadline off.
   */
  requestMany(
    subject: string,
    payload: Uint8Array | string,
    options: RequestOptions,
    take: (msg: Msg) => boolean,
  ): Promise<void> {
    return new Promise((resolve, reject) => {
      options.signal?.throwIfAborted();
      const inbox = this.#inboxes.acquire();
      const fail = (error: unknown) => {
        if (inbox !== undefined) {
          const isLate = error instanceof RequestTimeoutError;
          this.#inboxes.discard(inbox, isLate);
        }
        reject(error);
      };
      const takeOne = (msg: Msg) => {
        if (!take(msg)) return false;
        if (inbox !== undefined) this.#inboxes.release(inbox);
        resolve();
        return true;
      };
      const token = this.#cancelable(
        { subject, reply: inbox?.subject, renews: true, take: takeOne, fail },
        payload,
        options,
      );
      if (inbox !== undefined) inbox.token = token;
    });
  }

  /** Gives up what is pending and leaves the connection as it was. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.watch.stop(new ConnectionClosedError("The store is closed"));
  }

  /** As {@linkcode call}, with a signal that is not aborted yet. */
  #cancelable(
    call: Pick<Call, "subject" | "reply" | "renews" | "take" | "fail">,
    payload: Uint8Array | string,
    { headers, timeout, covers, signal }: RequestOptions,
  ): number {
    if (signal === undefined) {
      return this.call({ ...call, timeout, covers }, payload, headers);
    }
    const abortable = {
      aborted: () => {
        this.#pending.delete(token);
        call.fail(signal.reason);
      },
    };
    const stop = () => offAbort(signal, abortable);
    onAbort(signal, abortable);
    const take = (msg: Msg) => {
      const done = call.take(msg);
      if (done) stop();
      return done;
    };
    const fail = (error: unknown) => {
      stop();
      call.fail(error);
    };
    const own = { ...call, timeout, covers, take, fail };
    const token = this.call(own, payload, headers);
    return token;
  }

  #throwIfUnusable(): void {
    if (this.#closed) throw this.#closed;
    if (this.#denied) throw this.#denied;
    if (!this.watch.isUp) {
      throw new ConnectionLostError("The connection is down");
    }
    if (this.watch.isOver) throw closedConnection();
  }

  #dispatch(msg: Msg): void {
    this.#take(Number(msg.subject.slice(this.#inbox.length)), msg);
  }

  #take(token: number, msg: Msg): void {
    const pending = this.#pending.get(token);
    if (pending === undefined) return; // gave up before the answer came
    const { call } = pending;
    try {
      if (isNoResponders(msg)) {
        this.#pending.delete(token);
        call.fail(new NoRespondersError(call.subject));
      } else if (call.take(msg)) {
        this.#pending.delete(token);
      } else if (call.renews) {
        pending.heard = true;
      }
    } catch (error) {
      // In nats.js it would end the reading of the whole connection.
      this.#pending.delete(token);
      call.fail(error);
    }
  }

  readonly #sweep = (): void => {
    const now = performance.now();
    for (const [token, pending] of this.#pending.entries()) {
      const { call, deadline, heard } = pending;
      if (heard || Number.isNaN(deadline)) {
        // Late by an interval at most, and a clock is not asked each time.
        pending.heard = false;
        pending.deadline = now + call.timeout;
      } else if (deadline <= now) {
        this.#pending.delete(token);
        call.fail(new RequestTimeoutError(call.subject, call.timeout));
      } else if (now - (deadline - call.timeout) >= LATE_AFTER) {
        const reason = call.late?.();
        if (reason === undefined) continue;
        this.#pending.delete(token);
        call.fail(reason);
      }
    }
    this.#sweeper = this.#pending.size === 0
      ? undefined
      : setTimeout(this.#sweep, SWEEP_INTERVAL);
  };

  #failAll(error: (call: Call) => unknown): void {
    const all = this.#pending.entries();
    for (const [token] of all) this.#pending.delete(token);
    for (const [, { call }] of all) call.fail(error(call));
  }

  /** The server tells a missing permission beside the replies, not in one. */
  #refused(error: PermissionDeniedError): void {
    const { operation, subject } = error;
    if (operation === "subscribe") {
      const denied = new PermissionDeniedError(operation, subject, NO_INBOX);
      if (subject === `${this.#inbox}*`) {
        this.#denied = denied;
        // What was sent may have been done: the answer is what can't be heard.
        this.#failAll((call) => unheard(call, denied));
        return;
      }
      for (const [token, { call }] of this.#pending.entries()) {
        if (call.reply !== subject) continue;
        this.#pending.delete(token);
        call.fail(denied);
      }
      return;
    }
    for (const [token, { call }] of this.#pending.entries()) {
      if (call.subject === subject || call.covers?.includes(subject)) {
        this.#pending.delete(token);
        call.fail(error);
      }
    }
  }

  #close(reason: ConnectionClosedError): void {
    this.#closed = reason;
    clearTimeout(this.#sweeper);
    this.#sweeper = undefined;
    if (!this.#nc.isClosed()) {
      this.#subscription.unsubscribe();
      this.#inboxes.close();
    }
    const { message } = reason;
    this.#failAll(() => new ConnectionClosedError(message, { sent: true }));
  }
}

/** Not so a stored message that looks like it: that comes with its sequence. */
function isNoResponders(msg: Msg): boolean {
  if (msg.data.length > 0) return false; // headers are parsed when asked for
  try {
    const { headers } = msg;
    return headers?.code === 503 && !headers.has("Nats-Sequence");
  } catch {
    return false; // the server's own headers can be parsed
  }
}

function unheard(
  { subject }: Call,
  denied: PermissionDeniedError,
): ConnectionLostError {
  const what = `The answer on ${JSON.stringify(subject)}`;
  return new ConnectionLostError(
    `${what} can't be received: ${denied.message}`,
    { sent: true, cause: denied },
  );
}

function unanswered({ subject }: Call): ConnectionLostError {
  return new ConnectionLostError(
    `The connection dropped before ${JSON.stringify(subject)} was answered`,
    { sent: true },
  );
}
