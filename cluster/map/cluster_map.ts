/**
 * The map: who is a member, and which member owns which shard.
 *
 * @module
 */

import { checkInteger } from "../../internal/arguments.ts";

/** The most shards of a cluster, inclusive. */
export const MAX_SHARDS = 65_536;

/** No member, where the index of one could be. */
export const NOBODY = -1;

/** Nobody owns the shard. A member may be chosen to own it next. */
export const FREE = 0;
/** The shard has an owner. */
export const OWNED = 1;
/** The shard's owner has to let go of it, and owns it until then. */
export const REVOKING = 2;

/** A process that can own shards, as the map has it. */
export interface MapMember {
  /** The node's id. */
  readonly id: string;
  /** Tells apart the lives of nodes of one id. */
  readonly incarnation: string;
  /** Only `"ready"` members are given shards. */
  readonly state: "joining" | "ready" | "leaving";
  /** As {@linkcode checkWeight} has it; thousandths count. */
  readonly weight: number;
  /** The version of the program; empty if it is not known. */
  readonly appVersion: string;
  /** What the node is for, in the user's words. */
  readonly roles: readonly string[];
  /** What else the user says of the node. */
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * One version of the map. It is never changed: what changes something gives
 * another map, or the same one where there is nothing to change.
 *
 * The lists by shard are as long as there are shards, and hold members as
 * indices into `members`, or {@linkcode NOBODY}.
 */
export interface ClusterMap {
  /** The term of the leader that wrote it; 0 before the first one. */
  readonly term: number;
  /** How often a map was written before, over all terms. */
  readonly version: number;
  /** In the order in which they joined; ids are distinct. */
  readonly members: readonly MapMember[];
  /** By shard, {@linkcode FREE}, {@linkcode OWNED} or {@linkcode REVOKING}. */
  readonly states: Uint8Array;
  /** By shard, its owner; nobody if, and only if, it is free. */
  readonly owners: Int32Array;
  /** By shard, the member to own it next; nobody while it is owned. */
  readonly nexts: Int32Array;
  /** By shard, the epoch of its owner, or of its last one; 0 for none yet. */
  readonly epochs: Float64Array;
}

/**
 * A map without members; all its shards are free.
 *
 * @param shards How many: a whole number from 0 to 65,536.
 * @throws {TypeError} If it is no number.
 * @throws {RangeError} If it is out of bounds.
 */
export function createClusterMap(shards: number): ClusterMap {
  checkInteger(shards, "create map", "shards", 0, MAX_SHARDS);
  return {
    term: 0,
    version: 0,
    members: [],
    states: new Uint8Array(shards),
    owners: new Int32Array(shards).fill(NOBODY),
    nexts: new Int32Array(shards).fill(NOBODY),
    epochs: new Float64Array(shards),
  };
}

/**
 * Whether a map is newer than another one, by term, then by version. Readers
 * apply newer maps only, so that they never go back.
 */
export function isNewerMap(map: ClusterMap, than: ClusterMap): boolean {
  if (map.term !== than.term) return map.term > than.term;
  return map.version > than.version;
}

/** The member that owns a shard; undefined if nobody does. */
export function ownerOf(map: ClusterMap, shard: number): MapMember | undefined {
  return map.members[map.owners[shard]!];
}

/** Whether a member of the map is that incarnation of that node. */
export function isMember(
  member: MapMember | undefined,
  { id, incarnation }: Pick<MapMember, "id" | "incarnation">,
): boolean {
  return member?.id === id && member.incarnation === incarnation;
}
