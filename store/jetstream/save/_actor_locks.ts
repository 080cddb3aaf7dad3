/**
 * One save at a time for each actor, in the order of the calls.
 *
 * @module
 */

import { offAbort, onAbort } from "../../../internal/aborts.ts";

/** A call that waits for actors. */
interface Turn {
  /** For how many of its actors others go first. */
  behind: number;
  /** Called when it holds all of them. */
  begin: () => void;
}

/**
 * Locks on actors. A call takes its place at all of its actors at once, so
 * that calls never wait for each other in a circle, and those of one actor
 * have their turns in the order they came in.
 */
export class ActorLocks {
  /** The locked actors, with the calls that wait for each. */
  readonly #waiting = new Map<string, Turn[] | undefined>();

  /** Locks an actor; false if it is locked already. */
  tryAcquire(actorId: string): boolean {
    if (this.#waiting.has(actorId)) return false;
    this.#waiting.set(actorId, undefined);
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
        if (this.tryAcquire(actorId)) continue;
        const waiting = this.#waiting.get(actorId);
        if (waiting === undefined) this.#waiting.set(actorId, [turn]);
        else waiting.push(turn);
        turn.behind++;
      }
      if (turn.behind === 0) return resolve();
      if (signal === undefined) return;
      const abortable = {
        aborted: () => {
          for (const actorId of actorIds) this.#leave(actorId, turn);
          reject(signal.reason);
        },
      };
      turn.begin = () => {
        offAbort(signal, abortable);
        resolve();
      };
      onAbort(signal, abortable);
    });
  }

  /** Unlocks an actor for the call that has waited longest. */
  release(actorId: string): void {
    const next = this.#waiting.get(actorId)?.shift();
    if (next === undefined) this.#waiting.delete(actorId);
    else if (--next.behind === 0) next.begin();
  }

  /** Ends a wait, and releases the actors that it holds already. */
  #leave(actorId: string, turn: Turn): void {
    const waiting = this.#waiting.get(actorId);
    const place = waiting?.indexOf(turn) ?? -1;
    if (place === -1) this.release(actorId);
    else waiting!.splice(place, 1);
  }
}
