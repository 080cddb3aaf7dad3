/**
 * How a map changes: what its leader learns and decides, one step each.
 *
 *     free     -- assignShards -------> owned      at a new epoch
 *     owned    -- assignShards -------> revoking   if another one is to own it
 *     revoking -- acknowledgeShards --> free       its owner has let go
 *     any      -- withMembers --------> free       its owner is gone
 *
 * A leader claims the map with its term, and then goes through these steps
 * again and again:
 *
 *     let next = withMembers(map, members);
 *     next = acknowledgeShards(next, acknowledgements);
 *     next = assignShards(next, planShards(next));
 *     if (next !== map) await write(reviseMap(next));
 *
 * @module
 */

import { badRange } from "../../internal/arguments.ts";
import {
  type ClusterMap,
  FREE,
  isMember,
  type MapMember,
  NOBODY,
  OWNED,
  REVOKING,
} from "./cluster_map.ts";

/** A node's word that it has let go of a shard, and will not own it again at that epoch. */
export interface Acknowledgement {
  /** The node's id. */
  readonly id: string;
  /** Which life of the node. */
  readonly incarnation: string;
  /** The number of the shard. */
  readonly shard: number;
  /** The epoch that has ended. */
  readonly epoch: number;
}

/**
 * The map as a new leader writes it, before anything else: from then on a write
 * of an earlier leader fails, and if one comes nevertheless, readers ignore it.
 *
 * @throws {RangeError} If the term is not greater than the map's.
 */
export function claimMap(map: ClusterMap, term: number): ClusterMap {
  if (Number.isSafeInteger(term) && term > map.term) {
    return { ...reviseMap(map), term };
  }
  throw badRange("claim map", "term", `an integer above ${map.term}`, term);
}

/** The map as its leader's next version. */
export function reviseMap(map: ClusterMap): ClusterMap {
  return { ...map, version: map.version + 1 };
}

/**
 * The map with other members. The shards of those that are missing are free at
 * once: a member may be left out only if its lease has been replaced, or was
 * released by itself. Another incarnation is another member, and gets nothing
 * of what the one before it had.
 *
 * @param members In any order: those that were there keep their places, and the
 * others join behind them. Ids are distinct.
 */
export function withMembers(
  map: ClusterMap,
  members: readonly MapMember[],
): ClusterMap {
  const rest = new Map(members.map((member) => [member.id, member]));
  const kept: MapMember[] = [];
  const indices = map.members.map((member) => {
    const found = rest.get(member.id);
    if (found === undefined || !isMember(found, member)) return NOBODY;
    rest.delete(member.id);
    return kept.push(isEqual(member, found) ? member : found) - 1;
  });
  const now = [...kept, ...rest.values()];
  const isSame = now.length === map.members.length &&
    now.every((member, i) => member === map.members[i]);
  if (isSame) return map;
  const { states, owners, nexts, epochs } = map;
  const move = (index: number) => index === NOBODY ? NOBODY : indices[index]!;
  const newOwners = owners.map(move);
  return {
    ...map,
    members: now,
    states: states.map((state, i) => newOwners[i] === NOBODY ? FREE : state),
    owners: newOwners,
    nexts: nexts.map(move),
    epochs,
  };
}

/**
 * The map in which the shards are free that their owners have let go of.
 *
 * Only revoked shards become free. An acknowledgement counts for one owner,
 * incarnation and epoch; any other one, late or doubled, changes nothing.
 */
export function acknowledgeShards(
  map: ClusterMap,
  acknowledgements: Iterable<Acknowledgement>,
): ClusterMap {
  return release(map, acknowledgements, REVOKING);
}

/**
 * The map in which the shards are free that their owners refuse: a node that
 * has let go of an epoch never begins it again, and says so in an
 * acknowledgement, although the map says that it owns the shard.
 *
 * That happens if the stored map was lost and an older one restored, so that
 * another node may own the shard at an epoch that the map has forgotten. Its
 * windows have ended when a full lease has passed since: the leader calls this
 * no sooner.
 */
export function freeRefusedShards(
  map: ClusterMap,
  acknowledgements: Iterable<Acknowledgement>,
): ClusterMap {
  return release(map, acknowledgements, OWNED);
}

function release(
  map: ClusterMap,
  acknowledgements: Iterable<Acknowledgement>,
  state: number,
): ClusterMap {
  const { members, epochs } = map;
  let changed: ClusterMap | undefined;
  for (const { shard, epoch, ...node } of acknowledgements) {
    const { states, owners } = changed ?? map;
    if (states[shard] !== state || epochs[shard] !== epoch) continue;
    if (!isMember(members[owners[shard]!], node)) continue;
    changed ??= copyShards(map);
    changed.states[shard] = FREE;
    changed.owners[shard] = NOBODY;
  }
  return changed ?? map;
}

/**
 * The map on its way to a plan: free shards get the owners that the plan has
 * for them, at epochs above all earlier ones and not below the term, and owners
 * that the plan does not have are told to let go. That is not taken back: they
 * may have done so already.
 *
 * @param plan By shard, the index of a member, or {@linkcode NOBODY}.
 */
export function assignShards(map: ClusterMap, plan: Int32Array): ClusterMap {
  let changed: ClusterMap | undefined;
  for (let shard = 0; shard < plan.length; shard++) {
    const target = plan[shard]!;
    const state = map.states[shard]!;
    const isOwned = state === OWNED;
    if (target === (isOwned ? map.owners : map.nexts)[shard]) {
      // A free shard is to be given to the one that was to own it next.
      if (state !== FREE || target === NOBODY) continue;
    }
    changed ??= copyShards(map);
    if (state === FREE && target !== NOBODY) {
      changed.states[shard] = OWNED;
      changed.owners[shard] = target;
      changed.nexts[shard] = NOBODY;
      changed.epochs[shard] = Math.max(map.epochs[shard]! + 1, map.term);
      continue;
    }
    if (isOwned) changed.states[shard] = REVOKING;
    changed.nexts[shard] = target;
  }
  return changed ?? map;
}

function copyShards(map: ClusterMap): ClusterMap {
  return {
    ...map,
    states: map.states.slice(),
    owners: map.owners.slice(),
    nexts: map.nexts.slice(),
    epochs: map.epochs.slice(),
  };
}

function isEqual(member: MapMember, other: MapMember): boolean {
  const entries = ({ metadata }: MapMember) => Object.entries(metadata).sort();
  const text = (member: MapMember) =>
    JSON.stringify([
      member.state,
      member.weight,
      member.appVersion,
      member.roles,
      entries(member),
    ]);
  return member === other || text(member) === text(other);
}
