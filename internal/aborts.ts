/**
 * Many calls that listen to one signal.
 *
 * @module
 */

import { reportUncaught } from "./report_uncaught.ts";

/** A call, or anything else that a signal may end. */
export interface Abortable {
  /** Hears that the signal is aborted. */
  aborted(): void;
}

/**
 * The listeners of a signal, behind one event listener: an AbortSignal searches
 * all its listeners whenever one is added or removed, which takes longer than
 * the thousands of calls of an import themselves.
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
