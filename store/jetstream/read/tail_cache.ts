/**
 * Where each actor's history ends, as far as one store instance has seen.
 *
 * @module
 */

import type { Trail } from "../stream/trail.ts";

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
 * How many places there are for what was seen of actors that are not
 * remembered: half a megabyte, and few actors share one that matters.
 */
const PLACES = 65_536;

/** A remembered tail, between those used before and after it. */
interface Entry {
  readonly actorId: string;
  tail: Tail;
  /** See {@linkcode TailCache.unsureOf}. */
  unsure: number;
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
  /**
   * By the hash of an actor, the highest sequence that was seen of those with
   * that hash and may not be remembered.
   */
  #seen: Float64Array | undefined;

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

  /** The actor's tail, if it is remembered. */
  get(actorId: string): Tail | undefined {
    return this.#entries.get(actorId)?.tail;
  }

  /**
   * A sequence up to which more of the actor may have been seen than what is
   * remembered; 0 if nothing was.
   */
  unsureOf(actorId: string): number {
    return this.#entries.get(actorId)?.unsure ?? this.#seenOf(actorId);
  }

  /** Notes that a message of the actor was seen. */
  saw(actorId: string, sequence: number): void {
    if (sequence > this.#highest) this.#highest = sequence;
    const entry = this.#entries.get(actorId);
    if (entry === undefined) this.#note(actorId, sequence);
    else if (sequence > entry.tail.sequence) {
      entry.unsure = Math.max(entry.unsure, sequence);
    }
  }

  /**
   * Remembers a tail, unless a later one is known; returns the later one. Its
   * actor is the one used last then.
   *
   * @param proven A sequence up to which the tail surely lacks nothing.
   */
  advance(actorId: string, tail: Tail, proven: number = 0): Tail {
    const entry = this.#entries.get(actorId);
    const sure = Math.max(proven, tail.sequence);
    if (entry !== undefined) {
      unlink(entry);
      this.#append(entry);
      if (entry.unsure <= sure) entry.unsure = 0;
      const known = entry.tail;
      if (known.sequence > tail.sequence) return known;
      if (known.sequence === tail.sequence && known.trail) return known;
      entry.tail = tail;
    } else {
      if (this.#entries.size >= this.#capacity) this.#evict();
      const seen = this.#seenOf(actorId);
      const unsure = seen <= sure ? 0 : seen;
      const { before } = this.#ring;
      const added = { actorId, tail, unsure, before, after: this.#ring };
      this.#entries.set(actorId, added);
      this.#append(added);
    }
    if (tail.sequence > this.#highest) this.#highest = tail.sequence;
    return tail;
  }

  /** Forgets an actor whose events up to a sequence have expired. */
  forget(actorId: string, upTo: number): void {
    const entry = this.#entries.get(actorId);
    if (entry === undefined || entry.tail.sequence > upTo) return;
    if (entry.unsure > upTo) this.#note(actorId, entry.unsure);
    this.#drop(entry);
  }

  /** Forgets whoever was used longest ago. */
  #evict(): void {
    const entry = this.#ring.after;
    const { actorId, tail, unsure } = entry;
    this.#note(actorId, Math.max(tail.sequence, unsure));
    this.#drop(entry);
  }

  #drop(entry: Entry): void {
    const { actorId } = entry;
    this.#entries.delete(actorId);
    unlink(entry);
    entry.before = entry.after = entry; // it keeps nobody alive
  }

  #seenOf(actorId: string): number {
    return this.#seen === undefined ? 0 : this.#seen[placeOf(actorId)]!;
  }

  #note(actorId: string, sequence: number): void {
    this.#seen ??= new Float64Array(PLACES);
    const place = placeOf(actorId);
    if (sequence > this.#seen[place]!) this.#seen[place] = sequence;
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

/** A hash, FNV-1a (Fowler, Noll, Vo 1991) over UTF-16 code units. */
function placeOf(actorId: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < actorId.length; i++) {
    hash = Math.imul(hash ^ actorId.charCodeAt(i), 0x01000193);
  }
  return (hash ^ hash >>> 16) & (PLACES - 1);
}
