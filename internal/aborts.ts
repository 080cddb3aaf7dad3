/**
 * Many calls that listen to one signal.
 *
 * @module
 */

import { reportUncaught } from "./report_uncaught.ts";

/** What a signal may end, such as a call. */
export interface Abortable {
  /** Hears that the signal is aborted. */
  aborted(): void;
}

/**
 * All that listens to a signal, behind one listener: an AbortSignal looks
 * through all its listeners with each that comes or goes, which for the
 * thousands of calls of an import takes longer than the calls.
 */
class Abortables implements EventListenerObject {
  readonly #signal: AbortSignal;
  readonly #all = new Set<Abortable>();

  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  add(abortable: Abortable): void {
    // Only while there are any: a listener keeps a signal that is made of
    // others alive.
    if (this.#all.size === 0) this.#signal.addEventListener("abort", this);
    this.#all.add(abortable);
  }

  delete(abortable: Abortable): void {
    if (!this.#all.delete(abortable) || this.#all.size > 0) return;
    this.#signal.removeEventListener("abort", this);
  }

  handleEvent(): void {
    for (const abortable of this.#all) {
      this.delete(abortable);
      try {
        abortable.aborted();
      } catch (error) {
        reportUncaught(error); // as an AbortSignal does: the others must hear too
      }
    }
  }
}

const bySignal = new WeakMap<AbortSignal, Abortables>();

/**
 * Has `abortable` hear, once, that a signal is aborted, which it must not be
 * yet. They hear of it in the order in which they began to listen.
 */
export function onAbort(
  signal: AbortSignal | undefined,
  abortable: Abortable,
): void {
  if (signal === undefined) return;
  let all = bySignal.get(signal);
  if (all === undefined) bySignal.set(signal, all = new Abortables(signal));
  all.add(abortable);
}

/** Undoes {@linkcode onAbort}. */
export function offAbort(
  signal: AbortSignal | undefined,
  abortable: Abortable,
): void {
  if (signal !== undefined) bySignal.get(signal)?.delete(abortable);
}
