/**
 * A lease in the bucket of a cluster.
 *
 * @module
 */

import type { KeyValues } from "./key_values.ts";
import { decodeRecord, encodeRecord, type LeaseRecord } from "./record.ts";
import type { LeaseRegister, LeaseWrite, Sight } from "./register.ts";

/** A lease that is kept under a key of a bucket. */
export class BucketRegister implements LeaseRegister {
  readonly #bucket: KeyValues;
  readonly #key: string;
  readonly #headers: (record: LeaseRecord) => string;

  /**
   * @param key Such as `lease.leader`.
   * @param headers Gives the lines of headers that a write bears.
   */
  constructor(
    bucket: KeyValues,
    key: string,
    headers: (record: LeaseRecord) => string = () => "",
  ) {
    this.#bucket = bucket;
    this.#key = key;
    this.#headers = headers;
  }

  /** As {@linkcode LeaseRegister.read}. */
  async read(timeout: number): Promise<Sight> {
    const entry = await this.#bucket.read(this.#key, timeout);
    const { bucket, revision, data } = entry;
    return { bucket, revision, record: decodeRecord(data) };
  }

  /** As {@linkcode LeaseRegister.write}. */
  write(
    { bucket, expected, record }: LeaseWrite,
    timeout: number,
  ): Promise<number | undefined> {
    const key = this.#key;
    const data = encodeRecord(record);
    const headers = this.#headers(record);
    const write = { key, bucket, expected, data, headers };
    return this.#bucket.write(write, timeout);
  }
}
