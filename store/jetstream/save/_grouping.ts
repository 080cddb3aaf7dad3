/**
 * When saves that wait at the same time share a batch.
 *
 * @module
 */

/**
 * On replicas, requests under way up to which a save is sent at once: waiting
 * for others would only make it slower.
 */
const FEW_REQUESTS = 4;

/** On replicas, batches under way at most. */
const REPLICATED_BATCHES = 4;

/** On replicas, events in a group at most: several are under way. */
const REPLICATED_GROUP = 256;

/**
 * On one server, which stages batches one by one, events that wait before a
 * second batch is under way: fewer are sooner stored behind the first, together
 * with those of the callers that it answers.
 */
const SECOND_BATCH = 256;

/** On one server, events in a group at most: the server's limit. */
const SINGLE_GROUP = 1_000;

/** What one server takes for a batch, and for each event in it, when idle. */
const BATCH_MS = 2.5;
const BATCH_EVENT_MS = 0.007;

/** How many times as fast a group must promise to be, to be tried. */
const WORTH_TRYING = 1.5;

/** How many single saves are under way before groups are tried. */
const CROWD = 16;

/**
 * A measurement of single saves takes a multiple of so many acknowledgements,
 * and so long unless all have come: they may arrive many at once.
 */
const WINDOW = 64;
const WINDOW_MS = 5;

/** How long it is decided whether single saves wait; then it is tried anew. */
const TERM_MS = 2_000;

/**
 * Decides whether saves wait for others, to be sent in one batch.
 *
 * On replicas they do: 500 savers store 1.8 to 2.2 times as many events a
 * second. On one server a batch costs as much as hundreds of single saves, but
 * not if it syncs each write before it acknowledges: then 40 savers store 2 to
 * 4 times as many. No setting tells which server it is, so the time that a
 * single save takes is measured, and single saves wait while groups are faster
 * than that.
 */
export class Grouping {
  readonly #replicated: boolean;
  readonly #now: () => number;
  #singles = 0;
  #batches = 0;
  /** Whether single saves wait for others, on one server. */
  #waits = false;
  /** Single saves that may go alone meanwhile, to measure them anew. */
  #probes = 0;
  /** When that was decided. */
  #decidedAt = -Infinity;
  /** Single saves acknowledged in this measurement, and when it began. */
  #acknowledged = 0;
  #since = 0;
  /** The most single saves under way during it. */
  #peak = 0;
  /** Milliseconds a single save, in the last two measurements. */
  #singleMs: [number, number] = [0, 0];
  /** When the server was last busy with something else, or had nothing to do. */
  #freeAt = 0;
  /** Whether the last group was slower than single saves. */
  #wasSlower = false;

  /** @param now Monotonic milliseconds. */
  constructor(replicas: number, now: () => number = () => performance.now()) {
    this.#replicated = replicas > 1;
    this.#now = now;
  }

  /** Events in a group at most. */
  get groupSize(): number {
    return this.#replicated ? REPLICATED_GROUP : SINGLE_GROUP;
  }

  /** Whether a save of so many events is sent at once and by itself. */
  goesAlone(events: number): boolean {
    return !this.#replicated && events === 1 &&
      (!this.#waits || this.#probes > 0);
  }

  /** Whether a save of so many events is sent without waiting for others. */
  sendsAtOnce(events: number): boolean {
    const requests = this.#singles + this.#batches;
    if (this.#replicated) return requests < FEW_REQUESTS;
    return events > 1
      ? this.maySendGroup(events)
      : requests === 0 || this.goesAlone(events);
  }

  /** Whether saves that wait may go now in one batch, given their events. */
  maySendGroup(waiting: number): boolean {
    if (this.#replicated) return this.#batches < REPLICATED_BATCHES;
    const isProbing = this.#waits && this.#singles > 0;
    const most = waiting >= SECOND_BATCH ? 2 : 1;
    return this.#batches < most && !isProbing;
  }

  /** Notes a request that is sent. */
  begin(events: number): void {
    if (!this.#replicated && this.#singles + this.#batches === 0) {
      // Time without requests says nothing of the server.
      const now = this.#now();
      this.#since += now - this.#freeAt;
      this.#freeAt = now;
    }
    if (events > 1) this.#batches++;
    else {
      this.#peak = Math.max(this.#peak, ++this.#singles);
      if (this.#probes > 0) this.#probes--;
    }
  }

  /**
   * Notes a request that has ended.
   *
   * @param isAnswered Whether the server has answered: a silent server that
   * fails many requests at once is not fast.
   */
  end(events: number, isAnswered = true): void {
    if (events > 1) this.#batches--;
    else this.#singles--;
    if (this.#replicated) return;
    if (!isAnswered) {
      this.#freeAt = this.#now();
      this.#measureAnew(this.#freeAt);
    } else if (events > 1) this.#endBatch(events);
    else this.#endSingle();
  }

  #endSingle(): void {
    const isFull = ++this.#acknowledged % WINDOW === 0;
    const isIdle = this.#singles + this.#batches === 0;
    if (!isFull && !isIdle && !this.#waits) return; // needs no clock, as most
    const now = this.#now();
    this.#freeAt = now;
    const took = now - this.#since;
    if (!isFull || (took < WINDOW_MS && this.#singles > 0)) return;
    const [, last] = this.#singleMs;
    this.#singleMs = [last, took / this.#acknowledged];
    const peak = this.#peak;
    this.#measureAnew(now);
    const group = BATCH_MS + peak * BATCH_EVENT_MS;
    const isSlow = peak >= CROWD &&
      peak * this.#typicalMs > WORTH_TRYING * group;
    const isOver = now - this.#decidedAt > TERM_MS;
    if (isSlow && isOver && !this.#waits) this.#decide(true, now);
  }

  #endBatch(events: number): void {
    const now = this.#now();
    const isSlower = now - this.#freeAt > events * this.#typicalMs;
    this.#freeAt = now;
    this.#measureAnew(now);
    if (!this.#waits) return;
    if (isSlower && this.#wasSlower) return this.#decide(false, now);
    this.#wasSlower = isSlower;
    if (now - this.#decidedAt <= TERM_MS) return;
    this.#decidedAt = now;
    this.#probes = WINDOW;
  }

  /** The shorter one: a stall lengthens one measurement. */
  get #typicalMs(): number {
    return Math.min(...this.#singleMs);
  }

  #decide(waits: boolean, now: number): void {
    this.#waits = waits;
    this.#decidedAt = now;
    this.#probes = 0;
    this.#wasSlower = false;
  }

  #measureAnew(now: number): void {
    this.#acknowledged = 0;
    this.#since = now;
    this.#peak = this.#singles;
  }
}
