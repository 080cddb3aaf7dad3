/**
 * A bounded cache that forgets what was not used for longest.
 *
 * @module
 */

/** Remembers at most so many values. */
export class LruCache<Value> {
  /** In the order of use, the longest unused first. */
  readonly #values = new Map<string, Value>();
  readonly #capacity: number;

  /** @param capacity The most values it remembers; 0 or more. */
  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** The value of a key, without using it. */
  get(key: string): Value | undefined {
    return this.#values.get(key);
  }

  /** Forgets a key; false if it was not remembered. */
  delete(key: string): boolean {
    return this.#values.delete(key);
  }

  /** How many values it remembers. */
  get size(): number {
    return this.#values.size;
  }

  /** Remembers a value, as the one used last. */
  set(key: string, value: Value): void {
    if (this.#capacity === 0) return;
    if (!this.#values.delete(key) && this.#values.size === this.#capacity) {
      for (const oldest of this.#values.keys()) {
        this.#values.delete(oldest);
        break;
      }
    }
    this.#values.set(key, value);
  }
}
