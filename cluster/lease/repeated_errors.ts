/**
 * Errors that come again and again.
 *
 * @module
 */

/** For how long an error does not come before it is news again. */
const QUIET_MS = 60_000;

/**
 * Tells which errors of a link are news. Several loops use it, some of which
 * may succeed while others fail each time.
 */
export class RepeatedErrors {
  /** By message, when it came last, in monotonic milliseconds. */
  readonly #last = new Map<string, number>();

  /** Whether an error has not come for a while, by its message. */
  isNews(error: unknown): boolean {
    const message = error instanceof Error ? error.message : typeof error;
    const now = performance.now();
    for (const [each, at] of this.#last) {
      if (now - at >= QUIET_MS) this.#last.delete(each);
    }
    const isNews = !this.#last.has(message);
    this.#last.set(message, now);
    return isNews;
  }
}
