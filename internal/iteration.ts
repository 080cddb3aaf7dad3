/**
 * Iterations of items that come over time.
 *
 * @module
 */

/** Why something ended. */
export interface Reason {
  readonly reason: unknown;
}

type Result<T> = IteratorResult<T, undefined>;

/**
 * The one iteration of a subscription: its calls wait for items, and one of
 * them hears why it ended.
 */
export class Iteration<T> {
  /** Calls that wait for an item. */
  readonly #takers: ((result: Result<T> | Promise<Result<T>>) => void)[] = [];
  #begun = false;
  #ended = false;
  /** Why it ended, until a call was told. */
  #failure: Reason | undefined;

  /** Whether it has ended; there may be items left. */
  get ended(): boolean {
    return this.#ended;
  }

  /** Whether a call waits for an item. */
  get waits(): boolean {
    return this.#takers.length > 0;
  }

  /**
   * The iterator of the subscription, which is iterable itself.
   *
   * @param next Gives the next item, if there is one.
   * @param leave Ends the subscription, when the iterator is left early.
   * @throws {TypeError} If it was called before.
   */
  begin(
    next: () => T | undefined,
    leave: () => PromiseLike<void>,
  ): AsyncIterableIterator<T, undefined> {
    if (this.#begun) {
      throw new TypeError(
        "Cannot iterate subscription: it was iterated before; subscribe again",
      );
    }
    this.#begun = true;
    return {
      next: () => this.#take(next()),
      return: async () => {
        await leave();
        return { done: true, value: undefined };
      },
      [Symbol.asyncIterator]() {
        return this;
      },
    };
  }

  /** Gives an item to the call that has waited longest; false if none does. */
  give(value: T): boolean {
    if (this.#takers.length === 0) return false;
    this.#takers.shift()!({ done: false, value });
    return true;
  }

  /**
   * Ends it: calls that wait, and later ones that find no item, are told so.
   *
   * @param failure What the first of them fails with; it just ends without.
   */
  end(failure: Reason | undefined): void {
    this.#ended = true;
    this.#failure = failure;
    for (const taker of this.#takers.splice(0)) taker(this.#last());
  }

  #take(value: T | undefined): Promise<Result<T>> {
    if (value !== undefined) return Promise.resolve({ done: false, value });
    if (this.#ended) return this.#last();
    return new Promise((resolve) => {
      this.#takers.push(resolve);
    });
  }

  #last(): Promise<Result<T>> {
    const failure = this.#failure;
    this.#failure = undefined;
    if (failure !== undefined) return Promise.reject(failure.reason);
    return Promise.resolve({ done: true, value: undefined });
  }
}

/** What those who still wait for a subscription are told when it ends. */
export function reasonOf(failure: Reason | undefined): unknown {
  return failure === undefined
    ? new DOMException("The subscription was closed", "AbortError")
    : failure.reason;
}
