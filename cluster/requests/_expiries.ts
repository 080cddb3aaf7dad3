/**
 * Many deadlines behind one timer: a timer for each costs a third of the rate
 * of local requests.
 *
 * @module
 */

/** How often deadlines are checked, in milliseconds. */
const SWEEP_INTERVAL_MS = 20;

/** Something that ends when its time is up. */
export interface Expiring {
  /** In monotonic milliseconds. */
  readonly deadline: number;
  /** Its time is up. */
  expired(): void;
}

/** Tells what has expired, up to 20 ms late. */
export class Expiries {
  readonly #all = new Set<Expiring>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** Has one hear when its time is up. */
  add(expiring: Expiring): void {
    this.#all.add(expiring);
    this.#timer ??= setTimeout(this.#sweep, SWEEP_INTERVAL_MS);
  }

  /** It hears no more. A timer without anybody ends by itself. */
  delete(expiring: Expiring): void {
    this.#all.delete(expiring);
  }

  /** The time of all is up. */
  close(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const expiring of this.#all) {
      this.#all.delete(expiring);
      expiring.expired();
    }
  }

  readonly #sweep = (): void => {
    this.#timer = undefined;
    const now = performance.now();
    for (const expiring of this.#all) {
      if (expiring.deadline > now) continue;
      this.#all.delete(expiring);
      expiring.expired();
    }
    if (this.#all.size > 0) {
      this.#timer ??= setTimeout(this.#sweep, SWEEP_INTERVAL_MS);
    }
  };
}
