/**
 * Nodes as users see them.
 *
 * @module
 */

import type { MapMember } from "../map/cluster_map.ts";

/** A member of a cluster, as the newest map that is known has it. */
export interface ClusterNode {
  /** Its id: no two members have the same. */
  readonly id: string;
  /**
   * Tells apart the lives of nodes of one id: it is another one when the
   * process has started again, and when it was cut off for so long that others
   * have taken its place.
   */
  readonly incarnation: string;
  /**
   * `"joining"`: it does not know the map yet; `"ready"`: work may be given to
   * it; `"leaving"`: it hands its work over.
   */
  readonly state: "joining" | "ready" | "leaving";
  /** How much work it takes, relative to the others. */
  readonly weight: number;
  /** The version of its program; empty if it gave none. */
  readonly appVersion: string;
  /** What it is for, in its own words. */
  readonly roles: readonly string[];
  /** What else it says of itself. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** Options of what follows a cluster. */
export interface FollowClusterOptions {
  /** Ends the iteration, which then fails with the signal's reason. */
  signal?: AbortSignal | undefined;
}

/** Members that nobody can change. */
export function nodesOf(
  members: readonly MapMember[],
): readonly ClusterNode[] {
  return Object.freeze(members.map((member) =>
    Object.freeze({
      ...member,
      roles: Object.freeze([...member.roles]),
      metadata: Object.freeze({ ...member.metadata }),
    })
  ));
}
