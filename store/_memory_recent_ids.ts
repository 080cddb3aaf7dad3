/**
 * The ids of the last events, for as long as a window, never for ever.
 *
 * @module
 */

/** Slots of the smallest table; a power of two, as all sizes are. */
const minSlots = 1024;
/** How many ids are added between two looks at the clock; a power of two. */
const clockInterval = 32;

/** What ids are looked up in: the event log. */
export interface IdLog {
  /** The sequence of the last event; 0 when there is none. */
  readonly lastSequence: number;
  /** The event of a sequence. */
  at(sequence: number): { readonly id: string };
}

/**
 * Finds the sequence of an id that was logged within a window, or within
 * about two: the ids of one window are forgotten as a whole, when the next one
 * is over.
 *
 * A Map would hold the ids a second time, take longer with every million and
 * break at 2^24 of them. This is a hash table of sequences, open and linear;
 * the ids are in the log.
 */
export class RecentIds {
  readonly #log: IdLog;
  readonly #window: number;
  readonly #now: () => number;
  readonly #seed = crypto.getRandomValues(new Uint32Array(1))[0]!;
  /** Pairs of a hash and a sequence; 0 is no sequence. */
  #slots = new Uint32Array(2 * minSlots);
  #used = 0;
  /** The id hashed last: what is not found is mostly added next. */
  #hashed: string | undefined;
  #hashedTo = 0;
  /** Sequences up to this one are forgotten. */
  #forgotten = 0;
  /** When the window at hand began, and after which sequence. */
  #began: number;
  #beganAfter = 0;

  /**
   * @param window Milliseconds, more than 0.
   * @param now Monotonic milliseconds.
   */
  constructor(
    log: IdLog,
    window: number,
    now: () => number = () => performance.now(),
  ) {
    this.#log = log;
    this.#window = window;
    this.#now = now;
    this.#began = now();
  }

  /** How many ids the table takes; beyond five eighths probing gets long. */
  get capacity(): number {
    return this.#slots.length * 5 / 16;
  }

  /** The sequence of an id; undefined when it is not known (any more). */
  find(id: string): number | undefined {
    const slots = this.#slots;
    const mask = slots.length - 1;
    const hash = this.#hash(id);
    for (let at = (hash << 1) & mask;; at = (at + 2) & mask) {
      const sequence = slots[at + 1]!;
      if (sequence === 0) return undefined;
      if (slots[at] === hash && this.#log.at(sequence).id === id) {
        return sequence;
      }
    }
  }

  /** Adds the id of the log's last event; it must not be known. */
  addLast(): void {
    const sequence = this.#log.lastSequence;
    if (sequence % clockInterval === 0) this.#rotate();
    if (this.#used >= this.capacity) this.#rebuild();
    this.#put(this.#hash(this.#log.at(sequence).id), sequence);
  }

  #rotate(): void {
    const now = this.#now();
    if (now - this.#began < this.#window) return;
    this.#forgotten = this.#beganAfter;
    this.#beganAfter = this.#log.lastSequence;
    this.#began = now;
    // Also gives back what a burst has taken.
    this.#rebuild();
  }

  /** Makes a table of what is remembered, at most half full. */
  #rebuild(): void {
    const old = this.#slots;
    const remembered = this.#log.lastSequence - this.#forgotten;
    let slots = minSlots;
    while (slots < 2 * remembered) slots *= 2;
    this.#slots = new Uint32Array(2 * slots);
    this.#used = 0;
    for (let at = 0; at < old.length; at += 2) {
      const sequence = old[at + 1]!;
      if (sequence > this.#forgotten) this.#put(old[at]!, sequence);
    }
  }

  #put(hash: number, sequence: number): void {
    const slots = this.#slots;
    const mask = slots.length - 1;
    let at = (hash << 1) & mask;
    while (slots[at + 1] !== 0) at = (at + 2) & mask;
    slots[at] = hash;
    slots[at + 1] = sequence;
    this.#used++;
  }

  /** Murmur3's mixing, seeded, over pairs of UTF-16 code units. */
  #hash(id: string): number {
    if (id === this.#hashed) return this.#hashedTo;
    let hash = this.#seed ^ id.length;
    for (let i = 0; i < id.length; i += 2) {
      // Past the end it is NaN, which is 0 here.
      const pair = id.charCodeAt(i) | (id.charCodeAt(i + 1) << 16);
      const k = Math.imul(pair, 0xcc9e2d51);
      hash ^= Math.imul((k << 15) | (k >>> 17), 0x1b873593);
      hash = (hash << 13) | (hash >>> 19);
      hash = Math.imul(hash, 5) + 0xe6546b64;
    }
    hash ^= hash >>> 16;
    hash = Math.imul(hash, 0x85ebca6b);
    hash ^= hash >>> 13;
    hash = Math.imul(hash, 0xc2b2ae35);
    this.#hashed = id;
    return this.#hashedTo = (hash ^ (hash >>> 16)) >>> 0;
  }
}
