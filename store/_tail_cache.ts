/**
 * Where each actor's history ends, as far as one store instance has seen.
 *
 * @module
 */

import type { Trail } from "./_trail.ts";

/** The end of one actor's history. */
export interface Tail {
  /** The version of its last event; 0 when it has none. */
  readonly version: number;
  /** The sequence of the last message on its subject; 0 when there is none. */
  readonly sequence: number;
  /** The id of its last event; undefined when it has none. */
  readonly eventId: string | undefined;
  /** What its last message says of those before, if that is known. */
  readonly trail: Trail | undefined;
}

/** The tail of an actor that has no events. */
export const NO_TAIL: Tail = {
  version: 0,
  sequence: 0,
  eventId: undefined,
  trail: undefined,
};

/**
 * A bounded map of tails, the least recently used forgotten first. A tail in
 * it never goes back.
 */
export class TailCache {
  readonly #tails = new Map<string, Tail>();
  readonly #capacity: number;
  #highest = 0;
  #evicted = false;

  /** @param capacity The most actors to remember; 1 or more. */
  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** The highest sequence of the stream that was ever seen. */
  get highest(): number {
    return this.#highest;
  }

  /** Whether a tail may have been seen and forgotten. */
  get hasEvicted(): boolean {
    return this.#evicted;
  }

  /** The actor's tail, if it is remembered. */
  get(actorId: string): Tail | undefined {
    return this.#tails.get(actorId);
  }

  /** Remembers a tail, unless a later one is known; returns the later one. */
  advance(actorId: string, tail: Tail): Tail {
    const known = this.#tails.get(actorId);
    if (known !== undefined) {
      if (known.sequence > tail.sequence) return known;
      if (known.sequence === tail.sequence && known.trail) return known;
      this.#tails.delete(actorId); // to the end of the eviction order
    } else if (this.#tails.size >= this.#capacity) {
      const oldest = this.#tails.keys().next().value!;
      this.#tails.delete(oldest);
      this.#evicted = true;
    }
    this.#tails.set(actorId, tail);
    if (tail.sequence > this.#highest) this.#highest = tail.sequence;
    return tail;
  }

  /** Forgets an actor whose events are known to have expired. */
  forget(actorId: string): void {
    this.#tails.delete(actorId);
  }
}
