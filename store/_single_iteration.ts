/**
 * What can be iterated once only.
 *
 * @module
 */

/** Gives one iterator, to whoever asks first. */
export class SingleIteration {
  #begun = false;

  /**
   * The iterator of a subscription.
   *
   * @param next Gives the next item.
   * @param end Ends the subscription, when the iterator is left early.
   * @throws {TypeError} If it was called before.
   */
  begin<T>(
    next: () => Promise<IteratorResult<T, undefined>>,
    end: () => PromiseLike<void>,
  ): AsyncIterator<T, undefined> {
    if (this.#begun) {
      throw new TypeError(
        "Cannot iterate subscription: it was iterated before; subscribe again",
      );
    }
    this.#begun = true;
    return {
      next,
      return: async () => {
        await end();
        return { done: true, value: undefined };
      },
    };
  }
}
