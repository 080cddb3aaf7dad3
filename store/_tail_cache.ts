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

/** A remembered tail, between those used before and after it. */
interface Entry {
  readonly actorId: string;
  tail: Tail;
  before: Entry;
  after: Entry;
}

/**
 * A bounded map of tails, the least recently used forgotten first. A tail in
 * it never goes back.
 *
 * The order is a list of its own: a `Map` in which each use were a deletion
 * and an addition would make a new table every so often, and the old ones keep
 * alive what they held.
 */
export class TailCache {
  readonly #entries = new Map<string, Entry>();
  readonly #capacity: number;
  /** In a ring: `after` it is the least recently used, `before` the latest. */
  readonly #ring: Entry;
  #highest = 0;
  #evicted = false;

  /** @param capacity The most actors to remember; 1 or more. */
  constructor(capacity: number) {
    this.#capacity = capacity;
    const ring = { actorId: "", tail: NO_TAIL } as Entry;
    ring.before = ring.after = ring;
    this.#ring = ring;
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
    return this.#entries.get(actorId)?.tail;
  }

  /**
   * Remembers a tail, unless a later one is known; returns the later one. Its
   * actor is the one used last then.
   */
  advance(actorId: string, tail: Tail): Tail {
    const entry = this.#entries.get(actorId);
    if (entry !== undefined) {
      unlink(entry);
      this.#append(entry);
      const known = entry.tail;
      if (known.sequence > tail.sequence) return known;
      if (known.sequence === tail.sequence && known.trail) return known;
      entry.tail = tail;
    } else {
      if (this.#entries.size >= this.#capacity) {
        this.forget(this.#ring.after.actorId);
        this.#evicted = true;
      }
      const { before } = this.#ring;
      const added = { actorId, tail, before, after: this.#ring };
      this.#entries.set(actorId, added);
      this.#append(added);
    }
    if (tail.sequence > this.#highest) this.#highest = tail.sequence;
    return tail;
  }

  /** Forgets an actor: the oldest, or one whose events have expired. */
  forget(actorId: string): void {
    const entry = this.#entries.get(actorId);
    if (entry === undefined) return;
    this.#entries.delete(actorId);
    unlink(entry);
    entry.before = entry.after = entry; // it keeps nobody alive
  }

  #append(entry: Entry): void {
    const { before } = this.#ring;
    entry.before = before;
    entry.after = this.#ring;
    before.after = this.#ring.before = entry;
  }
}

function unlink({ before, after }: Entry): void {
  before.after = after;
  after.before = before;
}
