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
  /** Who waits, by key, if anybody does; a key is here during its turns. */
  readonly #waiting = new Map<string, Set<Waiter> | undefined>();

  /**
   * Resolves once it is the caller's turn, which lasts until it calls
   * {@linkcode end}; undefined if it is at once.
   *
   * @throws The signal's reason, if it is aborted before.
   */
  begin(key: string, signal?: AbortSignal): Promise<void> | undefined {
    signal?.throwIfAborted();
    if (!this.#waiting.has(key)) {
      this.#waiting.set(key, undefined);
      return undefined;
    }
    const waiting = this.#waiting.get(key) ?? new Set();
    this.#waiting.set(key, waiting);
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
    const waiting = this.#waiting.get(key);
    for (const next of waiting ?? []) {
      waiting!.delete(next);
      next.begin();
      return;
    }
    this.#waiting.delete(key);
  }
}
