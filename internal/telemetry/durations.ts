/**
 * Counting durations.
 *
 * @module
 */

/** How long something took, over all times it was done. */
export interface DurationStats {
  /** How often. */
  readonly count: number;
  /** All together, in seconds. */
  readonly sum: number;
  /** The shortest, in seconds; 0 when there was none. */
  readonly min: number;
  /** The longest, in seconds; 0 when there was none. */
  readonly max: number;
  /** How many there were by how long they took. */
  readonly buckets: readonly DurationBucket[];
}

/** The durations between two bounds. */
export interface DurationBucket {
  /**
   * The longest that counts here, in seconds, inclusive; what counts in an
   * earlier bucket does not count here. The last bound is `Infinity`.
   */
  readonly to: number;
  /** How many. */
  readonly count: number;
}

/** Upper bounds in seconds, inclusive, from what memory takes to a timeout. */
const BOUNDS = [
  ...[1e-6, 2.5e-6, 5e-6, 1e-5, 2.5e-5, 5e-5, 1e-4, 2.5e-4, 5e-4],
  ...[1e-3, 2.5e-3, 5e-3, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5],
  ...[1, 2.5, 5, 10, Infinity],
];

/** A histogram in plain numbers. */
export class Durations {
  readonly #counts = new Float64Array(BOUNDS.length);
  #count = 0;
  #sum = 0;
  #min = Infinity;
  #max = 0;

  /** Adds a duration in seconds. */
  add(seconds: number): void {
    let i = 0;
    while (seconds > BOUNDS[i]!) i++;
    this.#counts[i]!++;
    this.#count++;
    this.#sum += seconds;
    if (seconds < this.#min) this.#min = seconds;
    if (seconds > this.#max) this.#max = seconds;
  }

  /** The numbers as of now. */
  snapshot(): DurationStats {
    return Object.freeze({
      count: this.#count,
      sum: this.#sum,
      min: this.#count === 0 ? 0 : this.#min,
      max: this.#max,
      buckets: Object.freeze(
        BOUNDS.map((to, i) => Object.freeze({ to, count: this.#counts[i]! })),
      ),
    });
  }
}
