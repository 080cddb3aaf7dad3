/**
 * Attempts of calls that came later than they were sent again.
 *
 * @module
 */

import type { CallAttempt } from "./envelope.ts";

/** How long a call that was sent again is remembered, in milliseconds. */
const REMEMBERED_MS = 600_000;

/** How many are, at most. */
const MAX_REMEMBERED = 100_000;

/**
 * Remembers calls that were sent again. An attempt may be held up, in a server
 * that stands still or in the network, and arrive when a later one has been
 * answered: handled then, it could store what its caller was told is refused.
 */
export class SupersededAttempts {
  /** By call, the last attempt that came; the oldest first. */
  readonly #last = new Map<string, { number: number; at: number }>();

  /** How many calls are remembered. */
  get size(): number {
    return this.#last.size;
  }

  /** Whether a later attempt of the same call has come before this one. */
  isLate(attempt: CallAttempt | undefined): boolean {
    if (attempt === undefined) return false;
    const { id, number } = attempt;
    const last = this.#last.get(id)?.number ?? 0;
    if (number < last) return true;
    if (number > Math.max(1, last)) this.#remember(id, number);
    return false;
  }

  #remember(id: string, number: number): void {
    const now = performance.now();
    this.#last.delete(id); // to the end
    this.#last.set(id, { number, at: now });
    for (const [oldest, { at }] of this.#last) {
      const isOld = at < now - REMEMBERED_MS;
      if (!isOld && this.#last.size <= MAX_REMEMBERED) break;
      this.#last.delete(oldest);
    }
  }
}
