/**
 * Whether each step of the stored map is allowed, judged by what the servers
 * have been told and by nothing that the nodes think.
 *
 * @module
 */

import { decodeRecord } from "../../../cluster/lease/record.ts";
import {
  type ClusterMap,
  isMember,
  isNewerMap,
  type MapMember,
  ownerOf,
} from "../../../cluster/map/cluster_map.ts";
import { decodeMap } from "../../../cluster/map/map_codec.ts";
import type { ShardEpoch } from "../../../cluster/map/held_shards.ts";
import { nodeKey } from "../../../cluster/members/lease_watch.ts";
import { readReport } from "../../../cluster/members/node_report.ts";
import type { SimulatedServers } from "./_servers.ts";

/**
 * What is wrong with the map that replaces another one, as long as the servers
 * have lost nothing; undefined if nothing is.
 */
export function auditStep(
  servers: SimulatedServers,
  replaced: Uint8Array,
  stored: Uint8Array,
): string | undefined {
  if (replaced.length === 0) return undefined;
  const before = decodeMap(replaced);
  const after = decodeMap(stored);
  if (!isNewerMap(after, before)) {
    return `map ${stampOf(after)} is stored in the place of ${stampOf(before)}`;
  }
  const isClaim = after.term !== before.term;
  if (isClaim && contentOf(after) !== contentOf(before)) {
    return `term ${after.term} changes a map that it has not claimed`;
  }
  for (let shard = 0; shard < before.states.length; shard++) {
    const owner = ownerOf(before, shard);
    const epoch = before.epochs[shard]!;
    const next = ownerOf(after, shard);
    const nextEpoch = after.epochs[shard]!;
    const isSame = owner !== undefined && isMember(next, owner);
    if (nextEpoch < epoch || (!isSame && next && nextEpoch === epoch)) {
      return `the epoch of ${shard} does not rise`;
    }
    if (owner === undefined || (isSame && nextEpoch === epoch)) continue;
    if (hasLetGo(servers, owner, { shard, epoch })) continue;
    if (isGone(servers, owner)) continue;
    return `${shard} is taken from ${owner.id}, which has not let go of it`;
  }
  return undefined;
}

/** Whether a node has ever told that it has let go of a shard. */
function hasLetGo(
  servers: SimulatedServers,
  { id, incarnation }: MapMember,
  { shard, epoch }: ShardEpoch,
): boolean {
  return servers.history(nodeKey(id)).some((data) => {
    const record = decodeRecord(data);
    return record?.incarnation === incarnation &&
      readReport(record)?.released.some((each) =>
        each.shard === shard && each.epoch === epoch
      );
  });
}

/** Whether a node can't renew its lease any more, or has released it. */
function isGone(
  servers: SimulatedServers,
  { id, incarnation }: MapMember,
): boolean {
  const record = decodeRecord(servers.history(nodeKey(id)).at(-1)!);
  return record?.incarnation !== incarnation || record.released;
}

function stampOf({ term, version }: ClusterMap): string {
  return `${term}.${version}`;
}

function contentOf(map: ClusterMap): string {
  return JSON.stringify({ ...map, term: 0, version: 0 });
}
