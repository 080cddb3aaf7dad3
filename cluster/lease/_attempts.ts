/**
 * Writes whose outcome may still be found out.
 *
 * @module
 */

import type { Reading } from "./clock.ts";
import type { LeaseRecord } from "./record.ts";

/** The most that are remembered. */
const MAX_ATTEMPTS = 64;

/** A write and when it left. */
export interface Attempt {
  /** The incarnation of the bucket it was meant for. */
  readonly bucket: string;
  readonly record: LeaseRecord;
  readonly sent: Reading;
}

/** A node's own writes, by their nonces; the oldest are forgotten. */
export class Attempts {
  readonly #all = new Map<string, Attempt>();

  /** Remembers one. */
  add(attempt: Attempt): void {
    this.#all.set(attempt.record.nonce, attempt);
    if (this.#all.size <= MAX_ATTEMPTS) return;
    this.#all.delete(this.#all.keys().next().value!);
  }

  /** The one that has stored a record in a life of the bucket. */
  find(bucket: string, record: LeaseRecord | undefined): Attempt | undefined {
    const attempt = record && this.#all.get(record.nonce);
    return attempt?.bucket === bucket ? attempt : undefined;
  }

  /** Forgets all. */
  clear(): void {
    this.#all.clear();
  }
}
