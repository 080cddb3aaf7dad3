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

/** What a batch costs one server, and each event in it, in milliseconds. */
const BATCH_COST = 2.5;
const EVENT_COST = 0.007;

/** Acknowledgements a measurement counts, and how many must be awaited. */
const WINDOW = 256;
const CROWD = 32;

/** Milliseconds after which a slow server is measured anew. */
const REMEASURE = 5_000;

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
  #counted = 0;
  #since = 0;
  #slowUntil = -Infinity;

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
    return requests === 0 || !this.#isSlow;
  }

  /** Whether what waits may go now, in one batch. */
  get maySendGroup(): boolean {
    const most = this.#replicated ? REPLICATED_BATCHES : SINGLE_BATCHES;
    return this.#batches < most;
  }

  /** Takes note of a request that is sent. */
  begin(events: number): void {
    if (events > 1) this.#batches++;
    else if (++this.#singles < CROWD) this.#counted = 0;
  }

  /** Takes note of a request that has ended. */
  end(events: number): void {
    if (events > 1) this.#batches--;
    else this.#measure(this.#singles--);
  }

  get #isSlow(): boolean {
    return this.#now() < this.#slowUntil;
  }

  /** How far apart do acknowledgements come while many are awaited? */
  #measure(awaited: number): void {
    if (this.#replicated) return;
    if (awaited < CROWD) {
      this.#counted = 0;
      return;
    }
    if (this.#counted++ === 0) this.#since = this.#now();
    if (this.#counted <= WINDOW) return;
    const interval = (this.#now() - this.#since) / WINDOW;
    this.#counted = 0;
    // Half of those awaited, for another half would wait behind the batch.
    const group = awaited / 2;
    const asBatch = BATCH_COST + group * EVENT_COST;
    if (group * interval > asBatch) this.#slowUntil = this.#now() + REMEASURE;
  }
}
