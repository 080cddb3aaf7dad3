/**
 * A bus's view of its connection: whether it is up, and how far the server has
 * handled what was sent.
 *
 * @module
 */

import type { Msg, NatsConnection, Subscription } from "@nats-io/nats-core";
import {
  type ConnectionListener,
  ConnectionWatch,
} from "../internal/nats/connection_watch.ts";
import {
  ConnectionClosedError,
  ConnectionLostError,
  withReason,
} from "../internal/nats/errors.ts";

/** Bytes sent before the server is asked to confirm them. */
const CONFIRM_INTERVAL_BYTES = 256 * 1024;
/** Unconfirmed bytes beyond which publishers have to wait. */
const MAX_UNCONFIRMED_BYTES = 2 * 1024 * 1024;

/** A connection that the bus's caller owns. */
export class Link {
  readonly #nc: NatsConnection;
  readonly #watch: ConnectionWatch;
  readonly #ignore: () => void;
  #answered = false;
  #confirming: Promise<void> | undefined;
  /** Bytes sent since a confirmation was last asked for. */
  #unasked = 0;
  /** Bytes that wait to be confirmed. */
  #unconfirmed = 0;
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
    const { reason } = this.#watch;
    throw new ConnectionLostError(
      withReason(`Cannot ${action}: the connection is down`, reason),
      { cause: reason },
    );
  }

  /** @throws {ConnectionClosedError} If the connection is closed. */
  throwIfClosed(action: string): void {
    if (this.#watch.isOver) throw closedTo(action);
  }

  /** As {@linkcode ConnectionWatch.subscribe}. */
  subscribe(
    subject: string,
    callback: (error: Error | null, msg: Msg) => void,
  ): Subscription {
    return this.#watch.subscribe(subject, callback);
  }

  /** Resolves when the connection is up, see {@linkcode ConnectionWatch}. */
  connected(): Promise<void> {
    return this.#watch.connected();
  }

  /** Whether the server has ever answered. */
  get answered(): boolean {
    return this.#answered;
  }

  /**
   * Resolves when the server has handled everything sent so far, and has
   * reported what it refused.
   *
   * @throws {ConnectionLostError} If the connection is lost before.
   * @throws {ConnectionClosedError} If it is closed.
   */
  confirm(): Promise<void> {
    // Calls at the same time share one round trip.
    return this.#confirming ??= Promise.resolve().then(async () => {
      this.#confirming = undefined;
      const action = "wait for the server";
      this.throwIfDown(action);
      try {
        await this.#nc.flush();
        this.#answered = true;
      } catch (cause) {
        this.throwIfClosed(action);
        const message = withReason(
          `Cannot ${action}: the connection was lost before the server answered`,
          this.#watch.reason,
        );
        throw new ConnectionLostError(message, { sent: true, cause });
      } finally {
        // Refusals arrive a few microtasks later.
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
        // The next attempt fails with the same reason, said in full.
        await this.#watch.connected().catch(() => {});
      }
    }
  }

  /**
   * Counts what was sent.
   *
   * @returns A promise of room for more, if there is none now.
   */
  sent(bytes: number): Promise<void> | undefined {
    this.#unasked += bytes;
    if (this.#unasked >= CONFIRM_INTERVAL_BYTES) this.#askToConfirm();
    if (this.#unconfirmed <= MAX_UNCONFIRMED_BYTES) return undefined;
    this.#waiting ??= Promise.withResolvers();
    return this.#waiting.promise;
  }

  /**
   * Stops watching, and leaves the connection as it was.
   *
   * @param refusal The reason that publishers waiting for room fail with.
   */
  async stop(refusal: Error): Promise<void> {
    this.#ignore();
    this.#waiting?.reject(refusal);
    this.#waiting = undefined;
    await this.#watch.stop(new ConnectionClosedError("The bus is closed"));
  }

  #askToConfirm(): void {
    const bytes = this.#unasked;
    this.#unasked = 0;
    this.#unconfirmed += bytes;
    const done = () => {
      this.#unconfirmed -= bytes;
      if (this.#unconfirmed > MAX_UNCONFIRMED_BYTES) return;
      this.#waiting?.resolve();
      this.#waiting = undefined;
    };
    // Nothing waits for what was lost on the way.
    this.#nc.flush().then(done, done);
  }
}

function closedTo(action: string): ConnectionClosedError {
  return new ConnectionClosedError(
    `Cannot ${action}: the NATS connection is closed`,
  );
}
