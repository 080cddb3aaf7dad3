/**
 * What an in-memory store keeps: one log, and where in it each actor's events
 * are.
 *
 * @module
 */

import type { AnyEvent } from "./event.ts";

/** Sequences of one actor's events, rising, as are their versions. */
export type History = readonly number[];

const noHistory: History = [];

/** An append-only log of events, numbered 1, 2, 3 and so on. */
export class MemoryLog<E extends AnyEvent> {
  /** Identifies this log in checkpoints. */
  readonly incarnation: string = crypto.randomUUID();
  readonly #events: E[] = [];
  readonly #histories = new Map<string, number[]>();
  #waiting = new Set<() => void>();

  /** The sequence of the last event; 0 when there is none. */
  get lastSequence(): number {
    return this.#events.length;
  }

  /** The event of a sequence from 1 to {@linkcode lastSequence}. */
  at(sequence: number): E {
    return this.#events[sequence - 1]!;
  }

  /** Grows with the log; how far it is to be read is the reader's to keep. */
  history(actorId: string): History {
    return this.#histories.get(actorId) ?? noHistory;
  }

  /** The version of the actor's last event; 0 when it has none. */
  latestVersion(actorId: string): number {
    const history = this.#histories.get(actorId);
    return history === undefined ? 0 : this.#versionAt(history.at(-1)!);
  }

  /** The index in a history of the first version that is not lower; binary. */
  indexOf(history: History, version: number): number {
    let low = 0;
    let high = history.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#versionAt(history[middle]!) < version) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The sequence of exactly this version of the actor, if it is stored. */
  find(actorId: string, version: number): number | undefined {
    const history = this.history(actorId);
    // Most versions asked for are new.
    if (history.length === 0 || version > this.#versionAt(history.at(-1)!)) {
      return undefined;
    }
    const sequence = history[this.indexOf(history, version)]!;
    return this.#versionAt(sequence) === version ? sequence : undefined;
  }

  /** The actor's highest version lower than this one; 0 when there is none. */
  versionBefore(actorId: string, version: number): number {
    const history = this.history(actorId);
    const index = this.indexOf(history, version);
    return index === 0 ? 0 : this.#versionAt(history[index - 1]!);
  }

  /** Appends one event and returns its sequence. Wakes nobody yet. */
  append(event: E): number {
    const sequence = this.#events.push(event);
    const history = this.#histories.get(event.actorId);
    // A literal takes one slot, where a first push would reserve 17.
    if (history === undefined) this.#histories.set(event.actorId, [sequence]);
    else history.push(sequence);
    return sequence;
  }

  /** Calls `wake` once, when something was appended. */
  wait(wake: () => void): void {
    this.#waiting.add(wake);
  }

  /** Undoes {@linkcode wait}. */
  unwait(wake: () => void): void {
    this.#waiting.delete(wake);
  }

  /** Wakes everyone who waits; they may wait again at once. */
  wakeAll(): void {
    if (this.#waiting.size === 0) return;
    const woken = this.#waiting;
    this.#waiting = new Set();
    for (const wake of woken) wake();
  }

  #versionAt(sequence: number): number {
    return this.at(sequence).version;
  }
}
