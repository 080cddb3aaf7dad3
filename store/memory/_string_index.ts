/**
 * Finds strings that are kept elsewhere.
 *
 * @module
 */

/** Slots of the smallest table; a power of two, as all sizes are. */
const MIN_SLOTS = 1024;

/**
 * Where each of many strings is: a hash table of places, open and linear. A
 * place is a whole number from 1 to 2^32 - 1, where the owner of the index
 * keeps the string.
 *
 * With a Map in its place a save of a new id took 18 % more processor time (4.5
 * us instead of 3.8, of 300,000): to find that a string is missing and add it
 * hashes it once here, and the table holds numbers, which the collector skips. A
 * Map also takes 2^24 strings and no more.
 */
export class StringIndex {
  readonly #stringAt: (place: number) => string;
  /** Drawn at the first use: workers forbid it while modules are loaded. */
  #seed: number | undefined;
  /** Pairs of a hash and a place; 0 is no place. */
  #slots = new Uint32Array(2 * MIN_SLOTS);
  #used = 0;
  /** The string hashed last: what is not found is mostly added next. */
  #hashed: string | undefined;
  #hashedTo = 0;

  /** @param stringAt The string at a place. */
  constructor(stringAt: (place: number) => string) {
    this.#stringAt = stringAt;
  }

  /** How many strings the table takes; beyond five eighths probing gets long. */
  get capacity(): number {
    return this.#slots.length * 5 / 16;
  }

  /** The place of a string; undefined when it has none. */
  find(string: string): number | undefined {
    const slots = this.#slots;
    const mask = slots.length - 1;
    const hash = this.#hash(string);
    for (let at = (hash << 1) & mask;; at = (at + 2) & mask) {
      const place = slots[at + 1]!;
      if (place === 0) return undefined;
      if (slots[at] === hash && this.#stringAt(place) === string) return place;
    }
  }

  /** Adds a string, which must have no place yet. */
  add(string: string, place: number): void {
    if (this.#used >= this.capacity) this.#rebuild(this.#used, 0);
    this.#put(this.#hash(string), place);
  }

  /**
   * Forgets all places up to one (inclusive). The table shrinks with what is
   * left.
   *
   * @param left At most how many are left.
   */
  forget(place: number, left: number): void {
    this.#rebuild(left, place);
  }

  /** Makes a table, at most half full, of the `count` places above one. */
  #rebuild(count: number, above: number): void {
    const old = this.#slots;
    let slots = MIN_SLOTS;
    while (slots < 2 * count) slots *= 2;
    this.#slots = new Uint32Array(2 * slots);
    this.#used = 0;
    for (let at = 0; at < old.length; at += 2) {
      const place = old[at + 1]!;
      if (place > above) this.#put(old[at]!, place);
    }
  }

  #put(hash: number, place: number): void {
    const slots = this.#slots;
    const mask = slots.length - 1;
    let at = (hash << 1) & mask;
    while (slots[at + 1] !== 0) at = (at + 2) & mask;
    slots[at] = hash;
    slots[at + 1] = place;
    this.#used++;
  }

  /** Murmur3's mixing, seeded, over pairs of UTF-16 code units. */
  #hash(string: string): number {
    if (string === this.#hashed) return this.#hashedTo;
    this.#seed ??= crypto.getRandomValues(new Uint32Array(1))[0]!;
    let hash = this.#seed ^ string.length;
    for (let i = 0; i < string.length; i += 2) {
      // Past the end it is NaN, which is 0 here.
      const pair = string.charCodeAt(i) | (string.charCodeAt(i + 1) << 16);
      const k = Math.imul(pair, 0xcc9e2d51);
      hash ^= Math.imul((k << 15) | (k >>> 17), 0x1b873593);
      hash = (hash << 13) | (hash >>> 19);
      hash = Math.imul(hash, 5) + 0xe6546b64;
    }
    hash ^= hash >>> 16;
    hash = Math.imul(hash, 0x85ebca6b);
    hash ^= hash >>> 13;
    hash = Math.imul(hash, 0xc2b2ae35);
    this.#hashed = string;
    return this.#hashedTo = (hash ^ (hash >>> 16)) >>> 0;
  }
}
