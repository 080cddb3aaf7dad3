/**
 * The log of an in-memory store, with an index of each actor's events.
 *
 * @module
 */

import { StringIndex } from "./_string_index.ts";
import type { AnyEvent } from "../../event/event.ts";
import type { TraceContext } from "../../internal/telemetry/types.ts";

/** Sequences of one actor's events, rising, as are their versions. */
export type History = readonly number[];

const noHistory: History = [];

/** An append-only log of events, numbered 1, 2, 3 and so on. */
export class MemoryLog<E extends AnyEvent> {
  #incarnation: string | undefined;
  readonly #events: E[] = [];
  /** When each was stored, in milliseconds since the epoch; never falling. */
  readonly #times: number[] = [];
  /** Of each actor, in the order in which they came up. */
  readonly #histories: number[][] = [];
  /** The actors of the histories. */
  readonly #actorIds: string[] = [];
  /** Where each actor is in these, counted from 1. */
  readonly #actors = new StringIndex((place) => this.#actorIds[place - 1]!);
  /** By sequence, of the events that have one. */
  readonly #traces = new Map<number, TraceContext>();
  #waiting = new Set<() => void>();

  /**
   * Identifies this log in checkpoints. Made when it is asked for: some
   * runtimes refuse random values while modules are loaded.
   */
  get incarnation(): string {
    return this.#incarnation ??= crypto.randomUUID();
  }

  /** The sequence of the last event; 0 when there is none. */
  get lastSequence(): number {
    return this.#events.length;
  }

  /** The event of a sequence from 1 to {@linkcode lastSequence}. */
  at(sequence: number): E {
    return this.#events[sequence - 1]!;
  }

  /** When the event of a sequence was stored, in ms since the epoch. */
  timeAt(sequence: number): number {
    return this.#times[sequence - 1]!;
  }

  /** The first sequence that was stored at a time or later; binary. */
  firstSince(time: number): number {
    return lowerBound(this.#times, (stored) => stored < time) + 1;
  }

  /** The actors there are, in the order in which they came up. */
  get actorIds(): readonly string[] {
    return this.#actorIds;
  }

  /** The trace context that the event of a sequence was saved in, if any. */
  traceAt(sequence: number): TraceContext | undefined {
    return this.#traces.get(sequence);
  }

  /** Grows with the log, unless it was empty. */
  history(actorId: string): History {
    const place = this.#actors.find(actorId);
    return place === undefined ? noHistory : this.#histories[place - 1]!;
  }

  /** The version of a history's last event; 0 when it has none. */
  latestVersion(history: History): number {
    const { length } = history;
    return length === 0 ? 0 : this.at(history[length - 1]!).version;
  }

  /** The index in a history of the first version that is not lower; binary. */
  indexOf(history: History, version: number): number {
    return lowerBound(history, (place) => this.at(place).version < version);
  }

  /** The sequence of exactly this version in a history, if it is there. */
  find(history: History, version: number): number | undefined {
    // Most versions asked for are new.
    if (version > this.latestVersion(history)) return undefined;
    const sequence = history[this.indexOf(history, version)]!;
    return this.at(sequence).version === version ? sequence : undefined;
  }

  /** The highest version in a history that is lower; 0 when there is none. */
  versionBefore(history: History, version: number): number {
    const index = this.indexOf(history, version);
    return index === 0 ? 0 : this.at(history[index - 1]!).version;
  }

  /**
   * Appends one event and returns its sequence. Wakes nobody yet.
   *
   * @param history The history of the event's actor, as found just now.
   */
  append(
    event: E,
    history: History,
    trace: TraceContext | undefined,
  ): number {
    const sequence = this.#events.length + 1;
    // These have limits, beyond which they throw: nothing is appended then.
    if (trace !== undefined) this.#traces.set(sequence, trace);
    this.#events.push(event);
    this.#times.push(Math.max(this.#times.at(-1) ?? 0, Date.now()));
    if (history === noHistory) {
      const { actorId } = event;
      // A literal takes one slot, where a first push would reserve 17.
      this.#histories.push([sequence]);
      this.#actors.add(actorId, this.#actorIds.push(actorId));
    } else (history as number[]).push(sequence);
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
}

/** The index of the first item that does not lie before what is wanted. */
function lowerBound(
  items: readonly number[],
  isBefore: (item: number) => boolean,
): number {
  let low = 0;
  let high = items.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (isBefore(items[middle]!)) low = middle + 1;
    else high = middle;
  }
  return low;
}
