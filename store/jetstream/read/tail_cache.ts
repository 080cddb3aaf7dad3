/**
 * Where each actor's history ends, as far as one store instance has seen.
 *
 * @module
 */

import { hashText } from "../../../internal/hash.ts";
import type { Trail } from "../stream/trail.ts";

/** The end of one actor's history. */
export interface Tail {
  /** The version of its last event; 0 when it has none. */
  readonly version: number;
  /** The sequence of the last message on its subject; 0 when there is none. */
  readonly sequence: number;
  /** The id of its last event; undefined when it has none. */
  readonly eventId: string | undefined;
  /** Its last message's trail to those before, if that is known. */
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
 * Slots for sequences of forgotten actors, by the hash of their ids: half a
 * megabyte, and few actors share a slot.
 */
const FORGOTTEN_SLOTS = 65_536;

/** A remembered tail, between those used before and after it. */
interface Entry {
  readonly actorId: string;
  tail: Tail;
  /** See {@linkcode TailCache.unconfirmedOf}. */
  unconfirmed: number;
  before: Entry;
  after: Entry;
}

/**
 * A bounded map of tails, the least recently used forgotten first. A tail in
 * it never goes back.
 *
 * The order is a linked list: a `Map` in which each use were a deletion and an
 * addition would allocate a new table every so often, and the old tables keep
 * their entries alive.
 */
export class TailCache {
  readonly #entries = new Map<string, Entry>();
  readonly #capacity: number;
  /** A ring: `after` it is the least recently used, `before` it the latest. */
  readonly #ring: Entry;
  #highest = 0;
  /**
   * The highest sequence that was seen of forgotten actors, by the hash of
   * their ids.
   */
  #forgotten: Float64Array | undefined;

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
   * A sequence up to which more of the actor may have been seen than is
   * remembered; 0 for none.
   */
  unconfirmedOf(actorId: string): number {
    return this.#entries.get(actorId)?.unconfirmed ??
      this.#forgottenOf(actorId);
  }

  /** Notes that a message of the actor was seen. */
  noteSeen(actorId: string, sequence: number): void {
    if (sequence > this.#highest) this.#highest = sequence;
    const entry = this.#entries.get(actorId);
    if (entry === undefined) this.#noteForgotten(actorId, sequence);
    else if (sequence > entry.tail.sequence) {
      entry.unconfirmed = Math.max(entry.unconfirmed, sequence);
    }
  }

  /**
   * Remembers a tail, unless a later one is known; returns the later one. Its
   * actor becomes the most recently used.
   *
   * @param confirmed A sequence up to which the tail surely lacks nothing.
   */
  advance(actorId: string, tail: Tail, confirmed: number = 0): Tail {
    const entry = this.#entries.get(actorId);
    const sure = Math.max(confirmed, tail.sequence);
    if (entry !== undefined) {
      unlink(entry);
      this.#append(entry);
      if (entry.unconfirmed <= sure) entry.unconfirmed = 0;
      const known = entry.tail;
      if (known.sequence > tail.sequence) return known;
      if (known.sequence === tail.sequence && known.trail) return known;
      entry.tail = tail;
    } else {
      if (this.#entries.size >= this.#capacity) this.#evict();
      const seen = this.#forgottenOf(actorId);
      const unconfirmed = seen <= sure ? 0 : seen;
      const { before } = this.#ring;
      const added = { actorId, tail, unconfirmed, before, after: this.#ring };
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
    const { unconfirmed } = entry;
    if (unconfirmed > upTo) this.#noteForgotten(actorId, unconfirmed);
    this.#drop(entry);
  }

  /** Forgets the least recently used actor. */
  #evict(): void {
    const entry = this.#ring.after;
    const { actorId, tail, unconfirmed } = entry;
    this.#noteForgotten(actorId, Math.max(tail.sequence, unconfirmed));
    this.#drop(entry);
  }

  #drop(entry: Entry): void {
    const { actorId } = entry;
    this.#entries.delete(actorId);
    unlink(entry);
    entry.before = entry.after = entry; // it keeps no other entry alive
  }

  #forgottenOf(actorId: string): number {
    return this.#forgotten === undefined
      ? 0
      : this.#forgotten[slotOf(actorId)]!;
  }

  #noteForgotten(actorId: string, sequence: number): void {
    this.#forgotten ??= new Float64Array(FORGOTTEN_SLOTS);
    const slot = slotOf(actorId);
    if (sequence > this.#forgotten[slot]!) this.#forgotten[slot] = sequence;
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

function slotOf(actorId: string): number {
  return hashText(actorId) & (FORGOTTEN_SLOTS - 1);
}
