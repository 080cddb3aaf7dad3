/**
 * What a cluster manager counts and measures.
 *
 * @module
 */

import type { ShardMetrics } from "../shards/metrics.ts";
import type { ShardWorkMetrics } from "./shard_work.ts";

/** Counts since a manager has started, and how it is right now. */
export interface ClusterMetrics extends ShardMetrics {
  /** Requests of this node that a handler has answered, on whichever node. */
  readonly answered: number;
  /** Requests of this node that failed for another reason than their handler. */
  readonly unanswered: number;
  /** Times in which a request was sent again, or to another node. */
  readonly redirected: number;
  /** Requests that this node has handled, without those that failed. */
  readonly handled: number;
  /** Requests whose handler failed on this node. */
  readonly failed: number;
  /** Requests that this node turned away, since it does not own the actor. */
  readonly notOwned: number;
  /** Requests that this node refused, since too much waits. */
  readonly overloaded: number;
  /** Requests that were dropped unhandled: their time was up. */
  readonly expired: number;
  /** Answers that were not given, since the shard was lost meanwhile. */
  readonly withheld: number;
  /** Requests of this node that wait for their answers now. */
  readonly waiting: number;
  /** Requests that wait or are handled on this node now. */
  readonly pending: number;
  /** Hosted actors that this node has in memory now. */
  readonly active: number;
  /** The work by shard of this node, all together. */
  readonly work: ShardWorkMetrics;
}

/** How a node is, such as for a probe. */
export interface ClusterHealth {
  /** Where in its life it is. */
  readonly state: "new" | "starting" | "running" | "leaving" | "left";
  /** Whether the cluster has settled once, as far as this node knows. */
  readonly isReady: boolean;
  /** Shards that it serves now. */
  readonly owned: number;
  /** Milliseconds since the map is known to be the newest. */
  readonly mapAge: number;
  /** What has ended it, if an error did. */
  readonly error: Error | undefined;
}
