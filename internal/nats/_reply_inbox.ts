/**
 * The reply subscription that all multiplexers of a connection share.
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
import { PendingCalls } from "./_pending_calls.ts";
import type { Call } from "./call.ts";
import { ConnectionWatch } from "./connection_watch.ts";
import {
  ConnectionClosedError,
  ConnectionLostError,
  isPayloadViolation,
  NoRespondersError,
  permissionDenied,
  type PermissionDeniedError,
  RequestTimeoutError,
  SubscriptionLimitError,
  withReason,
} from "./errors.ts";

/** How often deadlines are checked, in milliseconds. */
const SWEEP_INTERVAL_MS = 50;

/**
 * Bytes of a call from which on a PING follows it, see
 * {@linkcode PendingCall.isRead}.
 */
const PING_BEHIND_BYTES = 16 * 1024;

/** How long a call waits before it is asked whether to go on. */
const LATE_AFTER_MS = 250;

/** What to do when replies can't be received. */
const INBOX_ADVICE =
  "grant it that permission, or name the prefix of its inboxes as " +
  "`inboxPrefix`, here and when connecting; then open anew";

/** A call that waits for its replies. */
class PendingCall {
  readonly call: Call;
  /** Who made it. */
  readonly owner: object;
  /** Monotonic milliseconds; NaN until the first sweep. */
  deadline = NaN;
  /** Whether a reply came since the last sweep. */
  heard = false;
  /**
   * Whether the server has answered a PING behind it; undefined if none was
   * sent. A server answers in order: one that closes the connection because of
   * some message's size, and has not answered, has not taken this one.
   */
  isRead: boolean | undefined;

  constructor(call: Call, owner: object) {
    this.call = call;
    this.owner = owner;
  }
}

/** The inboxes in use, by connection and prefix. */
const inboxes = new WeakMap<NatsConnection, Map<string, ReplyInbox>>();

/**
 * One subscription for the replies to every request of a connection, and one
 * timer for all their deadlines. It lives as long as it has an owner.
 */
export class ReplyInbox {
  readonly #nc: NatsConnection;
  readonly #prefix: string;
  readonly #subject: string;
  readonly #subscription: Subscription;
  readonly #watch: ConnectionWatch;
  readonly #owners = new Set<object>();
  readonly #pending = new PendingCalls<PendingCall>();
  #sweeper: ReturnType<typeof setTimeout> | undefined;
  #denied: Error | undefined;

  /** The inbox of an open connection, for one more owner. */
  static acquire(
    nc: NatsConnection,
    prefix: string,
    owner: object,
  ): ReplyInbox {
    let byPrefix = inboxes.get(nc);
    if (byPrefix === undefined) inboxes.set(nc, byPrefix = new Map());
    let inbox = byPrefix.get(prefix);
    if (inbox === undefined) {
      byPrefix.set(prefix, inbox = new ReplyInbox(nc, prefix));
    }
    inbox.#owners.add(owner);
    return inbox;
  }

  private constructor(nc: NatsConnection, prefix: string) {
    this.#nc = nc;
    this.#prefix = prefix;
    this.#subject = `${createInbox(prefix)}.`;
    this.#watch = new ConnectionWatch(nc);
    this.#watch.listen({
      down: (reason) => this.#failAll((pending) => unanswered(pending, reason)),
      denied: (error) => this.#refused(error),
      over: (reason) => this.#end(reason),
    });
    this.#subscription = this.#watch.subscribe(
      `${this.#subject}*`,
      (error, msg) => {
        if (error === null) this.#dispatch(msg);
        else if (error instanceof SubscriptionLimitError) this.#refuse(error);
      },
    );
  }

  /** Why no reply can be received, if the server has refused that. */
  get denied(): Error | undefined {
    return this.#denied;
  }

  /** Sends a call; returns its token. What can't be sent throws. */
  send(
    owner: object,
    call: Call,
    payload: Uint8Array | string,
    headers: MsgHdrs | undefined,
  ): number {
    const pending = new PendingCall(call, owner);
    const token = this.#pending.add(pending);
    try {
      const reply = this.#subject + token;
      const options = headers === undefined ? { reply } : { headers, reply };
      this.#nc.publish(call.subject, payload, options);
    } catch (error) {
      this.#pending.delete(token);
      throw error;
    }
    if ((call.bytes ?? payload.length) >= PING_BEHIND_BYTES) {
      pending.isRead = false;
      this.#nc.flush().then(() => pending.isRead = true, () => {});
    }
    this.#sweeper ??= setTimeout(this.#sweep, SWEEP_INTERVAL_MS);
    return token;
  }

  /** Forgets a call, which then hears nothing more. */
  cancel(token: number): void {
    this.#pending.delete(token);
  }

  /**
   * Leaves the inbox: the owner's pending calls fail with the error. The
   * subscription ends with its last owner.
   */
  async release(owner: object, error: unknown): Promise<void> {
    if (!this.#owners.delete(owner)) return;
    this.#failAll(() => error, owner);
    if (this.#owners.size > 0) return;
    await this.#watch.stop(new ConnectionClosedError("The inbox is closed"));
  }

  #dispatch(msg: Msg): void {
    const token = Number(msg.subject.slice(this.#subject.length));
    const pending = this.#pending.get(token);
    if (pending === undefined) return; // canceled or timed out
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
      // In nats.js it would stop reading from the whole connection.
      this.#pending.delete(token);
      call.fail(error);
    }
  }

  readonly #sweep = (): void => {
    const now = performance.now();
    for (const [token, pending] of this.#pending.entries()) {
      const { call, deadline, heard } = pending;
      if (heard || Number.isNaN(deadline)) {
        // Late by an interval at most, but sending reads no clock: 0.3 us.
        pending.heard = false;
        pending.deadline = now + call.timeout;
      } else if (deadline <= now) {
        this.#pending.delete(token);
        call.fail(new RequestTimeoutError(call.subject, call.timeout));
      } else if (now - (deadline - call.timeout) >= LATE_AFTER_MS) {
        const reason = call.late?.();
        if (reason === undefined) continue;
        this.#pending.delete(token);
        call.fail(reason);
      }
    }
    this.#sweeper = this.#pending.size === 0
      ? undefined
      : setTimeout(this.#sweep, SWEEP_INTERVAL_MS);
  };

  /** Fails the pending calls, all of them or those of one owner. */
  #failAll(error: (pending: PendingCall) => unknown, owner?: object): void {
    const failed = this.#pending.entries().filter(([, pending]) =>
      owner === undefined || pending.owner === owner
    );
    for (const [token] of failed) this.#pending.delete(token);
    for (const [, pending] of failed) pending.call.fail(error(pending));
  }

  /** The server reports a missing permission apart from the replies. */
  #refused(error: PermissionDeniedError): void {
    const { operation, subject } = error;
    if (operation === "subscribe") {
      if (subject !== `${this.#subject}*`) return;
      const denied = permissionDenied(
        operation,
        subject,
        INBOX_ADVICE,
      );
      this.#refuse(denied);
      return;
    }
    for (const [token, { call }] of this.#pending.entries()) {
      if (call.subject === subject || call.covers?.includes(subject)) {
        this.#pending.delete(token);
        call.fail(error);
      }
    }
  }

  /** No reply can be received any more. */
  #refuse(reason: Error): void {
    this.#denied = reason;
    this.#forget(); // for the next owner it may be possible
    // The requests may have been carried out: only the replies are missing.
    this.#failAll(({ call }) => unheard(call, reason));
  }

  #end({ message, cause }: ConnectionClosedError): void {
    this.#forget();
    clearTimeout(this.#sweeper);
    this.#sweeper = undefined;
    if (!this.#nc.isClosed()) this.#subscription.unsubscribe();
    this.#failAll(() =>
      new ConnectionClosedError(message, { cause, sent: true })
    );
  }

  /** Has the next owner get another inbox. */
  #forget(): void {
    const byPrefix = inboxes.get(this.#nc);
    if (byPrefix?.get(this.#prefix) !== this) return;
    byPrefix.delete(this.#prefix);
  }
}

/**
 * Whether a reply says that nobody serves the subject. A stored message may
 * look like it, but comes with its sequence.
 */
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
  denied: Error,
): ConnectionLostError {
  const what = `The answer on ${JSON.stringify(subject)}`;
  return new ConnectionLostError(
    `${what} can't be received: ${denied.message}`,
    { sent: true, cause: denied },
  );
}

/** @param reason Why the server closed the connection, if it did. */
function unanswered(
  { call: { subject }, isRead }: PendingCall,
  reason: Error | undefined,
): ConnectionLostError {
  const message = `The connection dropped before ${
    JSON.stringify(subject)
  } was answered`;
  const isRefused = isRead === false && isPayloadViolation(reason);
  return new ConnectionLostError(withReason(message, reason), {
    cause: reason,
    sent: !isRefused,
  });
}
