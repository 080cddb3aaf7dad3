/**
 * Leases within one process.
 *
 * @module
 */

import type { LeaseRegister, LeaseWrite, Sight } from "./register.ts";

/** A lease in memory, with the same compare-and-set as a server's. */
export class LocalRegister implements LeaseRegister {
  #sight: Sight = { bucket: "local", revision: 0, record: undefined };
  readonly #listeners = new Set<() => void>();

  /** Has a function called after each write; returns how to end that. */
  listen(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** As {@linkcode LeaseRegister.read}. */
  read(): Promise<Sight> {
    return Promise.resolve(this.#sight);
  }

  /** As {@linkcode LeaseRegister.write}. */
  write({ bucket, expected, record }: LeaseWrite): Promise<number | undefined> {
    if (expected !== this.#sight.revision) return Promise.resolve(undefined);
    const revision = expected + 1;
    this.#sight = { bucket, revision, record };
    for (const listener of [...this.#listeners]) queueMicrotask(listener);
    return Promise.resolve(revision);
  }
}
