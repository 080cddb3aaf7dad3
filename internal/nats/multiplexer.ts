/**
 * Requests over one reply subscription a connection.
 *
 * nats.js builds an Error and a timer for every request, which makes the
 * client the bottleneck of a publish. Here every request of a connection is
 * answered on one subscription, and one timer checks all deadlines: 1.9 to 2.5
 * times as many publishes a second as with `js.publish`.
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
import { ReplyInbox } from "./_reply_inbox.ts";
import type { Call, RequestOptions } from "./call.ts";
import { closedConnection, ConnectionWatch } from "./connection_watch.ts";
import {
  ConnectionClosedError,
  ConnectionLostError,
  withReason,
} from "./errors.ts";
import { BatchAcks } from "./prompt_acks.ts";

/** The prefix of inboxes, unless the user says otherwise. */
const DEFAULT_INBOX_PREFIX = "_INBOX";

/**
 * Sends one user's requests on a connection that it does not own. All
 * multiplexers of a connection and inbox prefix share one subscription;
 * closing one fails its own requests and no others.
 */
export class Multiplexer implements AsyncDisposable {
  /** Follows the connection that the requests go over. */
  readonly watch: ConnectionWatch;
  readonly #nc: NatsConnection;
  readonly #inboxPrefix: string;
  readonly #inbox: ReplyInbox;
  #closed: ConnectionClosedError | undefined;
  #maxPayload: number;

  /**
   * @param nc An open connection, which stays the caller's.
   * @param inboxPrefix What reply subjects begin with.
   * @throws {ConnectionClosedError} If the connection is closed or draining.
   */
  constructor(nc: NatsConnection, inboxPrefix: string = DEFAULT_INBOX_PREFIX) {
    if (nc.isClosed() || nc.isDraining()) throw closedConnection();
    this.#nc = nc;
    this.#inboxPrefix = inboxPrefix;
    this.#maxPayload = nc.info?.max_payload ?? 1024 * 1024;
    this.#inbox = ReplyInbox.acquire(nc, inboxPrefix, this);
    this.watch = new ConnectionWatch(nc);
    this.watch.listen({
      over: (reason) => {
        this.#closed = reason;
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

  /** Subscribes; the callback gets messages, or the error that ends it. */
  subscribe(
    subject: string,
    callback: (error: Error | null, msg: Msg) => void,
  ): Subscription {
    this.#throwIfUnusable();
    return this.watch.subscribe(subject, callback);
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

  /** For a batch of messages of which only the last is answered. */
  batchAcks(): BatchAcks {
    return new BatchAcks(this.#nc);
  }

  /**
   * Sends a call. It does not throw: the call hears why nothing was sent.
   *
   * @returns What it is cancelled by, if it was sent.
   */
  call(
    call: Call,
    payload: Uint8Array | string,
    headers: MsgHdrs | undefined,
  ): number | undefined {
    return this.#send(call, payload, headers);
  }

  /** Forgets a call, which then hears nothing more. */
  cancel(token: number): void {
    this.#inbox.cancel(token);
  }

  /**
   * Sends a request and resolves with its reply.
   *
   * @param isAnswer Whether a reply is the one. What it throws fails the
   * request.
   * @throws {NoRespondersError} At once, if nobody serves the subject.
   * @throws {RequestTimeoutError} After `timeout`.
   * @throws {ConnectionLostError} If the connection drops meanwhile.
   * @throws {ConnectionClosedError} If it is closed, or this multiplexer is.
   * @throws {PermissionDeniedError} If the user may not publish there.
   */
  request(
    subject: string,
    payload: Uint8Array | string,
    options: RequestOptions,
    isAnswer: (msg: Msg) => boolean = () => true,
  ): Promise<Msg> {
    let answer: Msg;
    const take = (msg: Msg) => {
      answer = msg;
      return isAnswer(msg);
    };
    return this.#request({ subject, take }, payload, options).then(() =>
      answer
    );
  }

  /**
   * Sends a request that is answered by several messages. `take` gets each in
   * order and returns true for the last one, after which none may come; every
   * message restarts the timeout.
   */
  requestMany(
    subject: string,
    payload: Uint8Array | string,
    options: RequestOptions,
    take: (msg: Msg) => boolean,
  ): Promise<void> {
    return this.#request({ subject, renews: true, take }, payload, options);
  }

  /** Fails its pending requests and leaves the connection as it was. */
  async [Symbol.asyncDispose](): Promise<void> {
    const message = "The requests' sender is closed";
    await this.watch.stop(new ConnectionClosedError(message));
    const sent = new ConnectionClosedError(message, { sent: true });
    await this.#inbox.release(this, sent);
  }

  #request(
    call: Pick<Call, "subject" | "renews" | "take">,
    payload: Uint8Array | string,
    { headers, timeout, signal }: RequestOptions,
  ): Promise<void> {
    return new Promise((resolve, reject) => {
      signal?.throwIfAborted();
      const aborted = () => {
        if (token !== undefined) this.#inbox.cancel(token);
        reject(signal!.reason);
      };
      const abortable = { aborted };
      onAbort(signal, abortable);
      const take = (msg: Msg) => {
        if (!call.take(msg)) return false;
        offAbort(signal, abortable);
        resolve();
        return true;
      };
      const fail = (error: unknown) => {
        offAbort(signal, abortable);
        reject(error);
      };
      const token = this.#send(
        { ...call, timeout, take, fail },
        payload,
        headers,
      );
    });
  }

  /** Sends a call; returns its token, or undefined if it has failed. */
  #send(
    call: Call,
    payload: Uint8Array | string,
    headers: MsgHdrs | undefined,
  ): number | undefined {
    try {
      this.#throwIfUnusable();
      return this.#inbox.send(this, call, payload, headers);
    } catch (error) {
      call.fail(error);
      return undefined;
    }
  }

  #throwIfUnusable(): void {
    if (this.#closed) throw this.#closed;
    if (this.#inbox.denied) throw this.#inbox.denied;
    if (!this.watch.isUp) {
      const { reason } = this.watch;
      const message = withReason("The connection is down", reason);
      throw new ConnectionLostError(message, { cause: reason });
    }
    if (this.watch.isOver) throw closedConnection();
  }
}
