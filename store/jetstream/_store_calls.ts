/**
 * The calls of a store: whether they may begin, how their errors read, and how
 * long they take.
 *
 * @module
 */

import { ConnectionClosedError } from "../../internal/nats/errors.ts";
import { StoreClosedError } from "../errors.ts";
import type { Monitor } from "../instrumentation.ts";
import type { ReadBounds } from "./stream/read_retries.ts";
import { errorOfCall, isReasonOf } from "./stream/request_errors.ts";
import type { StreamReader } from "./stream/stream_reader.ts";

/** Begins, measures and ends the calls of one store. */
export class StoreCalls {
  readonly #reader: StreamReader;
  readonly #monitor: Monitor;
  #isClosed = false;
  /** How many saves are under way. */
  #saving = 0;
  /** Resolves when the last of them ends, once the store is closed. */
  #saved: PromiseWithResolvers<void> | undefined;

  constructor(reader: StreamReader, monitor: Monitor) {
    this.#reader = reader;
    this.#monitor = monitor;
  }

  /** Whether the store is closed. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Refuses calls from now on; resolves when no save is under way. */
  close(): Promise<void> {
    this.#isClosed = true;
    if (this.#saving === 0) return Promise.resolve();
    this.#saved = Promise.withResolvers();
    return this.#saved.promise;
  }

  /** Begins a read; returns its bounds. */
  begin(action: string, signal: AbortSignal | undefined): ReadBounds {
    this.check(action, signal);
    return this.#reader.bounds(signal);
  }

  /** Checks whether a call may begin, or go on. */
  check(action: string, signal: AbortSignal | undefined): void {
    this.throwIfOver(action, signal);
    this.#reader.watch.refreshIfStale(performance.now());
  }

  /** As {@linkcode check}, without a look at the clock. */
  throwIfOver(action: string, signal: AbortSignal | undefined): void {
    if (this.#isClosed) throw new StoreClosedError(action);
    signal?.throwIfAborted();
    this.#reader.watch.throwIfReplaced(action);
  }

  /** What a read gives, its duration counted. */
  read<T>(
    promise: Promise<T>,
    action: string,
    signal: AbortSignal | undefined,
  ): Promise<T> {
    const monitor = this.#monitor;
    return this.settle(
      promise,
      action,
      signal,
      (start, error) => monitor.read(action, start, error),
    );
  }

  /**
   * What a call gives, or the error that says why there is nothing.
   *
   * @param ended Hears when it began and how it ended.
   */
  async settle<T>(
    promise: Promise<T>,
    action: string,
    signal: AbortSignal | undefined,
    ended: (start: number, error?: unknown, result?: T) => void,
  ): Promise<T> {
    const start = performance.now();
    try {
      const result = await promise;
      ended(start, undefined, result);
      return result;
    } catch (cause) {
      const isClosed = this.#isClosed &&
        cause instanceof ConnectionClosedError && !isReasonOf(signal, cause);
      const error = isClosed
        ? new StoreClosedError(action)
        : errorOfCall(action, cause, signal);
      ended(start, error);
      throw error;
    }
  }

  /** The items of pages one by one, anew with each iteration. */
  each<T>(
    begin: () => AsyncGenerator<Iterable<T>, void>,
    action: string,
    signal: AbortSignal | undefined,
  ): AsyncIterable<T> {
    return { [Symbol.asyncIterator]: () => this.#items(begin, action, signal) };
  }

  async *#items<T>(
    begin: () => AsyncGenerator<Iterable<T>, void>,
    action: string,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<T, void> {
    for await (const page of this.measured(begin(), action, signal)) {
      for (const item of page) {
        yield item;
        this.check(action, signal);
      }
    }
  }

  /** Pages as they are, the duration of each counted. */
  async *measured<T>(
    pages: AsyncGenerator<T, void>,
    action: string,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<T, void> {
    const monitor = this.#monitor;
    try {
      for (let page = 0;; page++) {
        const { done, value } = await this.settle(
          pages.next(),
          action,
          signal,
          (start, error, result) => {
            const isRead = page === 0 || !result?.done;
            if (isRead) monitor.read(action, start, error);
          },
        );
        if (done) return;
        yield value;
        this.check(action, signal);
      }
    } finally {
      await pages.return(); // lets go of what was asked for ahead
    }
  }

  /** Counts a save until it ends; returns when it began. */
  saveBegins(): number {
    const now = performance.now();
    this.#reader.watch.refreshIfStale(now);
    this.#saving++;
    return now;
  }

  /** Counts a save as ended. */
  readonly saveEnds = (): void => {
    if (--this.#saving === 0) this.#saved?.resolve();
  };
}
