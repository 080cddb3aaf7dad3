/**
 * The ids of the last events, for as long as a window, never for ever.
 *
 * @module
 */

import { StringIndex } from "./_string_index.ts";

/** How many ids are added between two looks at the clock; a power of two. */
const CLOCK_INTERVAL = 32;

/** The log that ids are looked up in. */
export interface IdLog {
  /** The sequence of the last event; 0 when there is none. */
  readonly lastSequence: number;
  /** The event of a sequence. */
  at(sequence: number): { readonly id: string };
}

/**
 * Finds the sequence of an id that was logged within a window, or within
 * about two: the ids of one window are forgotten as a whole, when the next one
 * is over.
 */
export class RecentIds {
  readonly #log: IdLog;
  readonly #window: number;
  readonly #now: () => number;
  /** Sequences, by the ids of their events. */
  readonly #index: StringIndex;
  /** When the window at hand began, and after which sequence. */
  #began: number;
  #beganAfter = 0;

  /**
   * @param window Milliseconds, more than 0.
   * @param now Monotonic milliseconds.
   */
  constructor(
    log: IdLog,
    window: number,
    now: () => number = () => performance.now(),
  ) {
    this.#log = log;
    this.#window = window;
    this.#now = now;
    this.#index = new StringIndex((sequence) => log.at(sequence).id);
    this.#began = now();
  }

  /** How many ids there is room for. */
  get capacity(): number {
    return this.#index.capacity;
  }

  /** The sequence of an id; undefined when it is not known (any more). */
  find(id: string): number | undefined {
    return this.#index.find(id);
  }

  /** Adds the id of the log's last event; it must not be known. */
  addLast(): void {
    const sequence = this.#log.lastSequence;
    if (sequence % CLOCK_INTERVAL === 0) this.#rotate();
    this.#index.add(this.#log.at(sequence).id, sequence);
  }

  #rotate(): void {
    const now = this.#now();
    if (now - this.#began < this.#window) return;
    // Also gives back what a burst has taken.
    const { lastSequence } = this.#log;
    this.#index.forget(this.#beganAfter, lastSequence - this.#beganAfter);
    this.#beganAfter = lastSequence;
    this.#began = now;
  }
}
