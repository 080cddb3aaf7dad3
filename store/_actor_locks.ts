/**
 * One save at a time for each actor, in the order of the calls.
 *
 * @module
 */

/** A call that waits for actors, or holds them. */
interface Turn {
  /** At how many of its actors somebody is before it. */
  behind: number;
  /** Called when it is first everywhere. */
  begin: () => void;
}

/**
 * Locks on actors. A call takes its place at all of its actors at once, so
 * that calls never wait for each other in a circle, and those of one actor
 * have their turns in the order they came in.
 */
export class ActorLocks {
  /** Who holds each actor that is held, and who waits for it behind. */
  readonly #turns = new Map<string, Turn[]>();

  /** Takes an actor that nobody holds; false if somebody does. */
  tryAcquire(actorId: string): boolean {
    if (this.#turns.has(actorId)) return false;
    this.#turns.set(actorId, [HELD]);
    return true;
  }

  /**
   * Waits until it is first at each of the actors, which are different ones.
   * The place is taken when it is called.
   */
  acquire(actorIds: readonly string[], signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const turn: Turn = { behind: 0, begin: resolve };
      for (const actorId of actorIds) {
        const turns = this.#turns.get(actorId);
        if (turns === undefined) this.#turns.set(actorId, [turn]);
        else if (turns.push(turn) > 1) turn.behind++;
      }
      if (turn.behind === 0) return resolve();
      if (signal === undefined) return;
      const abort = () => {
        for (const actorId of actorIds) this.#leave(actorId, turn);
        reject(signal.reason);
      };
      turn.begin = () => {
        signal.removeEventListener("abort", abort);
        resolve();
      };
      signal.addEventListener("abort", abort, { once: true });
    });
  }

  /** Gives actors back, each to the call that has waited longest. */
  release(actorIds: readonly string[]): void {
    for (const actorId of actorIds) {
      this.#leave(actorId, this.#turns.get(actorId)![0]!);
    }
  }

  #leave(actorId: string, turn: Turn): void {
    const turns = this.#turns.get(actorId)!;
    const place = turns.indexOf(turn);
    turns.splice(place, 1);
    if (turns.length === 0) this.#turns.delete(actorId);
    else if (place === 0 && --turns[0]!.behind === 0) turns[0]!.begin();
  }
}

/** Whoever took an actor without waiting; never waits itself. */
const HELD: Turn = { behind: 0, begin: () => {} };
