/**
 * The place where one lease is kept: a value that is replaced by
 * compare-and-set on its revision.
 *
 * @module
 */

import type { LeaseRecord } from "./record.ts";

/** What a read found. */
export interface Sight {
  /** The incarnation of the bucket: revisions start anew with a bucket. */
  readonly bucket: string;
  /** Rises with each write; 0 if there has never been one. */
  readonly revision: number;
  /** Undefined if there is none, or something else was written. */
  readonly record: LeaseRecord | undefined;
}

/** A write that says what it replaces. */
export interface LeaseWrite {
  /** The incarnation of the bucket it is meant for. */
  readonly bucket: string;
  /** The revision it replaces. */
  readonly expected: number;
  readonly record: LeaseRecord;
}

/** Where one lease is kept. */
export interface LeaseRegister {
  /**
   * What the leader of the servers has.
   *
   * @throws If it isn't known after `timeout` milliseconds.
   */
  read(timeout: number): Promise<Sight>;
  /**
   * Replaces a revision.
   *
   * @returns The new revision; undefined if it is certain that nothing was
   * stored.
   * @throws If the outcome isn't known after `timeout` milliseconds.
   */
  write(write: LeaseWrite, timeout: number): Promise<number | undefined>;
}
