/**
 * What a node that serves shards counts and measures.
 *
 * @module
 */

import type { DiscoveryMetrics } from "../members/metrics.ts";

/** Counts since a node has joined, and how it is with its shards right now. */
export interface ShardMetrics extends DiscoveryMetrics {
  /** Shards that it began to serve. */
  readonly acquired: number;
  /** Shards that it stopped to serve. */
  readonly released: number;
  /** Hooks that failed, or did not settle in time. */
  readonly failedHooks: number;
  /** Shards that it serves now. */
  readonly owned: number;
  /** Shards of the cluster that are on their way to another owner. */
  readonly moving: number;
  /** Shards of the cluster that nobody owns. */
  readonly unserved: number;
  /** The highest epoch of any shard of the cluster. */
  readonly epoch: number;
  /**
   * Milliseconds since the time as of which the map is known to be the newest;
   * Infinity before there is one.
   */
  readonly mapAge: number;
}
