/**
 * Remembers which actors several savers contended for.
 *
 * @module
 */

/** For how long a subject is remembered, in milliseconds. */
const CONTENTION_MS = 1_000;

/**
 * Remembers subjects whose expectations failed: their saves go apart from
 * groups, which one failed expectation rejects as a whole.
 */
export class Contention {
  /** Until when, the latest last. */
  readonly #until = new Map<string, number>();
  readonly #now: () => number;

  /** @param now Monotonic milliseconds. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** How many subjects are remembered, with some that are to be forgotten. */
  get size(): number {
    return this.#until.size;
  }

  /** Remembers subjects from now on. */
  note(subjects: readonly string[]): void {
    const now = this.#now();
    this.#forget(now);
    for (const subject of subjects) {
      this.#until.delete(subject); // to the end
      this.#until.set(subject, now + CONTENTION_MS);
    }
  }

  /** Whether a subject was noted not long ago. */
  has(subject: string): boolean {
    this.#forget(this.#now());
    return this.#until.has(subject);
  }

  /** Forgets the subjects whose time is over. */
  #forget(now: number): void {
    for (const [subject, until] of this.#until) {
      if (until > now) return; // the rest was noted later
      this.#until.delete(subject);
    }
  }
}
