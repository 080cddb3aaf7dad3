/**
 * Waiting, ended early by a signal.
 *
 * @module
 */

import { offAbort, onAbort } from "./aborts.ts";

/** Resolves after `ms` milliseconds, or rejects with the signal's reason. */
export function delay(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const abortable = {
      aborted: () => {
        clearTimeout(timer);
        reject(signal!.reason);
      },
    };
    const timer = setTimeout(() => {
      offAbort(signal, abortable);
      resolve();
    }, ms);
    onAbort(signal, abortable);
  });
}

/** Milliseconds before attempt `n` (from 0): 2, 4, 8, ... at most 250, half of it random. */
export function backoff(n: number): number {
  const most = Math.min(250, 2 ** (n + 1));
  return most / 2 + Math.random() * most / 2;
}

/** A point in monotonic time. */
export class Deadline {
  readonly #at: number;

  /** @param ms Milliseconds from now. */
  constructor(ms: number) {
    this.#at = performance.now() + ms;
  }

  /** A deadline in monotonic milliseconds, as `performance.now()` has them. */
  static at(time: number): Deadline {
    return new Deadline(time - performance.now());
  }

  /** When it is, in monotonic milliseconds. */
  get at(): number {
    return this.#at;
  }

  /** Milliseconds left; 0 once it has passed. */
  get left(): number {
    return Math.max(0, this.#at - performance.now());
  }
}

/** The result of a promise, unless the signal is aborted first. */
export function untilAborted<T>(
  promise: Promise<T>,
  signal: AbortSignal | undefined,
): Promise<T> {
  if (signal === undefined) return promise;
  return new Promise((resolve, reject) => {
    const abortable = { aborted: () => reject(signal.reason) };
    if (signal.aborted) abortable.aborted();
    else onAbort(signal, abortable);
    promise.then(resolve, reject).finally(() => offAbort(signal, abortable));
  });
}

/** Whether a promise resolves within so many milliseconds. */
export function isInTime(
  promise: Promise<unknown>,
  ms: number,
): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), ms);
    promise.then(() => {
      clearTimeout(timer);
      resolve(true);
    });
  });
}
