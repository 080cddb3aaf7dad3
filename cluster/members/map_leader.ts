/**
 * One leader's term: what it makes of the map. Without clocks, timers or
 * requests of its own, so that a simulation can drive the code that ships.
 *
 * @module
 */

import {
  type ClusterMap,
  createClusterMap,
  FREE,
  isNewerMap,
  type MapMember,
} from "../map/cluster_map.ts";
import { planShards } from "../map/plan.ts";
import {
  acknowledgeShards,
  assignShards,
  claimMap,
  freeRefusedShards,
  reviseMap,
  withMembers,
} from "../map/transitions.ts";
import type { LeaseWatch } from "./lease_watch.ts";
import {
  acknowledgementsOf,
  type MapStamp,
  type NodeReport,
} from "./node_report.ts";

/** How long joins may put moves off, in settle times. */
const MAX_SETTLES = 10;

/** How a leader leads. */
export interface MapLeaderOptions {
  /** The term in which it leads. */
  readonly term: number;
  /** How many shards the cluster has. */
  readonly shards: number;
  /** How long after a join shards stay where they are, in milliseconds. */
  readonly settle: number;
}

/**
 * Leads the map for one term. Its user writes what {@linkcode claim} and then
 * {@linkcode next} give, each by compare-and-set on the revision before, and
 * says what became of it.
 *
 * Shards are assigned and revoked only while the leader can know every window
 * there is. Where servers lost data, nodes may own shards by maps that are gone:
 * then it waits until their windows have ended.
 */
export class MapLeader {
  readonly #options: MapLeaderOptions;
  #map: ClusterMap | undefined;
  /** The map that was there before the claim. */
  #before: MapStamp | undefined;
  #claimedAt = 0;
  /** Since when it is known that servers lost a map. */
  #lostSince: number | undefined;
  /** Whether the stored map is to be replaced by this leader's own. */
  #isLost = false;
  /** Whether all nodes have heard of this term. */
  #isSynced = false;
  #isSuperseded = false;
  #highestTerm = 0;
  /** The highest version that was tried to be written. */
  #version = 0;
  readonly #ready = new Set<string>();
  /** When the last and the first member joined for whom nothing has moved. */
  #lastJoin = -Infinity;
  #firstJoin = -Infinity;

  constructor(options: MapLeaderOptions) {
    this.#options = options;
  }

  /** The term in which it leads. */
  get term(): number {
    return this.#options.term;
  }

  /** The map as it was written last; undefined until it is claimed. */
  get map(): ClusterMap | undefined {
    return this.#map;
  }

  /** Whether its term is too low: others have seen a higher one, or may have. */
  get isSuperseded(): boolean {
    return this.#isSuperseded;
  }

  /** What the next term has to be above. */
  get highestTerm(): number {
    return this.#highestTerm;
  }

  /**
   * The map to claim, from which this leader goes on.
   *
   * @param stored What is stored, if there is a map.
   * @param known The newest that this node has applied.
   */
  claim(
    stored: ClusterMap | undefined,
    known: ClusterMap | undefined,
  ): ClusterMap | undefined {
    const { term, shards } = this.#options;
    const found = stored ?? createClusterMap(shards);
    const isLost = known !== undefined && isNewerMap(known, found);
    const base = isLost ? known : found;
    this.#noteTerm(base.term);
    // A claim of its own may have been stored without an answer.
    const isClaimed = base.term === term && this.#before !== undefined;
    if (base.term === term && !isClaimed) this.#isSuperseded = true;
    if (this.#isSuperseded) return undefined;
    if (isLost) this.#lostSince ??= 0;
    if (isClaimed) return this.#revise(reviseMap(base));
    this.#before = base;
    return this.#revise(claimMap(base, term));
  }

  /** The claim is stored. */
  claimed(map: ClusterMap, now: number): void {
    this.#map = map;
    this.#claimedAt = now;
    if (this.#lostSince !== undefined) this.#lostSince = now;
    const isNew = map.states.every((state) => state === FREE);
    if (isNew) this.#lastJoin = this.#firstJoin = now;
    for (const member of map.members) {
      if (member.state === "ready") this.#ready.add(nameOf(member));
    }
  }

  /** A map of {@linkcode next} is stored. */
  wrote(map: ClusterMap, now: number): void {
    this.#map = map;
    if (this.#isLost) this.#lostSince = now;
    this.#isLost = false;
  }

  /**
   * What is stored, when that may be something else than was written last.
   * Should servers have lost that, it is written anew. Should they perhaps have
   * lost another map, of which this leader knows no more than that it tried to
   * write it, another term begins, above all epochs which that may have had.
   */
  found(stored: ClusterMap | undefined): void {
    const { version, epochs } = this.#map!;
    this.#isLost = stored === undefined || isNewerMap(this.#map!, stored);
    const unknown = this.#version - version;
    if (this.#isLost && unknown > 0) {
      const highest = epochs.reduce((a, b) => Math.max(a, b), 0);
      this.#highestTerm = Math.max(this.#highestTerm, highest + unknown);
      this.#isSuperseded = true;
    }
    if (stored === undefined || this.#isLost) return;
    this.#noteTerm(stored.term);
    this.#map = stored;
  }

  /** The map to write next; undefined if nothing has changed. */
  next(watch: LeaseWatch, now: number): ClusterMap | undefined {
    const map = this.#map!;
    const reports = [...watch.reports(now)];
    this.#learn(watch, reports, now);
    if (this.#isSuperseded) return undefined;
    let next = withMembers(map, membersOf(map, watch, reports, now));
    const acknowledgements = next.members.flatMap((member) => {
      const report = watch.reportOf(member);
      return report === undefined ? [] : acknowledgementsOf(report);
    });
    next = acknowledgeShards(next, acknowledgements);
    if (this.#mayAssign(watch, now)) {
      if (this.#lostSince !== undefined) {
        next = freeRefusedShards(next, acknowledgements);
      } else if (freeRefusedShards(next, acknowledgements) !== next) {
        this.#lostSince = now;
      }
    }
    if (this.#mayAssign(watch, now)) {
      const rebalance = this.#isSettled(next, now);
      if (rebalance || next.states.some((state) => state !== FREE)) {
        next = assignShards(next, planShards(next, { rebalance }));
      }
    }
    const isSame = next === map && !this.#isLost;
    return isSame ? undefined : this.#revise(reviseMap(next));
  }

  #noteTerm(term: number): void {
    this.#highestTerm = Math.max(this.#highestTerm, term);
    if (term > this.#options.term) this.#isSuperseded = true;
  }

  /** A version that no write had before, however it ended. */
  #revise(map: ClusterMap): ClusterMap {
    this.#version = Math.max(this.#version + 1, map.version);
    return { ...map, version: this.#version };
  }

  /** Takes in which maps the nodes have seen. */
  #learn(
    watch: LeaseWatch,
    reports: readonly NodeReport[],
    now: number,
  ): void {
    const { term } = this.#options;
    for (const { seen, before } of reports) {
      this.#noteTerm(seen.term);
      const earlier = seen.term === term ? before : seen;
      if (this.#lostSince === undefined && isNewer(earlier, this.#before!)) {
        this.#lostSince = now;
      }
    }
    this.#isSynced ||= now - this.#claimedAt >= watch.longestLease ||
      this.#map!.members.every((member) =>
        watch.reportOf(member)?.seen.term === term
      );
  }

  #mayAssign({ longestLease }: LeaseWatch, now: number): boolean {
    if (!this.#isSynced || this.#isLost) return false;
    return this.#lostSince === undefined ||
      now - this.#lostSince >= longestLease;
  }

  /** Whether joins lie back far enough for shards to move. */
  #isSettled({ members }: ClusterMap, now: number): boolean {
    const { settle } = this.#options;
    const isSettled = () =>
      now - this.#lastJoin >= settle ||
      now - this.#firstJoin >= MAX_SETTLES * settle;
    for (const member of members) {
      if (member.state !== "ready" || this.#ready.has(nameOf(member))) continue;
      this.#ready.add(nameOf(member));
      if (isSettled()) this.#firstJoin = now;
      this.#lastJoin = now;
    }
    return isSettled();
  }
}

/** Who is a member, as far as is proved. */
function membersOf(
  { members }: ClusterMap,
  watch: LeaseWatch,
  reports: readonly NodeReport[],
  now: number,
): MapMember[] {
  const found = new Map<string, MapMember>();
  for (const member of members) {
    if (watch.isGone(member, now)) continue;
    found.set(member.id, watch.reportOf(member)?.member ?? member);
  }
  for (const { member } of reports) {
    // Another life of a node waits for the one before it to be gone.
    if (!found.has(member.id)) found.set(member.id, member);
  }
  return [...found.values()];
}

function nameOf({ id, incarnation }: MapMember): string {
  return JSON.stringify([id, incarnation]);
}

function isNewer(a: MapStamp, b: MapStamp): boolean {
  return a.term > b.term || (a.term === b.term && a.version > b.version);
}
