/**
 * Points on a circle of 2^32, each with an owner.
 *
 * @module
 */

/** The smallest table has 2 to this power slots. */
const MIN_BITS = 8;

/** At most three eighths are taken: lookups pass few gaps and few points. */
function capacityOf(bits: number): number {
  return 3 * 2 ** (bits - 3);
}

/** Room behind the last slot for as many points as there may be, and a gap. */
function makeSlots(bits: number): Uint32Array<ArrayBuffer> {
  return new Uint32Array(2 * (2 ** bits + capacityOf(bits) + 1));
}

/**
 * A sorted table with gaps. A point belongs into the slot that its upper bits
 * say, or as few behind it as there is room, so that all are in order: a point
 * is found, added and removed by looking at a few slots, however many there
 * are.
 *
 * Points in the same place are in an order of their owners, so that it does
 * not matter which was added first.
 */
export class RingPoints {
  readonly #before: (owner: number, other: number) => boolean;
  /** Pairs of a place and an owner plus 1; an owner of 0 is a gap. */
  #slots = makeSlots(MIN_BITS);
  #bits = MIN_BITS;
  /** A place shifted right by so many bits is its slot. */
  #shift = 32 - MIN_BITS;
  #count = 0;

  /** @param before Whether an owner's points go before another one's. */
  constructor(before: (owner: number, other: number) => boolean) {
    this.#before = before;
  }

  /** How many points there are. */
  get count(): number {
    return this.#count;
  }

  /**
   * Adds a point.
   *
   * @param place A whole number from 0 to 2^32 - 1.
   * @param owner A whole number from 0 to 2^32 - 2.
   */
  add(place: number, owner: number): void {
    if (this.#count >= capacityOf(this.#bits)) this.#grow();
    this.#insert(place, owner + 1);
    this.#count++;
  }

  /** Removes a point that was added. */
  remove(place: number, owner: number): void {
    const slots = this.#slots;
    let at = 2 * (place >>> this.#shift);
    while (slots[at] !== place || slots[at + 1] !== owner + 1) at += 2;
    // The points behind it move up, until one is where it belongs.
    for (let next = at + 2; slots[next + 1] !== 0; at = next, next += 2) {
      if (2 * (slots[next]! >>> this.#shift) === next) break;
      slots[at] = slots[next]!;
      slots[at + 1] = slots[next + 1]!;
    }
    slots[at] = 0;
    slots[at + 1] = 0;
    this.#count--;
  }

  /** The owner of the first point at a place or after it; there must be one. */
  ownerAt(place: number): number {
    const slots = this.#slots;
    const length = slots.length;
    for (let at = 2 * (place >>> this.#shift); at < length; at += 2) {
      if (slots[at]! >= place && slots[at + 1] !== 0) return slots[at + 1]! - 1;
    }
    for (let at = 0;; at += 2) {
      if (slots[at + 1] !== 0) return slots[at + 1]! - 1;
    }
  }

  /** The owners of all points, from a place on once around the circle. */
  *ownersFrom(place: number): Generator<number, undefined> {
    const slots = this.#slots;
    const from = 2 * (place >>> this.#shift);
    for (let at = from; at < slots.length; at += 2) {
      if (slots[at]! >= place && slots[at + 1] !== 0) yield slots[at + 1]! - 1;
    }
    for (let at = 0; at < slots.length; at += 2) {
      if (slots[at + 1] === 0) continue;
      if (slots[at]! >= place) break;
      yield slots[at + 1]! - 1;
    }
  }

  #insert(place: number, owner: number): void {
    const slots = this.#slots;
    let at = 2 * (place >>> this.#shift);
    while (slots[at + 1] !== 0 && this.#isBefore(at, place, owner)) at += 2;
    let gap = at;
    while (slots[gap + 1] !== 0) gap += 2;
    slots.copyWithin(at + 2, at, gap);
    slots[at] = place;
    slots[at + 1] = owner;
  }

  #isBefore(at: number, place: number, owner: number): boolean {
    const other = this.#slots[at]!;
    if (other !== place) return other < place;
    return this.#before(this.#slots[at + 1]! - 1, owner - 1);
  }

  #grow(): void {
    const old = this.#slots;
    this.#bits++;
    this.#shift--;
    this.#slots = makeSlots(this.#bits);
    for (let at = 0; at < old.length; at += 2) {
      const owner = old[at + 1]!;
      if (owner !== 0) this.#insert(old[at]!, owner);
    }
  }
}
