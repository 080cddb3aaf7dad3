/**
 * Finding out that a connection's server is frozen.
 *
 * @module
 */

import type { NatsConnection } from "@nats-io/nats-core";
import { RequestTimeoutError } from "../../internal/nats/errors.ts";

/** After how many timeouts in a row the server is pinged. */
const TIMEOUTS = 3;

/** Pings that are under way, for all who share a connection. */
const pings = new WeakMap<NatsConnection, Promise<boolean>>();

/**
 * Asks a connection to reconnect when its server does not answer. It would
 * find out by itself, but after minutes. That requests are not answered is not
 * enough: the server may wait for another one, which leads the stream.
 */
export class ConnectionCare {
  readonly #nc: NatsConnection;
  readonly #timeout: number;
  readonly #reconnected: () => void;
  #timeouts = 0;

  /**
   * @param timeout How long a ping waits, in milliseconds.
   * @param reconnected Hears that the connection was asked to reconnect.
   */
  constructor(nc: NatsConnection, timeout: number, reconnected: () => void) {
    this.#nc = nc;
    this.#timeout = timeout;
    this.#reconnected = reconnected;
  }

  /** Takes in how a request ended: with an error, or without. */
  async note(error: unknown): Promise<void> {
    if (!(error instanceof RequestTimeoutError)) {
      this.#timeouts = 0;
      return;
    }
    if (++this.#timeouts < TIMEOUTS) return;
    this.#timeouts = 0;
    let ping = pings.get(this.#nc);
    if (ping === undefined) {
      ping = answers(this.#nc, this.#timeout);
      pings.set(this.#nc, ping);
    }
    const isAlive = await ping;
    // Whoever comes first does it for all.
    if (!pings.delete(this.#nc) || isAlive || this.#nc.isClosed()) return;
    this.#reconnected();
    await this.#nc.reconnect().catch(() => {
      // It is about to be closed; its owner knows.
    });
  }
}

/** Whether a connection's server answers a ping. */
function answers(nc: NatsConnection, timeout: number): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), timeout);
    const settle = (isAlive: boolean) => {
      clearTimeout(timer);
      resolve(isAlive);
    };
    // A ping that fails does so as the connection drops: it redials anyway.
    nc.flush().then(() => settle(true), () => settle(true));
  });
}
