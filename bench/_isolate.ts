/**
 * Sides of a comparison on threads of their own. V8 compiles a function for
 * what it was called with; in one isolate each side would be measured as
 * compiled for all of them, as no program has it that uses only one.
 *
 * @module
 */

import type { IsolatedTask } from "./_isolated.ts";

/** A thread that runs one side, again and again. */
export class Isolate implements Disposable {
  readonly #worker = new Worker(new URL("./_isolated.ts", import.meta.url), {
    type: "module",
  });

  /**
   * Calls a function there and resolves with what it resolves with.
   *
   * @param module What exports it, a URL.
   * @param name Its name.
   */
  run(
    module: string,
    name: string,
    ...args: readonly unknown[]
  ): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#worker.onerror = ({ message }) => reject(new Error(message));
      this.#worker.onmessage = ({ data }: MessageEvent<number>) =>
        resolve(data);
      const task: IsolatedTask = { module, name, args };
      this.#worker.postMessage(task);
    });
  }

  /** Ends the thread. */
  [Symbol.dispose](): void {
    this.#worker.terminate();
  }
}
