/**
 * Marks events that were checked whole and are deeply frozen, so that they are
 * not checked and copied again.
 *
 * @module
 */

class Returned {
  constructor(object: object) {
    return object;
  }
}

/**
 * A private field on the event itself: nobody sees it, copies don't have it,
 * and it costs a hundredth of a WeakSet's entry.
 */
class Seal extends Returned {
  #sealed = true;

  static isOn(object: object): boolean {
    return #sealed in object;
  }
}

/** Marks an event that is deeply frozen, or is to be so at once. */
export function markSealed(event: object): void {
  new Seal(event);
}

/** Whether an event was marked: it is valid, and nobody can change it. */
export function isSealed(event: unknown): boolean {
  return typeof event === "object" && event !== null && Seal.isOn(event);
}
