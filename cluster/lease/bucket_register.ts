/**
 * A lease in the bucket of a cluster.
 *
 * @module
 */

import type { ClusterBucket } from "./bucket.ts";
import { decodeRecord, encodeRecord } from "./record.ts";
import type { LeaseRegister, LeaseWrite, Sight } from "./register.ts";

/** A lease that is kept under a key of a bucket. */
export class BucketRegister implements LeaseRegister {
  readonly #bucket: ClusterBucket;
  readonly #key: string;
  readonly #headers: () => string;

  /**
   * @param key Such as `lease.leader`.
   * @param headers Gives the lines of headers that a write bears.
   */
  constructor(
    bucket: ClusterBucket,
    key: string,
    headers: () => string = () => "",
  ) {
    this.#bucket = bucket;
    this.#key = key;
    this.#headers = headers;
  }

  /** As {@linkcode LeaseRegister.read}. */
  async read(timeout: number): Promise<Sight> {
    const entry = await this.#bucket.read(this.#key, timeout);
    const { bucket, revision, text } = entry;
    return { bucket, revision, record: decodeRecord(text) };
  }

  /** As {@linkcode LeaseRegister.write}. */
  write(
    { bucket, expected, record }: LeaseWrite,
    timeout: number,
  ): Promise<number | undefined> {
    const key = this.#key;
    const text = encodeRecord(record);
    const headers = this.#headers();
    const write = { key, bucket, expected, text, headers };
    return this.#bucket.write(write, timeout);
  }
}
