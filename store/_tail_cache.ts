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
  /** See {@linkcode TailCache.unsureOf}. */
  unsure: number;
  /** The {@linkcode TailCache.now} of its last use. */
  usedAt: number;
  before: Entry;
  after: Entry;
}

/** Before any use. */
const NEVER = -1;

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
  #now = 0;
  #forgotten = 0;
  #forgottenUse = 0;

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

  /** Counts the uses: a time for {@linkcode advance}. */
  get now(): number {
    return this.#now;
  }

  /** The actor's tail, if it is remembered. */
  get(actorId: string): Tail | undefined {
    return this.#entries.get(actorId)?.tail;
  }

  /**
   * A sequence up to which a tail of the actor may have been known that is not
   * remembered; 0 if none is later than the one that is.
   */
  unsureOf(actorId: string): number {
    return this.#entries.get(actorId)?.unsure ?? this.#forgotten;
  }

  /**
   * Remembers a tail, unless a later one is known; returns the later one. Its
   * actor is the one used last then.
   *
   * @param since The {@linkcode now} since when nothing is known that the tail
   * lacks, unless it has been forgotten. @default {never}
   */
  advance(actorId: string, tail: Tail, since: number = NEVER): Tail {
    // Then what was forgotten had last been used before.
    const isSure = this.#forgottenUse <= since;
    const entry = this.#entries.get(actorId);
    if (entry !== undefined) {
      unlink(entry);
      this.#append(entry);
      if (isSure) entry.unsure = 0;
      const known = entry.tail;
      if (known.sequence > tail.sequence) return known;
      if (known.sequence === tail.sequence && known.trail) return known;
      entry.tail = tail;
    } else {
      if (this.#entries.size >= this.#capacity) this.#evict();
      const unsure = isSure ? 0 : this.#forgotten;
      const { before } = this.#ring;
      const after = this.#ring;
      const added = { actorId, tail, unsure, usedAt: 0, before, after };
      this.#entries.set(actorId, added);
      this.#append(added);
    }
    if (tail.sequence > this.#highest) this.#highest = tail.sequence;
    return tail;
  }

  /** Forgets an actor, such as one whose events up to a sequence have expired. */
  forget(actorId: string, upTo: number = Infinity): void {
    const entry = this.#entries.get(actorId);
    if (entry === undefined || entry.tail.sequence > upTo) return;
    this.#entries.delete(actorId);
    unlink(entry);
    entry.before = entry.after = entry; // it keeps nobody alive
  }

  /** Forgets whoever was used longest ago. */
  #evict(): void {
    const { actorId, tail, usedAt } = this.#ring.after;
    this.#forgotten = Math.max(this.#forgotten, tail.sequence);
    this.#forgottenUse = usedAt;
    this.forget(actorId);
  }

  #append(entry: Entry): void {
    const { before } = this.#ring;
    entry.usedAt = ++this.#now;
    entry.before = before;
    entry.after = this.#ring;
    before.after = this.#ring.before = entry;
  }
}

function unlink({ before, after }: Entry): void {
  before.after = after;
  after.before = before;
}
