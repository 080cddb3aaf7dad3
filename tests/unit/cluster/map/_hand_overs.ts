/**
 * A cluster in which messages come late, twice or never, and which checks at
 * every step that no shard is held by two nodes.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  type ClusterMap,
  createClusterMap,
  isNewerMap,
  type MapMember,
  OWNED,
} from "../../../../cluster/map/cluster_map.ts";
import {
  HeldShards,
  type ShardEpoch,
} from "../../../../cluster/map/held_shards.ts";
import { decodeMap, encodeMap } from "../../../../cluster/map/map_codec.ts";
import { planShards } from "../../../../cluster/map/plan.ts";
import {
  type Acknowledgement,
  acknowledgeShards,
  assignShards,
  claimMap,
  freeRefusedShards,
  reviseMap,
  withMembers,
} from "../../../../cluster/map/transitions.ts";
import { memberOf } from "./_maps.ts";

const SHARDS = 12;
const IDS = ["a", "b", "c", "d"];

/** One incarnation of a node. */
interface Node {
  readonly held: HeldShards;
  member: MapMember;
  /** What it was told to stop, and works on still. */
  readonly stopping: ShardEpoch[];
  /** Its lease has ended: it does nothing any more. */
  lapsed: boolean;
}

/** What happens next; numbers choose among what there is. */
export type Step = readonly [kind: keyof typeof STEPS, choice: number];

const STEPS = {
  join: 3,
  lapse: 1,
  leave: 1,
  deliver: 8,
  deliverOld: 2,
  letGo: 6,
  acknowledge: 4,
  lead: 8,
  leadCalmly: 2,
  staleWrite: 2,
  newLeader: 1,
} as const;

/** Any schedule. */
export const anySchedule: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    ...Object.entries(STEPS).map(([kind, weight]) => ({
      weight,
      arbitrary: fc.tuple(
        fc.constant(kind as keyof typeof STEPS),
        fc.nat(1_000_000),
      ),
    })),
  ),
  { minLength: 20, maxLength: 150 },
);

/** The cluster, its stored map and its leader. */
export class Cluster {
  readonly #nodes: Node[] = [];
  readonly #history: ClusterMap[] = [claimMap(createClusterMap(SHARDS), 1)];
  /** All acknowledgements ever sent: each may arrive again at any time. */
  readonly #sent: Acknowledgement[] = [];
  readonly #highest = new Array<number>(SHARDS).fill(0);
  #incarnations = 0;
  #term = 1;

  get #map(): ClusterMap {
    return this.#history.at(-1)!;
  }

  /** Takes one step, and checks what must always hold. */
  step([kind, choice]: Step): void {
    const among = <T>(items: readonly T[]): T | undefined =>
      items[choice % items.length];
    const live = this.#nodes.filter(({ lapsed }) => !lapsed);
    const node = among(live);
    switch (kind) {
      case "join":
        this.#join(among(IDS)!);
        break;
      case "lapse":
        if (node) this.#lapse(node);
        break;
      case "leave":
        if (node) node.member = { ...node.member, state: "leaving" };
        break;
      case "deliver":
        if (node) this.#deliver(node, this.#map);
        break;
      case "deliverOld":
        if (node) this.#deliver(node, among(this.#history)!);
        break;
      case "letGo":
        if (node) this.#letGo(node, choice);
        break;
      case "acknowledge":
        if (node) this.#sent.push(...node.held.acknowledgements());
        break;
      case "lead":
      case "leadCalmly":
        this.#lead(kind === "lead", choice);
        break;
      case "staleWrite":
        this.#staleWrite(among(this.#history)!);
        break;
      case "newLeader":
        this.#term = this.#map.term + 1 + choice % 100;
        this.#write(claimMap(this.#map, this.#term));
    }
    this.#check();
  }

  /**
   * Puts an older map in the place of the stored one. A new leader claims it,
   * and waits for a full lease before it goes on: until every node has stopped
   * what that map doesn't have, or its lease has ended.
   */
  restore(choice: number): void {
    this.#term += 1_000;
    const old = this.#history[choice % this.#history.length]!;
    this.#history.push(claimMap(old, this.#term));
    this.#nodes.forEach((node, i) => {
      if ((choice >> i) % 3 === 0) this.#lapse(node);
      this.#deliver(node, this.#map);
      while (node.stopping.length > 0) this.#letGo(node, 0);
    });
    this.#check();
  }

  /** Lets everything arrive, and checks that all shards are served. */
  settle(): void {
    for (let i = 0; i < IDS.length; i++) if (i % 2 === 0) this.#join(IDS[i]!);
    for (let round = 0; round < 8; round++) {
      for (const node of this.#nodes.filter(({ lapsed }) => !lapsed)) {
        this.#deliver(node, this.#map);
        while (node.stopping.length > 0) this.#letGo(node, 0);
        this.#sent.push(...node.held.acknowledgements());
      }
      this.#lead(true, 0, true);
      this.#check();
    }
    const { states, owners, epochs, members } = this.#map;
    const ready = members.filter(({ state }) => state === "ready");
    if (ready.length === 0) return;
    const counts = members.map(() => 0);
    for (let shard = 0; shard < SHARDS; shard++) {
      assertEquals(states[shard], OWNED);
      const owner = members[owners[shard]!]!;
      counts[owners[shard]!]!++;
      const node = this.#nodes.find(({ member }) =>
        member.incarnation === owner.incarnation
      )!;
      assertEquals(node.lapsed, false);
      assertEquals(node.held.epochOf(shard), epochs[shard]);
    }
    const shares = members.flatMap(({ state }, i) =>
      state === "ready" ? [counts[i]!] : []
    );
    assert(Math.max(...shares) - Math.min(...shares) <= 1);
  }

  /** A node whose id is in use waits for the lease before to end. */
  #join(id: string): void {
    if (this.#nodes.some(({ member, lapsed }) => !lapsed && member.id === id)) {
      return;
    }
    const member = memberOf(id, { incarnation: `${++this.#incarnations}` });
    const held = new HeldShards(member);
    this.#nodes.push({ held, member, stopping: [], lapsed: false });
  }

  #lapse(node: Node): void {
    node.lapsed = true;
    node.stopping.length = 0;
  }

  #deliver(node: Node, map: ClusterMap): void {
    if (node.lapsed) return;
    const before = node.held.map;
    const { acquired, revoked } = node.held.apply(
      decodeMap(encodeMap(map, Infinity)),
    );
    if (before !== undefined) assert(!isNewerMap(before, node.held.map!));
    node.stopping.push(...revoked);
    for (const begun of acquired) this.#begin(begun);
  }

  #letGo(node: Node, choice: number): void {
    const [done] = node.stopping.splice(
      choice % (node.stopping.length || 1),
      1,
    );
    if (done === undefined) return;
    const begun = node.held.letGo(done);
    if (begun !== undefined) this.#begin(begun);
  }

  /** Nothing begins at an epoch that is not the highest ever. */
  #begin({ shard, epoch }: ShardEpoch): void {
    assert(epoch > this.#highest[shard]!);
    this.#highest[shard] = epoch;
  }

  #lead(rebalance: boolean, choice: number, all = false): void {
    const live = this.#nodes.filter(({ lapsed }) => !lapsed);
    // Not every lease that has ended is noticed at once; a released id is.
    const ids = new Set(live.map(({ member }) => member.id));
    const late = this.#map.members.filter(({ id, incarnation }, i) =>
      !all && (choice >> i) % 2 === 1 && !ids.has(id) &&
      !live.some(({ member }) => member.incarnation === incarnation)
    );
    const members = [...live.map(({ member }) => member), ...late];
    const arrived = all
      ? this.#sent
      : this.#sent.filter((_, i) => (choice >> (i % 16)) % 2 === 0);
    let next = withMembers(this.#map, members);
    next = acknowledgeShards(next, arrived);
    if (all) next = freeRefusedShards(next, arrived);
    next = assignShards(next, planShards(next, { rebalance }));
    if (next !== this.#map) this.#write(reviseMap(next));
  }

  /** A leader that was replaced goes on from what it knows: it must not count. */
  #staleWrite(old: ClusterMap): void {
    if (old.term >= this.#map.term) return;
    const stale = { ...old, version: old.version + 1000 };
    for (const node of this.#nodes) {
      if (node.held.map?.term === this.#map.term) this.#deliver(node, stale);
    }
  }

  #write(map: ClusterMap): void {
    map.epochs.forEach((epoch, shard) =>
      assert(epoch >= this.#map.epochs[shard]!)
    );
    this.#history.push(map);
  }

  /** No two nodes hold a shard, also while one of them is stopping. */
  #check(): void {
    const holders = new Set<number>();
    for (const { held, stopping, lapsed } of this.#nodes) {
      if (lapsed) continue;
      const shards = new Set(
        [...held.held(), ...stopping].map(({ shard }) => shard),
      );
      for (const shard of shards) {
        assert(!holders.has(shard), `shard ${shard} is held twice`);
        holders.add(shard);
      }
    }
  }
}
