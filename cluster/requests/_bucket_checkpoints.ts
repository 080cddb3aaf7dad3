/**
 * Checkpoints of shards in the bucket of their cluster.
 *
 * @module
 */

import { encodeToken } from "../../internal/nats/names.ts";
import type { KeyEntry, KeyPlace, KeyValues } from "../lease/key_values.ts";
import type { ShardEpoch } from "../map/held_shards.ts";
import type { ShardCheckpoints } from "./shard_work.ts";

/** The format that is written. */
const FORMAT = 1;

/** How long a request waits for its answer, in milliseconds. */
const TIMEOUT_MS = 5_000;

const utf8 = new TextDecoder();

/** What a shard's key has. */
interface CheckpointRecord {
  /** The epoch of the owner that wrote it. */
  readonly epoch: number;
  readonly checkpoint: string;
}

/** The key of a shard's checkpoint. */
export function checkpointKey(name: string, shard: number): string {
  return `checkpoint.${encodeToken(name)}.${shard}`;
}

/**
 * A key for each shard, replaced by compare-and-set, so that an older owner
 * never replaces what a later one has saved.
 */
export class BucketCheckpoints implements ShardCheckpoints {
  readonly #keys: KeyValues;
  readonly #name: string;
  /** By shard, what was seen last. */
  readonly #places = new Map<number, KeyPlace>();

  constructor(keys: KeyValues, name: string) {
    this.#keys = keys;
    this.#name = name;
  }

  async load({ shard }: ShardEpoch): Promise<string | undefined> {
    return this.#read(await this.#look(shard), shard)?.checkpoint;
  }

  /** Whether the bucket was made anew since. */
  isLost({ shard }: ShardEpoch): boolean {
    const { bucket, revision } = this.#places.get(shard) ?? { revision: 0 };
    return revision > 0 && bucket !== this.#keys.incarnation;
  }

  async save({ shard, epoch }: ShardEpoch, checkpoint: string): Promise<void> {
    const data = JSON.stringify({ format: FORMAT, epoch, checkpoint });
    const key = checkpointKey(this.#name, shard);
    // Another attempt of this node, or an older owner's, may have come between.
    for (let attempt = 0; attempt < 3; attempt++) {
      const place = this.#places.get(shard) ?? await this.#look(shard);
      const { bucket, revision: expected } = place;
      const revision = await this.#keys.write(
        { key, bucket, expected, data },
        TIMEOUT_MS,
      );
      if (revision !== undefined) {
        this.#places.set(shard, { bucket, revision });
        return;
      }
      const found = this.#read(await this.#look(shard), shard);
      if (found !== undefined && found.epoch > epoch) return; // a later owner's
    }
    throw new Error(`${this.#nameOf(shard)} could not be replaced`);
  }

  async #look(shard: number): Promise<KeyEntry> {
    const key = checkpointKey(this.#name, shard);
    const entry = await this.#keys.read(key, TIMEOUT_MS);
    const { bucket, revision } = entry;
    this.#places.set(shard, { bucket, revision });
    return entry;
  }

  /** Undefined if there is none; what can't be read is never taken for none. */
  #read({ data }: KeyEntry, shard: number): CheckpointRecord | undefined {
    if (data.length === 0) return undefined;
    let record: Record<string, unknown> | undefined;
    try {
      record = Object(JSON.parse(utf8.decode(data)));
    } catch {
      // Told below.
    }
    const { format, epoch, checkpoint } = record ?? {};
    if (
      format === FORMAT && typeof checkpoint === "string" &&
      Number.isSafeInteger(epoch)
    ) return { epoch: epoch as number, checkpoint };
    throw new Error(`${this.#nameOf(shard)} is of another format`);
  }

  #nameOf(shard: number): string {
    return `The checkpoint of shard ${shard} for ${
      JSON.stringify(this.#name)
    }, ${checkpointKey(this.#name, shard)},`;
  }
}
