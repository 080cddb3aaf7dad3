/**
 * What a bus has to know of its connection.
 *
 * @module
 */

import {
  type NatsConnection,
  PermissionViolationError,
  type QueuedIterator,
  type Status,
} from "@nats-io/nats-core";
import { ConnectionClosedError, ConnectionLostError } from "../nats/errors.ts";

/** After how many bytes the server is asked to confirm that it has them. */
const MARK = 256 * 1024;
/** How many bytes may be on the way before publishers have to wait. */
const WINDOW = 2 * 1024 * 1024;

/** Hears of what happens to a connection. */
export interface LinkEvents {
  /** It is back; it was away for this long, in milliseconds. */
  reconnected(downtime: number): void;
  /** It is closed for good. */
  closed(): void;
  /** The server refused something that was published there. */
  denied(subject: string): void;
}

/** Watches a connection that it does not own. */
export class Link {
  readonly #nc: NatsConnection;
  readonly #events: LinkEvents;
  readonly #statuses: QueuedIterator<Status>;
  readonly #watching: Promise<void>;
  /** Resolves when the connection is there; undefined while it is. */
  #away: PromiseWithResolvers<void> | undefined;
  #lostAt = 0;
  #closed = false;
  #stopped = false;
  #answered = false;
  #confirming: Promise<void> | undefined;
  /** Bytes that no confirmation was asked for yet, and those that wait for one. */
  #unmarked = 0;
  #marked = 0;
  #waiting: PromiseWithResolvers<void> | undefined;

  /** @throws {ConnectionClosedError} If the connection is closed. */
  constructor(nc: NatsConnection, events: LinkEvents, action: string) {
    if (nc.isClosed() || nc.isDraining()) throw closedTo(action);
    this.#nc = nc;
    this.#events = events;
    this.#statuses = nc.status() as QueuedIterator<Status>;
    // It tells nothing of itself while it dials.
    if (nc.info === undefined) this.#lose();
    this.#watching = this.#watch();
  }

  /**
   * @throws {ConnectionClosedError} If nothing can be sent any more.
   * @throws {ConnectionLostError} If nothing can be sent right now.
   */
  throwIfDown(action: string): void {
    if (this.#closed || this.#nc.isClosed() || this.#nc.isDraining()) {
      throw closedTo(action);
    }
    if (this.#away === undefined) return;
    throw new ConnectionLostError(`Cannot ${action}: the connection is down`);
  }

  /** @throws {ConnectionClosedError} If the connection is closed. */
  throwIfClosed(action: string): void {
    if (this.#closed || this.#nc.isClosed() || this.#nc.isDraining()) {
      throw closedTo(action);
    }
  }

  /** Whether the server has ever answered. */
  get answered(): boolean {
    return this.#answered;
  }

  /**
   * Resolves when the server has handled everything sent so far, and what it
   * refused of that was told.
   *
   * @throws {ConnectionLostError} If the connection is lost before.
   * @throws {ConnectionClosedError} If it is closed.
   */
  confirm(): Promise<void> {
    // Those that ask at the same time are answered by one round trip.
    return this.#confirming ??= Promise.resolve().then(async () => {
      this.#confirming = undefined;
      const action = "wait for the server";
      this.throwIfDown(action);
      try {
        await this.#nc.flush();
        this.#answered = true;
      } catch (cause) {
        this.throwIfClosed(action);
        const message = "The connection was lost before the server answered";
        throw new ConnectionLostError(message, { sent: true, cause });
      } finally {
        // Statuses come a few microtasks later.
        await new Promise((resolve) => setTimeout(resolve));
      }
    });
  }

  /** As {@linkcode Link.confirm}, and tries again after a reconnect. */
  async settle(): Promise<void> {
    for (;;) {
      try {
        return await this.confirm();
      } catch (error) {
        if (!(error instanceof ConnectionLostError)) throw error;
        await this.#away?.promise;
      }
    }
  }

  /**
   * Counts what was sent.
   *
   * @returns When there is room for more, if there is none now.
   */
  sent(bytes: number): Promise<void> | undefined {
    this.#unmarked += bytes;
    if (this.#unmarked >= MARK) this.#mark();
    if (this.#marked <= WINDOW) return undefined;
    this.#waiting ??= Promise.withResolvers();
    return this.#waiting.promise;
  }

  /** Stops watching, and leaves the connection as it was. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#statuses.stop();
    await this.#watching;
  }

  #mark(): void {
    const bytes = this.#unmarked;
    this.#unmarked = 0;
    this.#marked += bytes;
    const done = () => {
      this.#marked -= bytes;
      if (this.#marked > WINDOW) return;
      this.#waiting?.resolve();
      this.#waiting = undefined;
    };
    // What was lost on the way waits no more either.
    this.#nc.flush().then(done, done);
  }

  #lose(): void {
    if (this.#away !== undefined) return;
    this.#lostAt = performance.now();
    this.#away = Promise.withResolvers();
  }

  async #watch(): Promise<void> {
    for await (const status of this.#statuses) {
      if (this.#stopped) return;
      switch (status.type) {
        case "disconnect":
        case "reconnecting":
          // While it waits to dial again, nothing tells a newcomer so.
          this.#lose();
          break;
        case "reconnect": {
          this.#lose();
          const away = this.#away!;
          this.#away = undefined;
          this.#events.reconnected(performance.now() - this.#lostAt);
          away.resolve();
          break;
        }
        case "error": {
          const { error } = status;
          if (
            error instanceof PermissionViolationError &&
            error.operation === "publish"
          ) this.#events.denied(error.subject);
          break;
        }
      }
    }
    if (this.#stopped) return;
    this.#closed = true;
    this.#away?.resolve();
    this.#events.closed();
  }
}

function closedTo(action: string): ConnectionClosedError {
  return new ConnectionClosedError(
    `Cannot ${action}: the NATS connection is closed`,
  );
}
