/**
 * Which member is to own which shard.
 *
 * @module
 */

import { fmix32, hashText } from "../../internal/hash.ts";
import { type ClusterMap, NOBODY, OWNED } from "./cluster_map.ts";
import { quotasOf } from "./_quotas.ts";

/** How many hosts are tried for a shard before the next one with room. */
const MAX_PROBES = 16;

/** What a plan may do. */
export interface PlanOptions {
  /**
   * Whether shards may move from a host that has too many: not while members
   * are expected to come and go. Shards without a host are placed in any case,
   * first where there are too few. @default true
   */
  rebalance?: boolean;
}

/** A member that can own shards. */
interface Host {
  /** Its index among the members. */
  readonly index: number;
  readonly hash: number;
  /** Whether it runs the newest version. */
  readonly isNewest: boolean;
  /** Shards that it owns, and shards that it is to own next. */
  readonly owned: number[];
  readonly coming: number[];
  /** How many more it takes. */
  room: number;
}

/**
 * Plans a map: which member is to own each shard.
 *
 * Hosts are members that are `"ready"`. Each is to have its share of the shards
 * by weight, rounded down or up. A shard stays where it is, or with the member
 * that is to own it next, unless that is no host or has more than its share:
 * no plan that is as balanced moves fewer shards. Those without a place go
 * first to hosts that run the newest `appVersion`, as the others will soon be
 * restarted: it is the one whose first member joined last.
 *
 * The same map always gives the same plan.
 *
 * @returns By shard, the index of a member, or {@linkcode NOBODY} if there is
 * no host.
 */
export function planShards(
  map: ClusterMap,
  { rebalance = true }: PlanOptions = {},
): Int32Array {
  const shards = map.states.length;
  const plan = new Int32Array(shards).fill(NOBODY);
  const hosts = findHosts(map);
  if (hosts.length === 0) return plan;
  const unplaced = placeHeld(map, hosts, plan);
  const quotas = quotasOf(
    shards,
    hosts.map(({ index, owned, coming, isNewest }) => ({
      weight: map.members[index]!.weight,
      owned: owned.length,
      held: owned.length + coming.length,
      preferred: isNewest,
    })),
  );
  hosts.forEach((host, i) => {
    host.room = quotas[i]! - host.owned.length - host.coming.length;
    if (host.room >= 0 || !rebalance) return;
    for (const shard of excessOf(host)) {
      plan[shard] = NOBODY;
      unplaced.push(shard);
    }
    host.room = 0;
  });
  const newest = hosts.filter(({ isNewest }) => isNewest);
  const others = hosts.filter(({ isNewest }) => !isNewest);
  placeRest(unplaced, newest, plan);
  placeRest(unplaced, others, plan);
  return plan;
}

/** The hosts, in an order that does not depend on when they joined. */
function findHosts({ members }: ClusterMap): Host[] {
  const versions = new Set(members.map(({ appVersion }) => appVersion));
  const newest = [...versions].at(-1);
  const hosts = members.flatMap(({ id, state, appVersion }, index): Host[] =>
    state !== "ready" ? [] : [{
      index,
      hash: hashText(id),
      isNewest: appVersion === newest,
      owned: [],
      coming: [],
      room: 0,
    }]
  );
  const idOf = ({ index }: Host) => members[index]!.id;
  return hosts.sort((a, b) => idOf(a) < idOf(b) ? -1 : 1);
}

/** Places shards with the hosts that have them, and gives the others. */
function placeHeld(
  { members, states, owners, nexts }: ClusterMap,
  hosts: readonly Host[],
  plan: Int32Array,
): number[] {
  const byIndex: (Host | undefined)[] = new Array(members.length);
  for (const host of hosts) byIndex[host.index] = host;
  const unplaced: number[] = [];
  for (let shard = 0; shard < plan.length; shard++) {
    const isOwned = states[shard] === OWNED;
    const host = byIndex[isOwned ? owners[shard]! : nexts[shard]!];
    if (host === undefined) unplaced.push(shard);
    else {
      plan[shard] = host.index;
      (isOwned ? host.owned : host.coming).push(shard);
    }
  }
  return unplaced;
}

/** The shards that a host with too many has to do without. */
function excessOf({ hash, owned, coming, room }: Host): readonly number[] {
  const excess = -room;
  // What has not come yet costs nothing to send elsewhere.
  if (excess <= coming.length) return coming.slice(coming.length - excess);
  const score = (shard: number) => fmix32(hash ^ fmix32(shard + 1));
  const leaving = owned.toSorted((a, b) => score(a) - score(b) || a - b);
  return [...coming, ...leaving.slice(0, excess - coming.length)];
}

/**
 * Places shards where there is room: each with the first of some hosts that
 * its hash names, or else with the next one.
 *
 * @param unplaced Those that find a place are removed.
 */
function placeRest(
  unplaced: number[],
  hosts: readonly Host[],
  plan: Int32Array,
): void {
  const room = hosts.reduce((sum, host) => sum + Math.max(0, host.room), 0);
  const placed = Math.min(room, unplaced.length);
  for (const shard of unplaced.splice(0, placed)) {
    const seed = fmix32(shard + 1);
    let at = 0;
    for (let probe = 0; probe < MAX_PROBES; probe++) {
      at = fmix32(seed + probe) % hosts.length;
      if (hosts[at]!.room > 0) break;
    }
    while (hosts[at]!.room <= 0) at = (at + 1) % hosts.length;
    const host = hosts[at]!;
    host.room--;
    plan[shard] = host.index;
  }
}
