/**
 * Requests that wait for replies, by their tokens.
 *
 * @module
 */

/** Requests that wait where an index finds them; a power of two. */
const SLOTS = 4_096;

/**
 * Values under tokens that rise by one. A `Map` would do, but deletes as many
 * as it adds, and so makes a new table all the time; the old ones, dead but in
 * the old generation, keep alive what they held and each other, and the
 * collector copies it all.
 */
export class PendingCalls<T extends object> {
  readonly #tokens = new Array<number>(SLOTS).fill(-1);
  readonly #values = new Array<T | undefined>(SLOTS).fill(undefined);
  /** Values that still waited when their slot was needed again. */
  readonly #late = new Map<number, T>();
  #next = 0;
  #size = 0;

  /** How many there are. */
  get size(): number {
    return this.#size;
  }

  /** Adds a value; returns its token. */
  add(value: T): number {
    const token = this.#next++;
    const slot = token & (SLOTS - 1);
    const waiting = this.#values[slot];
    if (waiting !== undefined) this.#late.set(this.#tokens[slot]!, waiting);
    this.#tokens[slot] = token;
    this.#values[slot] = value;
    this.#size++;
    return token;
  }

  /** The value of a token, if there is one. */
  get(token: number): T | undefined {
    const slot = token & (SLOTS - 1);
    return this.#tokens[slot] === token
      ? this.#values[slot]
      : this.#late.get(token);
  }

  /** Takes a value out, if it is there. */
  delete(token: number): void {
    const slot = token & (SLOTS - 1);
    if (this.#tokens[slot] !== token) {
      if (this.#late.delete(token)) this.#size--;
    } else if (this.#values[slot] !== undefined) {
      this.#values[slot] = undefined;
      this.#size--;
    }
  }

  /** All of them, those that wait longest first. */
  entries(): [token: number, value: T][] {
    const entries = [...this.#late];
    for (let slot = 0; slot < SLOTS; slot++) {
      const value = this.#values[slot];
      if (value !== undefined) entries.push([this.#tokens[slot]!, value]);
    }
    return entries.sort(([a], [b]) => a - b);
  }
}
