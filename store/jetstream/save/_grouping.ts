/**
 * When saves that wait at the same time ride in one batch.
 *
 * @module
 */

/**
 * Requests under way up to which a save is sent at once on replicas, where
 * waiting for company would only make it slower.
 */
const FEW = 4;

/** Batches under way at most, on replicas. */
const REPLICATED_BATCHES = 4;

/** Events in a group at most, on replicas: so that several are under way. */
const REPLICATED_GROUP = 256;

/**
 * Batches under way at most on one server, which stages one after the other
 * in a file store of its own.
 */
const SINGLE_BATCHES = 2;

/** Events in a group at most on one server: the server's limit for a batch. */
const SINGLE_GROUP = 1_000;

/**
 * What a batch costs an idle server without replicas, and each event in it,
 * in milliseconds: whether to try is guessed by it, whether to stay measured.
 */
const BATCH_COST = 2.5;
const EVENT_COST = 0.007;

/**
 * How many times as fast waiting must be to be worth it: a measurement is
 * short, and a program that has just begun becomes faster by itself.
 */
const WORTH = 1.5;

/** Events a measurement counts, and how many must be awaited meanwhile. */
const WINDOW = 512;
const CROWD = 32;

/**
 * Measurements that are looked at together, whose median counts: one alone may
 * have met a stall, or answers that a stall had held back.
 */
const MEASUREMENTS = 3;

/** Milliseconds without a request that tell of no server's speed. */
const LULL = 20;

/**
 * Milliseconds for which a decision holds, and so many times as long each time
 * that a measurement confirms it: the first ones are made while a program is
 * slow.
 */
const SHORTEST = 250;
const LONGER = 4;
const LONGEST = 8_000;

/**
 * Decides by what it measures. On replicas, and on a server that syncs before
 * it acknowledges, one batch of many is faster than many saves; on a server
 * that does not, single saves are, until a batch carries several hundred.
 */
export class Grouping {
  readonly #replicated: boolean;
  readonly #now: () => number;
  #singles = 0;
  #batches = 0;
  /** Whether saves wait for company on one server. */
  #waits = false;
  /** When that was decided. */
  #decided = -Infinity;
  /** For how long it is decided. */
  #term = 0;
  /** For how long each way is to be decided next. */
  #nextTerms = { alone: SHORTEST, waiting: SHORTEST };
  /** Events acknowledged since a measurement began, and when that was. */
  #counted = 0;
  #since = 0;
  /** Saves under way since before it was decided that others wait. */
  #leftOver = 0;
  /** When a request ended, while saves wait. */
  #ended = 0;
  /** Events a millisecond when each was sent at once, as last measured. */
  readonly #rates: number[] = [];

  /** @param now Monotonic milliseconds. */
  constructor(replicas: number, now: () => number = () => performance.now()) {
    this.#replicated = replicas > 1;
    this.#now = now;
  }

  /** Events in a group at most. */
  get groupSize(): number {
    return this.#replicated ? REPLICATED_GROUP : SINGLE_GROUP;
  }

  /** Whether a save of so many events neither waits for company nor has any. */
  goesAlone(events: number): boolean {
    return !this.#replicated && events === 1 && !this.#waits;
  }

  /** Whether a save of so many events is sent without waiting for company. */
  sendsAtOnce(events: number): boolean {
    const requests = this.#singles + this.#batches;
    if (this.#replicated) return requests < FEW;
    return events > 1
      ? this.#batches < SINGLE_BATCHES
      : requests === 0 || !this.#waits;
  }

  /** Whether what waits may go now, in one batch. */
  get maySendGroup(): boolean {
    const most = this.#replicated ? REPLICATED_BATCHES : SINGLE_BATCHES;
    return this.#batches < most;
  }

  /** Takes note of a request that is sent. */
  begin(events: number): void {
    const isIdle = this.#singles + this.#batches === 0;
    if (isIdle && this.#waits && this.#now() - this.#ended > LULL) {
      this.#measureFromNow();
    }
    if (events > 1) this.#batches++;
    else this.#singles++;
  }

  /**
   * Takes note of a request that has ended.
   *
   * @param isAnswered Whether the server has answered: that many are given up
   * at once, as it is silent, does not make it fast.
   */
  end(events: number, isAnswered = true): void {
    if (!this.#replicated && isAnswered) this.#measure(events);
    if (events > 1) this.#batches--;
    else this.#singles--;
    if (this.#waits) this.#ended = this.#now();
  }

  #measure(events: number): void {
    if (this.#waits) this.#measureGroups(events);
    else if (events > 1 || this.#singles < CROWD) this.#counted = 0;
    else this.#measureSingles();
  }

  /** How fast do acknowledgements come while many are awaited? */
  #measureSingles(): void {
    if (this.#counted++ === 0) this.#since = this.#now();
    if (this.#counted <= WINDOW) return;
    const now = this.#now();
    this.#rates.push(WINDOW / (now - this.#since));
    this.#counted = 0;
    if (this.#rates.length < MEASUREMENTS) return;
    if (this.#rates.length > MEASUREMENTS) this.#rates.shift();
    // Half of those awaited, for another half would wait behind the batch.
    const group = this.#singles / 2;
    const waiting = BATCH_COST + group * EVENT_COST;
    const isSlow = group / this.#rate > WORTH * waiting;
    if (isSlow && now - this.#decided > this.#term) this.#decide(true, 0);
  }

  get #rate(): number {
    return this.#rates.toSorted((a, b) => a - b)[MEASUREMENTS >> 1]!;
  }

  /** Is it faster with company than it was without? */
  #measureGroups(events: number): void {
    if (this.#leftOver > 0 && events === 1) {
      this.#leftOver--;
      return this.#measureFromNow();
    }
    const now = this.#now();
    const isOver = now - this.#decided > LONGEST;
    this.#counted += events;
    if (this.#counted < 2 * WINDOW && !isOver) return;
    const isFaster = this.#counted / (now - this.#since) > WORTH * this.#rate;
    const next = this.#nextTerms;
    if (!isFaster) {
      this.#decide(false, next.alone);
      next.alone = Math.min(LONGER * next.alone, LONGEST);
      next.waiting = SHORTEST;
    } else if (now - this.#decided > next.waiting) {
      // Alone, but only to measure that again.
      this.#decide(false, 0);
      next.waiting = Math.min(LONGER * next.waiting, LONGEST);
      next.alone = SHORTEST;
    } else this.#measureFromNow();
  }

  /** @param term For how many milliseconds, at least. */
  #decide(waits: boolean, term: number): void {
    this.#waits = waits;
    this.#decided = this.#now();
    this.#term = term;
    this.#leftOver = waits ? this.#singles - 1 : 0;
    this.#measureFromNow();
  }

  #measureFromNow(): void {
    this.#counted = 0;
    this.#since = this.#now();
  }
}
