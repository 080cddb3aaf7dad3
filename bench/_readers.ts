/**
 * Readers of long histories, each on a thread and a connection of its own.
 *
 * @module
 */

import type { ReaderTask } from "./_reader.ts";

/** Starts readers; they read until they are disposed. */
export class Readers implements Disposable {
  readonly #workers: readonly Worker[];
  /** How many events they have read. */
  events = 0;

  private constructor(workers: readonly Worker[]) {
    this.#workers = workers;
  }

  /** Resolves when each of them has read something. */
  static async start(count: number, task: ReaderTask): Promise<Readers> {
    const workers = Array.from(
      { length: count },
      () =>
        new Worker(new URL("./_reader.ts", import.meta.url), {
          type: "module",
        }),
    );
    const readers = new Readers(workers);
    await Promise.all(
      workers.map((worker) =>
        new Promise<void>((resolve, reject) => {
          worker.onerror = ({ message }) => reject(new Error(message));
          worker.onmessage = ({ data }: MessageEvent<number>) => {
            readers.events += data;
            resolve();
          };
          worker.postMessage(task);
        })
      ),
    );
    return readers;
  }

  /** Ends them at once. */
  [Symbol.dispose](): void {
    for (const worker of this.#workers) worker.terminate();
  }
}
