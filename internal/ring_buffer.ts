/**
 * A queue that reuses its memory.
 *
 * @module
 */

const SMALLEST = 8;

/** First in, first out; it holds as many as it was ever asked to. */
export class Ring<T extends object> {
  #items: (T | undefined)[] = new Array(SMALLEST);
  #mask = SMALLEST - 1;
  #first = 0;
  #size = 0;

  /** How many items there are. */
  get size(): number {
    return this.#size;
  }

  /** Adds an item at the end. */
  push(item: T): void {
    if (this.#size > this.#mask) this.#grow();
    this.#items[(this.#first + this.#size++) & this.#mask] = item;
  }

  /** Takes the item that has been there longest. */
  shift(): T | undefined {
    if (this.#size === 0) return undefined;
    const item = this.#items[this.#first];
    this.#items[this.#first] = undefined;
    this.#first = (this.#first + 1) & this.#mask;
    this.#size--;
    return item;
  }

  /** Removes every item, and gives its room back. */
  clear(): void {
    this.#items = new Array(SMALLEST);
    this.#mask = SMALLEST - 1;
    this.#first = 0;
    this.#size = 0;
  }

  #grow(): void {
    const items: (T | undefined)[] = new Array(this.#items.length * 2);
    for (let i = 0; i < this.#size; i++) {
      items[i] = this.#items[(this.#first + i) & this.#mask];
    }
    this.#items = items;
    this.#mask = items.length - 1;
    this.#first = 0;
  }
}
