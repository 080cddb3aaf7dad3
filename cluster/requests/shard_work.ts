/**
 * Work that each node does for the shards that it owns.
 *
 * @module
 */

import type { ShardEpoch } from "../map/held_shards.ts";

/** Where the work of each shard writes down how far it is. */
export interface ShardCheckpoints {
  /**
   * How far a shard is: what was saved last, by whichever node; nothing for one
   * that has not begun. Called when a node begins with the shard, and again
   * when it has failed or has not settled within 30 seconds.
   */
  load(
    at: ShardEpoch,
  ): string | null | undefined | PromiseLike<string | null | undefined>;
  /**
   * Writes down how far a shard is, from time to time and when the node stops.
   * An older owner may come late: refuse its epoch if a higher one has saved.
   * The next save of a shard waits for this one; after 30 seconds that is told
   * to `onError` of the `ClusterManager`.
   *
   * Leave it out where the work itself stores the checkpoint, such as in one
   * transaction with what it writes.
   */
  save?(at: ShardEpoch, checkpoint: string): void | PromiseLike<void>;
  /**
   * Whether what was saved for a shard is known to be gone, as with a bucket
   * that was deleted: then how far the shard is is written down again. Asked
   * from time to time. @default never
   */
  isLost?(at: ShardEpoch): boolean;
}

/** What the work knows of the node that it runs on. */
export interface ShardWorkNode {
  /** The work's name. */
  readonly name: string;
  /** How many shards the cluster has. */
  readonly shardCount: number;
  /** Checkpoints in the cluster's bucket. */
  readonly checkpoints: ShardCheckpoints;
  /** Whether it may begin something for a shard at this very moment. */
  admits(at: ShardEpoch): boolean;
  /** Whether what it has begun for a shard may still come to its end. */
  holds(at: ShardEpoch): boolean;
  /** Takes errors that nobody else hears of. */
  report(error: unknown): void;
}

/** Counts since a node has started, and how much waits right now. */
export interface ShardWorkMetrics {
  /** Pieces of work that were done. */
  readonly done: number;
  /** Attempts that failed; each is tried again. */
  readonly failed: number;
  /** Pieces that wait or are being worked on now. */
  readonly waiting: number;
}

/** Work under way on one node. */
export interface OpenShardWork {
  /** What it has counted, as of now. */
  readonly metrics: ShardWorkMetrics;
  /** The node serves a shard from now on. */
  acquired(at: ShardEpoch): void;
  /**
   * The node begins nothing more for a shard. Resolves when what was begun has
   * ended and is written down: the next owner begins after that.
   */
  released(at: ShardEpoch): Promise<void>;
  /** What the node admits or holds may have changed. */
  changed(): void;
  /** The node has left. */
  close(): Promise<void>;
}

/**
 * Work that each node does for its own shards, such as {@linkcode eachEvent}
 * makes, for `ClusterManager.forOwnedShards`.
 */
export interface ShardWork {
  /** Begins on one node, which serves no shard yet. */
  open(node: ShardWorkNode): OpenShardWork;
}
