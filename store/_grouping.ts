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

/** Events a measurement counts, and how many must be awaited meanwhile. */
const WINDOW = 256;
const CROWD = 32;

/** Milliseconds after which waiting is measured against the other way again. */
const REMEASURE = 5_000;

/**
 * Milliseconds until waiting is tried again where it was slower; twice as long
 * each time that it is again.
 */
const PATIENCE = 250;
const MOST_PATIENCE = 8_000;

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
  /** How long it stays decided that nobody waits. */
  #patience = 0;
  /** Events acknowledged since a measurement began, and when that was. */
  #counted = 0;
  #since = 0;
  /** Events a millisecond when each was sent at once. */
  #rate = 0;

  /** @param now Monotonic milliseconds. */
  constructor(replicas: number, now: () => number = () => performance.now()) {
    this.#replicated = replicas > 1;
    this.#now = now;
  }

  /** Events in a group at most. */
  get groupSize(): number {
    return this.#replicated ? REPLICATED_GROUP : SINGLE_GROUP;
  }

  /** Whether a save of so many events is sent without waiting for company. */
  sendsAtOnce(events: number): boolean {
    const requests = this.#singles + this.#batches;
    if (this.#replicated) return requests < FEW;
    if (events > 1) return this.#batches < SINGLE_BATCHES;
    return requests === 0 || !this.#waits;
  }

  /** Whether what waits may go now, in one batch. */
  get maySendGroup(): boolean {
    const most = this.#replicated ? REPLICATED_BATCHES : SINGLE_BATCHES;
    return this.#batches < most;
  }

  /** Takes note of a request that is sent. */
  begin(events: number): void {
    // Time in which nothing is asked for tells of nobody's speed.
    const isIdle = this.#singles + this.#batches === 0;
    if (isIdle && !this.#replicated) this.#measureFromNow();
    if (events > 1) this.#batches++;
    else this.#singles++;
  }

  /** Takes note of a request that has ended. */
  end(events: number): void {
    if (!this.#replicated) this.#measure(events);
    if (events > 1) this.#batches--;
    else this.#singles--;
  }

  #measure(events: number): void {
    if (this.#waits) this.#measureGroups(events);
    else if (events > 1 || this.#singles < CROWD) this.#counted = 0;
    else this.#measureSingles();
  }

  /** How fast do acknowledgements come while many are awaited? */
  #measureSingles(): void {
    const now = this.#now();
    if (this.#counted++ === 0) this.#since = now;
    if (this.#counted <= WINDOW) return;
    this.#rate = WINDOW / (now - this.#since);
    this.#counted = 0;
    // Half of those awaited, for another half would wait behind the batch.
    const group = this.#singles / 2;
    const isSlow = group / this.#rate > BATCH_COST + group * EVENT_COST;
    if (isSlow && now - this.#decided > this.#patience) this.#decide(true);
  }

  /** Is it faster with company than it was without? */
  #measureGroups(events: number): void {
    const now = this.#now();
    const isOver = now - this.#decided > REMEASURE;
    this.#counted += events;
    if (this.#counted < 4 * WINDOW && !isOver) return;
    const isFaster = this.#counted / (now - this.#since) > this.#rate;
    this.#patience = isFaster
      ? 0
      : Math.min(Math.max(PATIENCE, 2 * this.#patience), MOST_PATIENCE);
    if (isFaster && !isOver) this.#measureFromNow();
    else this.#decide(false);
  }

  #decide(waits: boolean): void {
    this.#waits = waits;
    this.#decided = this.#now();
    this.#measureFromNow();
  }

  #measureFromNow(): void {
    this.#counted = 0;
    this.#since = this.#now();
  }
}
