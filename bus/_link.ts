/**
 * What a bus has to know of its connection.
 *
 * @module
 */

import type { NatsConnection } from "@nats-io/nats-core";
import {
  type ConnectionListener,
  ConnectionWatch,
} from "../internal/nats/connection_watch.ts";
import {
  ConnectionClosedError,
  ConnectionLostError,
} from "../internal/nats/errors.ts";

/** After how many bytes the server is asked to confirm that it has them. */
const MARK = 256 * 1024;
/** How many bytes may be on the way before publishers have to wait. */
const WINDOW = 2 * 1024 * 1024;

/** A connection that somebody else owns. */
export class Link {
  readonly #nc: NatsConnection;
  readonly #watch: ConnectionWatch;
  readonly #ignore: () => void;
  #answered = false;
  #confirming: Promise<void> | undefined;
  /** Bytes that no confirmation was asked for yet, and those that wait for one. */
  #unmarked = 0;
  #marked = 0;
  #waiting: PromiseWithResolvers<void> | undefined;

  /** @throws {ConnectionClosedError} If the connection is closed. */
  constructor(
    nc: NatsConnection,
    listener: ConnectionListener,
    action: string,
  ) {
    if (nc.isClosed() || nc.isDraining()) throw closedTo(action);
    this.#nc = nc;
    this.#watch = new ConnectionWatch(nc);
    this.#ignore = this.#watch.listen(listener);
  }

  /**
   * @throws {ConnectionClosedError} If nothing can be sent any more.
   * @throws {ConnectionLostError} If nothing can be sent right now.
   */
  throwIfDown(action: string): void {
    this.throwIfClosed(action);
    if (this.#watch.isUp) return;
    throw new ConnectionLostError(`Cannot ${action}: the connection is down`);
  }

  /** @throws {ConnectionClosedError} If the connection is closed. */
  throwIfClosed(action: string): void {
    if (this.#watch.isOver) throw closedTo(action);
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
        // What it rejects with, the next look says with more words.
        await this.#watch.connected().catch(() => {});
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

  /**
   * Stops watching, and leaves the connection as it was.
   *
   * @param refusal What those who wait for room fail with.
   */
  async stop(refusal: Error): Promise<void> {
    this.#ignore();
    this.#waiting?.reject(refusal);
    this.#waiting = undefined;
    await this.#watch.stop(new ConnectionClosedError("The bus is closed"));
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
}

function closedTo(action: string): ConnectionClosedError {
  return new ConnectionClosedError(
    `Cannot ${action}: the NATS connection is closed`,
  );
}
