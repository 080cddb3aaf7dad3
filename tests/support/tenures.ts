/**
 * Who had something when, by the clock readings that the processes compared.
 *
 * @module
 */

/** How far the clocks of processes may be apart, in milliseconds. */
const SKEW = 2;

/** A time in which a process had something. Times are milliseconds since 1970. */
export interface Tenure {
  readonly node: string;
  /** The term or the epoch. */
  readonly fence: number;
  readonly from: number;
  to: number;
}

/** The tenures of one thing. */
export class Tenures {
  readonly #tenures = new Map<string, Tenure>();

  /** A process has it at a time. */
  note(node: string, fence: number, time: number): void {
    const key = `${node} ${fence}`;
    const tenure = this.#tenures.get(key);
    if (tenure === undefined) {
      this.#tenures.set(key, { node, fence, from: time, to: time });
    } else tenure.to = Math.max(tenure.to, time);
  }

  /** All of them, in the order in which they began. */
  sorted(): Tenure[] {
    return [...this.#tenures.values()].sort((a, b) => a.from - b.from);
  }

  /** When somebody last had it; -Infinity if nobody ever did. */
  get last(): number {
    return Math.max(...this.#tenures.values().map(({ to }) => to));
  }

  /** Tenures that overlap, or whose fence does not rise. */
  *wrong(): Iterable<readonly [Tenure, Tenure]> {
    for (const [earlier, later] of this.pairs()) {
      const isApart = earlier.to <= later.from + SKEW;
      if (!isApart || earlier.fence >= later.fence) yield [earlier, later];
    }
  }

  /** Each tenure, with the one after it. */
  *pairs(): Iterable<readonly [Tenure, Tenure]> {
    const tenures = this.sorted();
    for (const [i, later] of tenures.entries()) {
      if (i > 0) yield [tenures[i - 1]!, later];
    }
  }
}
