/**
 * One save at a time for each actor, in the order of the calls.
 *
 * @module
 */

/** Locks on actors, held until they are given back. */
export class ActorLocks {
  /** Who waits for each actor that is held. */
  readonly #held = new Map<string, (() => void)[]>();

  /** Takes an actor that nobody holds; false if somebody does. */
  tryAcquire(actorId: string): boolean {
    if (this.#held.has(actorId)) return false;
    this.#held.set(actorId, NOBODY);
    return true;
  }

  /**
   * Waits until each of the actors is free, and takes them. They are taken in
   * one order by all, so that no two calls wait for each other.
   */
  async acquire(
    actorIds: readonly string[],
    signal?: AbortSignal,
  ): Promise<void> {
    const taken: string[] = [];
    try {
      for (const actorId of actorIds.toSorted()) {
        if (!this.tryAcquire(actorId)) await this.#wait(actorId, signal);
        taken.push(actorId);
      }
    } catch (error) {
      this.release(taken);
      throw error;
    }
  }

  /** Gives actors back, each to the one who has waited longest. */
  release(actorIds: readonly string[]): void {
    for (const actorId of actorIds) {
      const next = this.#held.get(actorId)!.shift();
      if (next === undefined) this.#held.delete(actorId);
      else next();
    }
  }

  #wait(actorId: string, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const take = () => {
        signal?.removeEventListener("abort", abort);
        resolve();
      };
      const abort = () => {
        waiting.splice(waiting.indexOf(take), 1);
        reject(signal!.reason);
      };
      let waiting = this.#held.get(actorId)!;
      if (waiting === NOBODY) this.#held.set(actorId, waiting = []);
      waiting.push(take);
      signal?.addEventListener("abort", abort, { once: true });
    });
  }
}

/** Most actors are waited for by nobody: they share this. Never written to. */
const NOBODY: (() => void)[] = [];
