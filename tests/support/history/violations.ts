/**
 * What may be wrong with a history.
 *
 * @module
 */

import type { HistoryRecord } from "./records.ts";

/** The kinds of faults that are told apart, and what each means. */
export const violationKinds = {
  "lost": "an acknowledged event is not stored",
  "twice": "an event is stored twice",
  "hole": "the stream lacks a sequence",
  "disorder": "an actor's versions, or the stream's sequences, do not rise",
  "altered": "an event is stored otherwise than it was saved",
  "phantom": "an event is stored that nobody saved",
  "failed-stored": "an event of a save that failed is stored",
  "wrong-ack": "a save was acknowledged with a wrong version or sequence",
  "torn-batch": "a batch is stored in part",
  "scattered-batch": "a batch is stored in pieces",
  "half-batch": "half of a batch was seen",
  "false-conflict": "a conflict that was none, or with a wrong version",
  "false-duplicate": "a save was wrong about having stored something new",
  "false-duplicate-id": "an id was refused that no other event has",
  "unstored": "something was seen that is not stored",
  "early": "something was seen before anybody saved it",
  "gap": "a read left an event out",
  "stale": "a read lacks an event that had been acknowledged",
  "went-back": "a store knows less of an actor than it did before",
  "skipped": "a subscription left an event out",
  "repeated": "a subscription delivered out of order, or again",
  "misdelivered": "a subscription delivered what it should not",
  "no-outcome": "a call never ended",
  "unexpected": "a call ended with an error that nothing accounts for",
} as const;

/** One of the kinds. */
export type ViolationKind = keyof typeof violationKinds;

/** A promise that was not kept. */
export interface Violation {
  readonly kind: ViolationKind;
  /** What exactly is wrong. */
  readonly message: string;
  /** The calls and outcomes that show it. */
  readonly records: readonly HistoryRecord[];
}

/** Takes violations down, at most so many of a kind in full. */
export class Violations {
  readonly list: Violation[] = [];
  readonly #counts = new Map<ViolationKind, number>();
  readonly #most: number;

  constructor(most: number) {
    this.#most = most;
  }

  /** How many there are of each kind. */
  get counts(): ReadonlyMap<ViolationKind, number> {
    return this.#counts;
  }

  /** Takes one down. */
  add(
    kind: ViolationKind,
    message: string,
    ...records: (HistoryRecord | undefined)[]
  ): void {
    const count = (this.#counts.get(kind) ?? 0) + 1;
    this.#counts.set(kind, count);
    if (count > this.#most) return;
    this.list.push({
      kind,
      message,
      records: records.filter((record) => record !== undefined),
    });
  }
}
