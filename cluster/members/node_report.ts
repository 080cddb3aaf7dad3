/**
 * What a node tells of itself, with each renewal of its lease.
 *
 * @module
 */

import type { ClusterMap, MapMember } from "../map/cluster_map.ts";
import type { ShardEpoch } from "../map/held_shards.ts";
import { readMember, writeMember } from "../map/member_codec.ts";
import type { Acknowledgement } from "../map/transitions.ts";
import type { LeaseRecord } from "../lease/record.ts";

/** Which map: two of the same stamp are the same one. */
export type MapStamp = Pick<ClusterMap, "term" | "version">;

/** What a node tells of itself. */
export interface NodeReport {
  readonly member: MapMember;
  /** The newest map that it has applied; zeros for none. */
  readonly seen: MapStamp;
  /** The newest one of an earlier term than that. */
  readonly before: MapStamp;
  /** Shards that it has let go of, although it owns them by the map. */
  readonly released: readonly ShardEpoch[];
}

/** Before any map. */
export const NO_MAP: MapStamp = Object.freeze({ term: 0, version: 0 });

/** The most shards that one report tells of; the next one tells of others. */
const MAX_RELEASED = 20_000;

/** The data of a node's lease, as JSON has it. */
export function writeReport(
  { member, seen, before, released }: NodeReport,
): unknown {
  const { id: _, incarnation: __, ...node } = writeMember(member);
  // Most of them have the same epoch.
  const byEpoch = new Map<number, number[]>();
  for (const { shard, epoch } of released.slice(0, MAX_RELEASED)) {
    const shards = byEpoch.get(epoch);
    if (shards === undefined) byEpoch.set(epoch, [shard]);
    else shards.push(shard);
  }
  return {
    ...node,
    seen: [seen.term, seen.version],
    before: [before.term, before.version],
    ...byEpoch.size > 0 && { released: [...byEpoch] },
  };
}

/** The report in a lease of a node; undefined if there is none. */
export function readReport(record: LeaseRecord): NodeReport | undefined {
  const { holder: id, incarnation, data } = record;
  const { seen, before, released = [], ...node } = Object(data);
  try {
    return {
      member: readMember({ ...node, id, incarnation }),
      seen: readStamp(seen),
      before: readStamp(before),
      released: readReleased(released),
    };
  } catch {
    return undefined; // somebody else has written there
  }
}

/** What the leader makes of a report's shards. */
export function acknowledgementsOf(
  { member: { id, incarnation }, released }: NodeReport,
): Acknowledgement[] {
  return released.map((each) => ({ ...each, id, incarnation }));
}

function readStamp(value: unknown): MapStamp {
  const [term, version] = value as unknown[];
  if (!Number.isSafeInteger(term) || !Number.isSafeInteger(version)) {
    throw new TypeError("Cannot read report: it names no map");
  }
  return { term: term as number, version: version as number };
}

function readReleased(value: unknown): ShardEpoch[] {
  const found: ShardEpoch[] = [];
  for (const [epoch, shards] of value as [unknown, unknown[]][]) {
    for (const shard of shards) {
      if (Number.isSafeInteger(shard) && Number.isSafeInteger(epoch)) {
        found.push({ shard: shard as number, epoch: epoch as number });
      }
    }
  }
  return found;
}
