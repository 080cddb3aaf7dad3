/**
 * How much the consumers on one connection ask for at once.
 *
 * A server with more than its `max_pending` (64 MiB by default) waiting for a
 * connection cuts it as a slow consumer, with everything that goes over it.
 * However many consumers catch up there, they ask together for far less.
 *
 * @module
 */

import type { NatsConnection } from "@nats-io/nats-core";

/** Bytes that the consumers on a connection ask for at once, together. */
const BUDGET_BYTES = 16 * 1024 * 1024;

/** Bytes that each of them may ask for, however many they are. */
const MIN_SHARE_BYTES = 32 * 1024;

const budgets = new WeakMap<NatsConnection, PullBudget>();

/** The bytes that the consumers on one connection share. */
export class PullBudget {
  #consumers = 0;
  #large = 0;
  readonly #waiting = new Set<() => void>();

  /** The one of a connection. */
  static of(connection: NatsConnection): PullBudget {
    let budget = budgets.get(connection);
    if (budget === undefined) {
      budget = new PullBudget();
      budgets.set(connection, budget);
    }
    return budget;
  }

  /** Bytes that a consumer may ask for now, in all of its pulls. */
  get share(): number {
    return Math.max(
      MIN_SHARE_BYTES,
      Math.floor(BUDGET_BYTES / this.#consumers),
    );
  }

  /** Counts one consumer more; returns how to leave. */
  join(): () => void {
    this.#consumers++;
    return () => this.#consumers--;
  }

  /**
   * Waits for its turn to ask for one message that is larger than a share.
   *
   * @param size The most bytes that it may have.
   * @param ask Called when it is its turn, now or later.
   * @returns Ends the turn, or the waiting for it.
   */
  askLarge(size: number, ask: () => void): () => void {
    const most = Math.max(1, Math.floor(BUDGET_BYTES / size));
    let hasTurn = false;
    const begin = () => {
      hasTurn = true;
      this.#large++;
      ask();
    };
    if (this.#large < most) begin();
    else this.#waiting.add(begin);
    return () => {
      if (!hasTurn) {
        this.#waiting.delete(begin);
        return;
      }
      hasTurn = false;
      this.#large--;
      const [next] = this.#waiting;
      if (next === undefined) return;
      this.#waiting.delete(next);
      next();
    };
  }
}
