/**
 * Watches a connection that somebody else owns.
 *
 * @module
 */

import type { Msg, NatsConnection, Subscription } from "@nats-io/nats-core";
import { offAbort, onAbort } from "../aborts.ts";
import {
  closedConnection,
  type ConnectionListener,
  ConnectionStatus,
} from "./_connection_status.ts";
import {
  type ConnectionClosedError,
  ConnectionLostError,
  withReason,
} from "./errors.ts";

export { closedConnection, type ConnectionListener };

/** Follows a connection for one of its users. */
export class ConnectionWatch {
  /** The connection. */
  readonly nc: NatsConnection;
  readonly #status: ConnectionStatus;
  readonly #listeners = new Set<ConnectionListener>();
  #over: ConnectionClosedError | undefined;

  constructor(nc: NatsConnection) {
    this.nc = nc;
    this.#status = ConnectionStatus.acquire(nc, this.#relay);
  }

  /** Whether the connection is up, as far as it has said. */
  get isUp(): boolean {
    return this.#status.isUp;
  }

  /** Why it is down, as far as a server has said. */
  get reason(): Error | undefined {
    return this.#status.reason;
  }

  /** Whether nothing can be sent any more: it is closed, or about to be. */
  get isOver(): boolean {
    return this.#over !== undefined || this.nc.isClosed() ||
      this.nc.isDraining();
  }

  /** Calls a listener about what happens; returns how to stop that. */
  listen(listener: ConnectionListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Subscribes. What is thrown in the callback would end the connection.
   *
   * @param callback Gets each message, or the error that ends the
   * subscription: a right that is missing, or a limit of the server.
   */
  subscribe(
    subject: string,
    callback: (error: Error | null, msg: Msg) => void,
  ): Subscription {
    const subscription = this.nc.subscribe(subject, { callback });
    const forget = this.#status.watchSubscription((error) => {
      subscription.unsubscribe();
      callback(error, undefined as unknown as Msg); // as nats.js does
    });
    subscription.closed.then(forget, forget);
    return subscription;
  }

  /**
   * Resolves at once while the connection is up, else when it is back.
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
      const late = () => settle(() => reject(this.#notBack(timeout!)));
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
   * @param reason What the remaining listeners are told.
   */
  async stop(reason: ConnectionClosedError): Promise<void> {
    this.#end(reason);
    await this.#status.release(this.#relay);
  }

  /** Passes on what happens to the connection. */
  readonly #relay: ConnectionListener = {
    down: (reason) => this.#tell((listener) => listener.down?.(reason)),
    up: (downtime) => this.#tell((listener) => listener.up?.(downtime)),
    denied: (error) => this.#tell((listener) => listener.denied?.(error)),
    over: (reason) => this.#end(reason),
  };

  #end(reason: ConnectionClosedError): void {
    if (this.#over) return;
    this.#over = reason;
    this.#tell((listener) => listener.over?.(reason));
    this.#listeners.clear();
  }

  #tell(of: (listener: ConnectionListener) => void): void {
    for (const listener of [...this.#listeners]) of(listener);
  }

  #notBack(timeout: number): ConnectionLostError {
    const { reason } = this;
    const message = `The connection was not back within ${
      Math.round(timeout)
    } ms`;
    return new ConnectionLostError(withReason(message, reason), {
      cause: reason,
    });
  }
}
