/**
 * Simulated time: what happens when, in milliseconds since the start.
 *
 * @module
 */

interface Entry {
  readonly at: number;
  readonly order: number;
  readonly run: () => void;
}

/** Things that are to happen, the earliest first; a binary heap. */
export class Timeline {
  /** What time it is. */
  now = 0;
  readonly #heap: Entry[] = [];
  #order = 0;

  /** Has something happen at a time, or now if that has passed. */
  at(time: number, run: () => void): void {
    const entry = { at: Math.max(time, this.now), order: this.#order++, run };
    const heap = this.#heap;
    let i = heap.push(entry) - 1;
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (isEarlier(heap[parent]!, entry)) break;
      heap[i] = heap[parent]!;
      i = parent;
    }
    heap[i] = entry;
  }

  /** Lets everything happen until a time. */
  runUntil(end: number): void {
    while (this.step(end));
    this.now = end;
  }

  /** Lets the next thing happen, if it comes until a time; false if not. */
  step(end: number): boolean {
    const first = this.#heap[0];
    if (first === undefined || first.at > end) return false;
    this.#shift();
    this.now = first.at;
    first.run();
    return true;
  }

  #shift(): void {
    const heap = this.#heap;
    const last = heap.pop()!;
    if (heap.length === 0) return;
    let i = 0;
    for (let child = 1; child < heap.length; child = 2 * i + 1) {
      const right = heap[child + 1];
      if (right !== undefined && isEarlier(right, heap[child]!)) child++;
      if (isEarlier(last, heap[child]!)) break;
      heap[i] = heap[child]!;
      i = child;
    }
    heap[i] = last;
  }
}

function isEarlier(a: Entry, b: Entry): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}
