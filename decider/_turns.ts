/**
 * Turns: one at a time for each key, in the order of asking.
 *
 * @module
 */

import { type Abortable, offAbort, onAbort } from "../internal/aborts.ts";

/** Somebody who waits for a turn. */
interface Waiter extends Abortable {
  begin(): void;
}

/** Gives one turn a key at a time. */
export class Turns {
  /** Who waits, by key; a key is here while somebody has its turn. */
  readonly #waiting = new Map<string, Set<Waiter>>();

  /**
   * Resolves once it is the caller's turn, which lasts until it calls
   * {@linkcode end}.
   *
   * @throws The signal's reason, if it is aborted before.
   */
  begin(key: string, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return Promise.reject(signal.reason);
    const waiting = this.#waiting.get(key);
    if (waiting === undefined) {
      this.#waiting.set(key, new Set());
      return Promise.resolve();
    }
    return new Promise((resolve, reject) => {
      const waiter = {
        begin: () => {
          offAbort(signal, waiter);
          resolve();
        },
        aborted: () => {
          waiting.delete(waiter);
          reject(signal!.reason);
        },
      };
      waiting.add(waiter);
      onAbort(signal, waiter);
    });
  }

  /** Ends the caller's turn: the next one's begins. */
  end(key: string): void {
    const waiting = this.#waiting.get(key)!;
    for (const next of waiting) {
      waiting.delete(next);
      next.begin();
      return;
    }
    this.#waiting.delete(key);
  }
}
