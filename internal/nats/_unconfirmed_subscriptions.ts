/**
 * Subscriptions that the server may still refuse.
 *
 * @module
 */

import type { NatsConnection } from "@nats-io/nats-core";

/** Called with the reason when the server refuses a subscription. */
type Refused = (error: Error) => void;

/**
 * When a connection has as many subscriptions as the server allows, the server
 * refuses further ones without naming them. It answers in order, so the refused
 * ones are among those made since the last ping that it has answered.
 */
export class UnconfirmedSubscriptions {
  readonly #nc: NatsConnection;
  /** Every subscription, with the number of pings sent before it was made. */
  readonly #all = new Map<Refused, number>();
  #pings = 0;
  #answered = 0;
  #isDue = false;

  constructor(nc: NatsConnection) {
    this.#nc = nc;
  }

  /** Adds a subscription; returns how to take it out. */
  add(refused: Refused): () => void {
    this.#all.set(refused, this.#pings);
    this.#confirm();
    return () => this.#all.delete(refused);
  }

  /** After a reconnect all of them are unconfirmed. */
  startOver(): void {
    for (const refused of this.#all.keys()) this.#all.set(refused, this.#pings);
    if (this.#all.size > 0) this.#confirm();
  }

  /** The server has refused a subscription. */
  refuse(error: Error): void {
    for (const [refused, pings] of [...this.#all]) {
      if (pings < this.#answered) continue;
      this.#all.delete(refused);
      refused(error);
    }
  }

  /** Asks the server for an answer behind what was subscribed in this turn. */
  #confirm(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    queueMicrotask(async () => {
      this.#isDue = false;
      const ping = ++this.#pings;
      try {
        await this.#nc.flush();
      } catch {
        return; // after the reconnect they are asked about again
      }
      // What the server said before comes a few microtasks later.
      await new Promise((resolve) => setTimeout(resolve));
      this.#answered = Math.max(this.#answered, ping);
    });
  }
}
