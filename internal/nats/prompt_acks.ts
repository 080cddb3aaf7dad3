/**
 * Keeps Nagle's algorithm from holding back what is sent.
 *
 * Where a transport leaves it on (transport-deno 3.4.0 does), the kernel keeps
 * a small write until the server's kernel has acknowledged the one before. If
 * the server has nothing to answer, that takes it 40 ms (delayed
 * acknowledgements, RFC 1122, 4.2.3.2). A PING in the same write is answered at
 * once, and the answer carries the acknowledgement along.
 *
 * @module
 */

import type { NatsConnection } from "@nats-io/nats-core";

/**
 * Bytes of a batch behind which a PING is due. nats.js writes 32 KiB at a
 * time: each write but the last, which is answered, has a PING. Without it a
 * batch of 60 to 300 events took 45 ms where Nagle's algorithm is on, with it
 * 2 to 8 as where it is off.
 */
const PING_INTERVAL_BYTES = 24 * 1024;

/** Sends a PING; what becomes of it does not matter. */
function ping(nc: NatsConnection): Promise<void> {
  return nc.flush().catch(() => {});
}

/** Counts the bytes of a batch whose last message alone is answered. */
export class BatchAcks {
  readonly #nc: NatsConnection;
  #unanswered = 0;

  constructor(nc: NatsConnection) {
    this.#nc = nc;
  }

  /** Counts a message that was just published. */
  published(bytes: number): void {
    this.#unanswered += bytes;
    if (this.#unanswered < PING_INTERVAL_BYTES) return;
    this.#unanswered = 0;
    ping(this.#nc);
  }
}

/**
 * PINGs under way at most. A PING for each publish would take three quarters of
 * their rate (20,000 to 5,000/s, one by one), eight take nothing.
 */
const MAX_PINGS = 8;

/**
 * Has messages that nobody answers acknowledged soon, so that what is sent
 * behind a publish is not held back: a save behind one took 44 ms without it
 * and takes 0.5 with it. Behind a fast run of publishes it may still wait.
 */
export class PublishAcks {
  readonly #nc: NatsConnection;
  #pings = 0;
  #isDue = false;

  constructor(nc: NatsConnection) {
    this.#nc = nc;
  }

  /** To be called right before a publish, so that both are in one write. */
  publishing(): void {
    if (this.#isDue || this.#pings === MAX_PINGS) return;
    this.#isDue = true;
    this.#pings++;
    // Runs before the microtask in which nats.js writes what was published.
    queueMicrotask(() => {
      this.#isDue = false;
      ping(this.#nc).then(() => this.#pings--);
    });
  }
}
