/**
 * The ids of the last events, for as long as a window, never for ever.
 *
 * @module
 */

interface Generation {
  readonly sequences: Map<string, number>;
  readonly began: number;
  /** When its last id was added. */
  ended: number;
}

/** V8 refuses more than 2^24 entries in one map. */
const defaultCapacity = 4_000_000;

/** Options of {@linkcode RecentIds}. */
export interface RecentIdsOptions {
  /** Monotonic milliseconds. */
  now?: () => number;
  /** The most ids in one generation. */
  capacity?: number;
}

/**
 * Remembers the sequence of each id for at least a window, and for at most
 * about two, in generations that are forgotten as a whole.
 */
export class RecentIds {
  readonly #window: number;
  readonly #now: () => number;
  readonly #capacity: number;
  /** Newest first: two, or more where one window's ids overflow one map. */
  #generations: Generation[] = [];

  /** @param window Milliseconds, more than 0. */
  constructor(
    window: number,
    { now = () => performance.now(), capacity = defaultCapacity }:
      RecentIdsOptions = {},
  ) {
    this.#window = window;
    this.#now = now;
    this.#capacity = capacity;
  }

  /** How many ids are remembered. */
  get size(): number {
    return this.#generations.reduce(
      (sum, { sequences }) => sum + sequences.size,
      0,
    );
  }

  /** The sequence of an id; undefined if it is not remembered. */
  get(id: string): number | undefined {
    for (const { sequences } of this.#generations) {
      const sequence = sequences.get(id);
      if (sequence !== undefined) return sequence;
    }
    return undefined;
  }

  /** Remembers an id from now on. */
  add(id: string, sequence: number): void {
    const now = this.#now();
    let newest = this.#generations[0];
    if (
      newest === undefined || now - newest.began >= this.#window ||
      newest.sequences.size >= this.#capacity
    ) newest = this.#rotate(now);
    newest.sequences.set(id, sequence);
    newest.ended = now;
  }

  #rotate(now: number): Generation {
    const newest = { sequences: new Map(), began: now, ended: now };
    const kept = this.#generations.filter(({ ended }) =>
      now - ended <= this.#window
    );
    this.#generations = [newest, ...kept];
    return newest;
  }
}
