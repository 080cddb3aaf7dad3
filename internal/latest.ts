/**
 * A value that changes, and iterations that follow it.
 *
 * @module
 */

import { offAbort, onAbort } from "./aborts.ts";

type Result<T> = IteratorResult<T, undefined>;

/**
 * A value that may be missing for a while. Each iteration gets the newest value
 * that it has not had; one that is slow misses those in between.
 */
export class Latest<T> {
  #value: T | undefined;
  #version = 0;
  #end: { failure?: unknown } | undefined;
  readonly #iterations = new Set<Iteration<T>>();
  readonly #idle = new Set<() => void>();

  /** The value; undefined while it is missing. */
  get value(): T | undefined {
    return this.#value;
  }

  /** Replaces the value. */
  set(value: T | undefined): void {
    this.#value = value;
    this.#version++;
    for (const iteration of [...this.#iterations]) iteration.wake();
  }

  /** Ends the iterations, with an error if there is one. */
  end(failure?: unknown): void {
    if (this.#end !== undefined) return;
    this.#end = failure === undefined ? {} : { failure };
    this.#value = undefined;
    for (const iteration of [...this.#iterations]) iteration.wake();
  }

  /** Follows the value; a signal ends the iteration with its reason. */
  iterate(
    signal: AbortSignal | undefined,
  ): AsyncIterableIterator<T, undefined> {
    const iteration = new Iteration<T>(signal, {
      value: () => this.#value,
      version: () => this.#version,
      end: () => this.#end,
      changed: () => this.#changed(),
      over: () => this.#iterations.delete(iteration),
    });
    this.#iterations.add(iteration);
    return iteration;
  }

  /** Whether an iteration is at work on a value: it has not come back yet. */
  get isBusy(): boolean {
    return [...this.#iterations].some(({ isBusy }) => isBusy);
  }

  /** Resolves when no iteration is at work on a value any more. */
  idle(): Promise<void> {
    return new Promise((resolve) => {
      this.#idle.add(resolve);
      this.#changed();
    });
  }

  #changed(): void {
    if (this.isBusy) return;
    for (const resolve of this.#idle) resolve();
    this.#idle.clear();
  }
}

/** What an iteration asks of the value it follows. */
interface Source<T> {
  value(): T | undefined;
  version(): number;
  end(): { failure?: unknown } | undefined;
  /** It has become busy or idle. */
  changed(): void;
  over(): void;
}

class Iteration<T> implements AsyncIterableIterator<T, undefined> {
  /** Whether its caller has taken a value, and has not come back. */
  isBusy = false;
  readonly #signal: AbortSignal | undefined;
  readonly #source: Source<T>;
  readonly #takers: PromiseWithResolvers<Result<T>>[] = [];
  #version = 0;
  #isOver = false;

  constructor(signal: AbortSignal | undefined, source: Source<T>) {
    this.#signal = signal;
    this.#source = source;
    if (signal !== undefined && !signal.aborted) onAbort(signal, this);
  }

  /** Ends it: its signal was aborted. */
  aborted(): void {
    this.wake();
  }

  next(): Promise<Result<T>> {
    this.#setBusy(false);
    const taker = Promise.withResolvers<Result<T>>();
    this.#takers.push(taker);
    this.wake();
    return taker.promise;
  }

  return(): Promise<Result<T>> {
    this.#finish();
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** Gives callers that wait what there is for them. */
  wake(): void {
    const end = this.#isOver
      ? {}
      : this.#signal?.aborted
      ? { failure: this.#signal.reason }
      : this.#source.end();
    if (end !== undefined) {
      const [first, ...others] = this.#takers.splice(0);
      if (first !== undefined && "failure" in end) first.reject(end.failure);
      else first?.resolve({ done: true, value: undefined });
      for (const { resolve } of others) {
        resolve({ done: true, value: undefined });
      }
      if (first !== undefined) this.#finish();
      return;
    }
    const value = this.#source.value();
    const version = this.#source.version();
    if (value === undefined || version === this.#version) return;
    const taker = this.#takers.shift();
    if (taker === undefined) return;
    this.#version = version;
    this.#setBusy(true);
    taker.resolve({ done: false, value });
  }

  #finish(): void {
    this.#isOver = true;
    offAbort(this.#signal, this);
    this.#setBusy(false);
    this.#source.over();
    if (this.#takers.length > 0) this.wake();
  }

  #setBusy(isBusy: boolean): void {
    this.isBusy = isBusy;
    this.#source.changed();
  }
}
