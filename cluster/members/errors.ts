/**
 * What can go wrong with members, one class a failure. Tell them apart with
 * `instanceof`.
 *
 * @module
 */

import { show } from "../../internal/show.ts";

/** A setting that differs from that of the other nodes. */
export interface SettingDifference {
  /** Its name, such as `shards`. */
  readonly setting: string;
  /** What this node was given. */
  readonly expected: unknown;
  /** What the cluster has. */
  readonly found: unknown;
}

/** The nodes of a cluster have other settings than this one. */
export class ClusterMismatchError extends Error {
  /** Always `"ClusterMismatchError"`. */
  override readonly name = "ClusterMismatchError";
  /** Which cluster. */
  readonly cluster: string;
  /** Every setting that differs. */
  readonly differences: readonly SettingDifference[];

  /** Says what differs. */
  constructor(cluster: string, differences: readonly SettingDifference[]) {
    const each = differences.map(({ setting, expected, found }) =>
      `${setting}: the cluster has ${show(found)}, this node ${show(expected)}`
    ).join(", ");
    super(
      `Cannot join cluster ${
        show(cluster)
      }: ${each}; give every node the same, or this deployment another cluster`,
    );
    this.cluster = cluster;
    this.differences = differences;
  }
}

/** Another process has the node's id. */
export class NodeIdTakenError extends Error {
  /** Always `"NodeIdTakenError"`. */
  override readonly name = "NodeIdTakenError";
  /** The id. */
  readonly nodeId: string;
  /**
   * `"alive"`: another process renews the lease of that id; `"timeout"`: an
   * earlier one has not lapsed within the start timeout.
   */
  readonly code: "alive" | "timeout";

  /** Says whose id it is. */
  constructor(nodeId: string, code: "alive" | "timeout") {
    const why = {
      alive: "a process that is alive has this id; give each its own",
      timeout:
        "the lease of an earlier process of this id has not lapsed in time; raise startTimeout above that lease",
    };
    super(`Cannot join cluster as node ${show(nodeId)}: ${why[code]}`);
    this.nodeId = nodeId;
    this.code = code;
  }
}

/** The node has left its cluster; nothing was done. */
export class NodeLeftError extends Error {
  /** Always `"NodeLeftError"`. */
  override readonly name = "NodeLeftError";

  /** Says what can't be done any more. */
  constructor(action: string) {
    super(`Cannot ${action}: the node has left the cluster`);
  }
}

/** A client does not know yet what the cluster is like. */
export class ClusterUnknownError extends Error {
  /** Always `"ClusterUnknownError"`. */
  override readonly name = "ClusterUnknownError";

  /** Says what can't be done yet. */
  constructor(action: string) {
    super(
      `Cannot ${action}: this client has not seen the cluster yet; await its \`ready\` before`,
    );
  }
}
