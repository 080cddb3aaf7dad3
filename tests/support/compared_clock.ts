/**
 * What programs write down that run in processes of tests, and by which clock.
 *
 * @module
 */

const encoder = new TextEncoder();

/** Writes a line of words, at once. */
export function say(...words: unknown[]): void {
  Deno.stdout.writeSync(encoder.encode(`${words.join(" ")}\n`));
}

/** The monotonic clock, and which reading of it was compared. */
export class ComparedClock {
  readonly #read = performance.now.bind(performance);
  #compared: number | undefined;

  /** From now on each reading is noticed. */
  constructor() {
    performance.now = () => {
      const now = this.#read();
      this.#compared ??= now;
      return now;
    };
  }

  /** Milliseconds since 1970. */
  now(): number {
    return performance.timeOrigin + this.#read();
  }

  /**
   * Asks something that compares the clock, and gives the reading that it has
   * compared first, in milliseconds since 1970, also where the process was
   * stopped after it.
   */
  ask<T>(question: () => T): { answer: T; time: number } {
    this.#compared = undefined;
    const answer = question();
    return { answer, time: performance.timeOrigin + this.#compared! };
  }
}
