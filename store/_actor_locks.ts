/**
 * One save at a time for each actor, in the order of the calls.
 *
 * @module
 */

/** Locks on actors, taken all at once, so that no two calls wait in a circle. */
export class ActorLocks {
  readonly #last = new Map<string, Promise<void>>();

  /**
   * Waits until nobody else holds any of the actors. Resolves with what gives
   * them back.
   */
  async acquire(actorIds: Iterable<string>): Promise<() => void> {
    const { promise: held, resolve: release } = Promise.withResolvers<void>();
    const before: Promise<void>[] = [];
    const taken = [...actorIds];
    for (const actorId of taken) {
      const last = this.#last.get(actorId);
      if (last !== undefined) before.push(last);
      this.#last.set(actorId, held);
    }
    if (before.length > 0) await Promise.all(before);
    return () => {
      release();
      for (const actorId of taken) {
        if (this.#last.get(actorId) === held) this.#last.delete(actorId);
      }
    };
  }
}
