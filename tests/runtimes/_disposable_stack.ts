/**
 * An AsyncDisposableStack for runtimes that have none, such as Node 22: as much
 * of it as the suites use. The library itself does without.
 *
 * @module
 */

class Stack implements AsyncDisposable {
  #disposals: (() => unknown)[] = [];

  use<T extends AsyncDisposable | Disposable>(resource: T): T {
    this.defer(() =>
      Symbol.asyncDispose in resource
        ? resource[Symbol.asyncDispose]()
        : resource[Symbol.dispose]()
    );
    return resource;
  }

  adopt<T>(resource: T, dispose: (resource: T) => unknown): T {
    this.defer(() => dispose(resource));
    return resource;
  }

  defer(dispose: () => unknown): void {
    this.#disposals.push(dispose);
  }

  move(): Stack {
    const moved = new Stack();
    moved.#disposals = this.#disposals.splice(0);
    return moved;
  }

  async disposeAsync(): Promise<void> {
    const errors: unknown[] = [];
    for (const dispose of this.#disposals.splice(0).reverse()) {
      try {
        await dispose();
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length > 0) throw new AggregateError(errors);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.disposeAsync();
  }
}

if (!("AsyncDisposableStack" in globalThis)) {
  Object.assign(globalThis, { AsyncDisposableStack: Stack });
}
