/**
 * The state of a connection, followed once for all its users.
 *
 * @module
 */

import type {
  NatsConnection,
  PermissionViolationError,
  QueuedIterator,
  Status,
} from "@nats-io/nats-core";
import {
  ConnectionClosedError,
  permissionDenied,
  type PermissionDeniedError,
  SubscriptionLimitError,
  withReason,
} from "./errors.ts";
import { UnconfirmedSubscriptions } from "./_unconfirmed_subscriptions.ts";

/** Hears of a connection. */
export interface ConnectionListener {
  /**
   * It dropped.
   *
   * @param reason What the server said before, if it closed the connection.
   */
  down?(reason: Error | undefined): void;
  /** It is back; it was away for this long, in milliseconds. */
  up?(downtime: number): void;
  /** The server refused a right to a user of the connection. */
  denied?(error: PermissionDeniedError): void;
  /** It is closed for good, or is not watched any more; nothing follows. */
  over?(reason: ConnectionClosedError): void;
}

/** The connections that are followed. */
const followed = new WeakMap<NatsConnection, ConnectionStatus>();

/** Follows a connection for as long as somebody listens. */
export class ConnectionStatus {
  readonly #nc: NatsConnection;
  readonly #listeners = new Set<ConnectionListener>();
  readonly #statuses: QueuedIterator<Status>;
  readonly #following: Promise<void>;
  readonly #unconfirmed: UnconfirmedSubscriptions;
  /** When it was lost, in monotonic milliseconds; undefined while it is up. */
  #lostAt: number | undefined;
  /** The last error for which a server closes, or refuses, a connection. */
  #reason: Error | undefined;

  /** The status of a connection, with one more listener. */
  static acquire(
    nc: NatsConnection,
    listener: ConnectionListener,
  ): ConnectionStatus {
    let status = followed.get(nc);
    if (status === undefined) {
      followed.set(nc, status = new ConnectionStatus(nc));
    }
    status.#listeners.add(listener);
    return status;
  }

  private constructor(nc: NatsConnection) {
    this.#nc = nc;
    this.#unconfirmed = new UnconfirmedSubscriptions(nc);
    this.#statuses = nc.status() as QueuedIterator<Status>;
    // While it dials it has no info, and reports nothing.
    if (nc.info === undefined) this.#lostAt = performance.now();
    this.#following = this.#follow();
  }

  /** Whether the connection is up, as far as it has said. */
  get isUp(): boolean {
    return this.#lostAt === undefined;
  }

  /** Why it is down, as far as a server has said. */
  get reason(): Error | undefined {
    return this.#reason;
  }

  /**
   * Has a subscription that was just made hear if the server refuses it.
   *
   * @returns Ends that, to be called when the subscription ends.
   */
  watchSubscription(refused: (error: Error) => void): () => void {
    return this.#unconfirmed.add(refused);
  }

  /** Takes a listener out; without listeners nothing is followed any more. */
  async release(listener: ConnectionListener): Promise<void> {
    this.#listeners.delete(listener);
    if (this.#listeners.size > 0) return;
    this.#forget();
    this.#statuses.stop();
    await this.#following;
  }

  async #follow(): Promise<void> {
    for await (const status of this.#statuses) {
      switch (status.type) {
        case "disconnect":
        case "reconnecting":
          // While nats.js waits to dial again, only the latter comes.
          if (!this.isUp) break;
          this.#lostAt = performance.now();
          this.#tell((listener) => listener.down?.(this.#reason));
          break;
        case "reconnect": {
          const now = performance.now();
          const downtime = now - (this.#lostAt ?? now);
          this.#lostAt = undefined;
          this.#reason = undefined;
          this.#unconfirmed.startOver(); // nats.js has made them all anew
          this.#tell((listener) => listener.up?.(downtime));
          break;
        }
        case "error":
          this.#hear(status.error);
          break;
      }
    }
    this.#forget();
    const reason = this.#nc.isClosed() ? await this.#nc.closed() : undefined;
    const over = closedConnection(reason ?? undefined);
    this.#tell((listener) => listener.over?.(over));
  }

  /** Takes an error that the server has reported. */
  #hear(error: Error): void {
    // By name: a program may hold two copies of nats-core.
    if (error.name === "PermissionViolationError") {
      const denied = deniedBy(error as PermissionViolationError);
      this.#tell((listener) => listener.denied?.(denied));
    } else if (/maximum subscriptions/i.test(error.message)) {
      this.#unconfirmed.refuse(new SubscriptionLimitError({ cause: error }));
    } else if (!/invalid (publish )?subject/i.test(error.message)) {
      this.#reason = error; // all others end the connection
    }
  }

  #tell(of: (listener: ConnectionListener) => void): void {
    for (const listener of [...this.#listeners]) of(listener);
  }

  /** Has the next user follow the connection anew. */
  #forget(): void {
    if (followed.get(this.#nc) === this) followed.delete(this.#nc);
  }
}

/**
 * The error for a connection that is closed, or about to be.
 *
 * @param reason The error that closed it, if one did.
 */
export function closedConnection(reason?: Error): ConnectionClosedError {
  return new ConnectionClosedError(
    withReason("The NATS connection is closed", reason),
    { cause: reason },
  );
}

function deniedBy(
  { operation, subject }: PermissionViolationError,
): PermissionDeniedError {
  const what = operation === "subscription" ? "subscribe" : "publish";
  return permissionDenied(what, subject);
}
