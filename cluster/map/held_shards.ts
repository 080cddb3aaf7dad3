/**
 * What a node makes of maps: which shards it holds, and at which epochs.
 *
 * @module
 */

import {
  type ClusterMap,
  isMember,
  isNewerMap,
  NOBODY,
  OWNED,
} from "./cluster_map.ts";
import type { Acknowledgement } from "./transitions.ts";

/** One ownership of a shard. */
export interface ShardEpoch {
  /** The number of the shard. */
  readonly shard: number;
  /** Greater than the epochs of all ownerships before it. */
  readonly epoch: number;
}

/** What a node has to do after a map. */
export interface HeldChanges {
  /** What it holds from now on. */
  readonly acquired: readonly ShardEpoch[];
  /** What it must stop, and then say that it has let go of. */
  readonly revoked: readonly ShardEpoch[];
}

const NONE: HeldChanges = { acquired: [], revoked: [] };

/**
 * The shards of one incarnation of a node. It never goes back to an older map,
 * never begins an epoch that it has let go of, and never begins a shard before
 * it has let go of an earlier epoch of it.
 *
 * Holding a shard is not enough to begin work: the node's lease must allow it
 * as well.
 */
export class HeldShards {
  readonly #self: Pick<Acknowledgement, "id" | "incarnation">;
  #map: ClusterMap | undefined;
  /** The node's index among the map's members. */
  #index = NOBODY;
  /** By shard, the epoch at which it is held. */
  readonly #held = new Map<number, number>();
  /** By shard, the epoch that was revoked, until the node has let go of it. */
  readonly #stopping = new Map<number, number>();
  /** By shard, the highest epoch that is held, or never will be again. */
  readonly #highest = new Map<number, number>();

  /** Nothing is held at first. */
  constructor(
    { id, incarnation }: Pick<Acknowledgement, "id" | "incarnation">,
  ) {
    this.#self = { id, incarnation };
  }

  /** The newest map so far. */
  get map(): ClusterMap | undefined {
    return this.#map;
  }

  /** The epoch at which a shard is held; undefined if it isn't. */
  epochOf(shard: number): number | undefined {
    return this.#held.get(shard);
  }

  /** What is held, in no particular order. */
  *held(): Iterable<ShardEpoch> {
    for (const [shard, epoch] of this.#held) yield { shard, epoch };
  }

  /** Takes a map and says what changes: nothing if it is not newer. */
  apply(map: ClusterMap): HeldChanges {
    if (this.#map !== undefined && !isNewerMap(map, this.#map)) return NONE;
    this.#map = map;
    this.#index = map.members.findIndex((each) => isMember(each, this.#self));
    const revoked: ShardEpoch[] = [];
    for (const [shard, epoch] of this.#held) {
      const isSame = this.#owns(shard) && map.epochs[shard] === epoch;
      if (isSame && !this.#isRevoked(shard)) continue;
      this.#held.delete(shard);
      this.#stopping.set(shard, epoch);
      revoked.push({ shard, epoch });
    }
    const acquired: ShardEpoch[] = [];
    for (let shard = 0; shard < map.states.length; shard++) {
      const begun = this.#begin(shard);
      if (begun !== undefined) acquired.push(begun);
    }
    return { acquired, revoked };
  }

  /**
   * Says that the node has stopped what was revoked. Anything else is ignored.
   *
   * @returns What it holds instead, if the map has given it the shard again.
   */
  letGo({ shard, epoch }: ShardEpoch): ShardEpoch | undefined {
    if (this.#stopping.get(shard) !== epoch) return undefined;
    this.#stopping.delete(shard);
    return this.#begin(shard);
  }

  /**
   * What the leader has to be told: which shards the node has let go of,
   * although it owns them by the map. Each is told until a map has it
   * otherwise.
   */
  acknowledgements(): Acknowledgement[] {
    const told: Acknowledgement[] = [];
    const { epochs } = this.#map ?? { epochs: [] };
    for (let shard = 0; shard < epochs.length; shard++) {
      if (!this.#owns(shard) || this.#isBusy(shard)) continue;
      told.push({ ...this.#self, shard, epoch: epochs[shard]! });
    }
    return told;
  }

  /** Whether the node owns a shard by the map, revoked or not. */
  #owns(shard: number): boolean {
    return this.#index !== NOBODY && this.#map?.owners[shard] === this.#index;
  }

  #isRevoked(shard: number): boolean {
    return this.#map?.states[shard] !== OWNED;
  }

  #isBusy(shard: number): boolean {
    return this.#held.has(shard) || this.#stopping.has(shard);
  }

  #begin(shard: number): ShardEpoch | undefined {
    if (!this.#owns(shard) || this.#isBusy(shard)) return undefined;
    const epoch = this.#map!.epochs[shard]!;
    if (epoch <= (this.#highest.get(shard) ?? 0)) return undefined;
    // One that was revoked already isn't begun later either.
    this.#highest.set(shard, epoch);
    if (this.#isRevoked(shard)) return undefined;
    this.#held.set(shard, epoch);
    return { shard, epoch };
  }
}
