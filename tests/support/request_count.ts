/**
 * Counts what a connection asks for.
 *
 * @module
 */

import type { NatsConnection } from "@nats-io/nats-core";

/** How much a call has asked for. */
export interface Asked {
  /** Messages that were published. */
  readonly requests: number;
  /**
   * Groups of requests without an answer in between: no call takes fewer round
   * trips than its requests have groups.
   */
  readonly roundTrips: number;
}

/** Counts the requests on a connection from now on, call by call. */
export class RequestCount {
  readonly #nc: NatsConnection;
  #subjects: string[] = [];
  #roundTrips = 0;
  #received = -1;

  constructor(nc: NatsConnection) {
    this.#nc = nc;
    const publish = nc.publish.bind(nc);
    nc.publish = (subject, ...rest) => {
      this.#note(subject);
      publish(subject, ...rest);
    };
  }

  /** How much a call asks for, until it ends. */
  async of(call: () => Promise<unknown>): Promise<Asked> {
    this.#subjects = [];
    this.#roundTrips = 0;
    this.#received = -1;
    await call();
    return { requests: this.#subjects.length, roundTrips: this.#roundTrips };
  }

  #note(subject: string): void {
    this.#subjects.push(subject);
    const { inMsgs } = this.#nc.stats();
    if (inMsgs === this.#received) return;
    this.#received = inMsgs;
    this.#roundTrips++;
  }
}
