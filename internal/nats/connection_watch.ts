/**
 * What becomes of a connection that somebody else owns.
 *
 * @module
 */

import {
  type NatsConnection,
  PermissionViolationError,
  type QueuedIterator,
  type Status,
} from "@nats-io/nats-core";
import { offAbort, onAbort } from "../aborts.ts";
import {
  ConnectionClosedError,
  ConnectionLostError,
  PermissionDeniedError,
} from "./errors.ts";

/** Hears of a connection. */
export interface ConnectionListener {
  /** It dropped. */
  down?(): void;
  /** It is back; it was away for this long, in milliseconds. */
  up?(downtime: number): void;
  /** The server refused a right, to whoever shares the connection. */
  denied?(error: PermissionDeniedError): void;
  /** It is closed for good, or is not watched any more; nothing follows. */
  over?(reason: ConnectionClosedError): void;
}

/** Watches a connection. */
export class ConnectionWatch {
  /** The connection. */
  readonly nc: NatsConnection;
  readonly #listeners = new Set<ConnectionListener>();
  readonly #statuses: QueuedIterator<Status>;
  readonly #watching: Promise<void>;
  /** When it was lost, in monotonic milliseconds; undefined while it is up. */
  #lostAt: number | undefined;
  #over: ConnectionClosedError | undefined;

  constructor(nc: NatsConnection) {
    this.nc = nc;
    this.#statuses = nc.status() as QueuedIterator<Status>;
    // It tells nothing of itself while it dials.
    if (nc.info === undefined) this.#lostAt = performance.now();
    this.#watching = this.#watch();
  }

  /** Whether it is there, as far as it has told. */
  get isUp(): boolean {
    return this.#lostAt === undefined;
  }

  /** Whether nothing can be sent any more: it is closed, or about to be. */
  get isOver(): boolean {
    return this.#over !== undefined || this.nc.isClosed() ||
      this.nc.isDraining();
  }

  /** Has a listener hear of what happens; returns how to stop that. */
  listen(listener: ConnectionListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Resolves at once while it is up, else when it is back.
   *
   * @param options.timeout In milliseconds; forever by default.
   * @throws {ConnectionClosedError} If it is closed for good.
   * @throws {ConnectionLostError} After `timeout`.
   */
  connected(
    options: { timeout?: number; signal?: AbortSignal | undefined } = {},
  ): Promise<void> {
    if (this.isOver) return Promise.reject(this.#over ?? closedConnection());
    if (this.isUp) return Promise.resolve();
    const { timeout, signal } = options;
    return new Promise((resolve, reject) => {
      const settle = (done: () => void) => {
        clearTimeout(timer);
        stop();
        offAbort(signal, abortable);
        done();
      };
      const aborted = () => settle(() => reject(signal!.reason));
      const abortable = { aborted };
      const late = () => settle(() => reject(notBack(timeout!)));
      const timer = timeout === undefined
        ? undefined
        : setTimeout(late, timeout);
      const stop = this.listen({
        up: () => settle(resolve),
        over: (reason) => settle(() => reject(reason)),
      });
      if (signal?.aborted) aborted();
      else onAbort(signal, abortable);
    });
  }

  /**
   * Stops watching, and leaves the connection as it was.
   *
   * @param reason What who still listens is told.
   */
  async stop(reason: ConnectionClosedError): Promise<void> {
    this.#end(reason);
    this.#statuses.stop();
    await this.#watching;
  }

  async #watch(): Promise<void> {
    for await (const status of this.#statuses) {
      if (this.#over) return;
      switch (status.type) {
        case "disconnect":
        case "reconnecting":
          // While it waits to dial again, nothing tells a newcomer so.
          if (!this.isUp) break;
          this.#lostAt = performance.now();
          this.#tell((listener) => listener.down?.());
          break;
        case "reconnect": {
          const now = performance.now();
          const downtime = now - (this.#lostAt ?? now);
          this.#lostAt = undefined;
          this.#tell((listener) => listener.up?.(downtime));
          break;
        }
        case "error":
          if (status.error instanceof PermissionViolationError) {
            const error = deniedBy(status.error);
            this.#tell((listener) => listener.denied?.(error));
          }
          break;
      }
    }
    this.#end(closedConnection());
  }

  #end(reason: ConnectionClosedError): void {
    if (this.#over) return;
    this.#over = reason;
    this.#tell((listener) => listener.over?.(reason));
    this.#listeners.clear();
  }

  #tell(of: (listener: ConnectionListener) => void): void {
    for (const listener of [...this.#listeners]) of(listener);
  }
}

/** The error for a connection that is closed, or about to be. */
export function closedConnection(): ConnectionClosedError {
  return new ConnectionClosedError("The NATS connection is closed");
}

function notBack(timeout: number): ConnectionLostError {
  return new ConnectionLostError(
    `The connection was not back within ${Math.round(timeout)} ms`,
  );
}

function deniedBy(
  { operation, subject }: PermissionViolationError,
): PermissionDeniedError {
  const what = operation === "subscription" ? "subscribe" : "publish";
  return new PermissionDeniedError(what, subject);
}
