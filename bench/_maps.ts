/**
 * Maps to plan, and other ways to place shards.
 *
 * @module
 */

import { ConsistentHashRing } from "../cluster/consistent_hash_ring.ts";
import {
  type ClusterMap,
  createClusterMap,
  type MapMember,
} from "../cluster/map/cluster_map.ts";
import { planShards } from "../cluster/map/plan.ts";
import { assignShards, withMembers } from "../cluster/map/transitions.ts";
import { fmix32, hashText } from "../internal/hash.ts";

/** Members `node-0`, `node-1` and so on, all ready. */
export function membersOf(count: number, first = 0): MapMember[] {
  return Array.from({ length: count }, (_, i) => ({
    id: `node-${first + i}`,
    incarnation: "0123456789abcdef",
    state: "ready",
    weight: 1,
    appVersion: "",
    roles: [],
    metadata: {},
  }));
}

/** A map in its first term, all of whose shards are free. */
export function emptyMap(shards: number): ClusterMap {
  return { ...createClusterMap(shards), term: 1_763_718_000_000 };
}

/** A map all of whose shards are owned. */
export function settledMap(
  shards: number,
  members: readonly MapMember[],
): ClusterMap {
  const map = withMembers(emptyMap(shards), members);
  return assignShards(map, planShards(map));
}

/** By shard, the id of its node in a plan. */
export function placesOf(map: ClusterMap, plan: Int32Array): string[] {
  return Array.from(plan, (index) => map.members[index]!.id);
}

/** By shard, the id of the node that a ring gives. */
export function ringPlaces(
  shards: number,
  members: readonly MapMember[],
): string[] {
  const ring = new ConsistentHashRing();
  for (const { id } of members) ring.addNode(id);
  return Array.from({ length: shards }, (_, i) => ring.getNode(`shard-${i}`)!);
}

/**
 * A plan from nothing to floor and ceiling, each shard with the node that
 * scores highest for it of all that have room.
 */
export function planByRendezvous(
  shards: number,
  members: readonly MapMember[],
): Int32Array {
  const open = members.map(({ id }, index) => ({
    index,
    hash: hashText(id),
    room: Math.floor(shards / members.length) +
      Number(index < shards % members.length),
  }));
  return Int32Array.from({ length: shards }, (_, shard) => {
    const seed = fmix32(shard + 1);
    let best = 0;
    let highest = -1;
    for (let i = 0; i < open.length; i++) {
      const score = fmix32(open[i]!.hash ^ seed);
      if (score > highest) [best, highest] = [i, score];
    }
    const { index } = open[best]!;
    if (--open[best]!.room === 0) open.splice(best, 1);
    return index;
  });
}
