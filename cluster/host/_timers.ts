/**
 * Timers that end with what set them.
 *
 * @module
 */

/** Calls back later, until it is closed. */
export class Timers {
  readonly #open = new Set<ReturnType<typeof setTimeout>>();
  #isClosed = false;

  /** Calls back after so many milliseconds; returns how to stop that. */
  later(ms: number, run: () => void): () => void {
    if (this.#isClosed) return () => {};
    const timer = setTimeout(() => {
      this.#open.delete(timer);
      run();
    }, ms);
    this.#open.add(timer);
    return () => {
      clearTimeout(timer);
      this.#open.delete(timer);
    };
  }

  /** Calls nobody back any more. */
  close(): void {
    this.#isClosed = true;
    for (const timer of this.#open) clearTimeout(timer);
    this.#open.clear();
  }
}
