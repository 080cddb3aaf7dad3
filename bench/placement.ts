/**
 * Which node a key, an actor or a shard belongs to.
 *
 * @module
 */

import type { ClusterMap } from "../cluster/map/cluster_map.ts";
import { encodeMap } from "../cluster/map/map_codec.ts";
import { planShards } from "../cluster/map/plan.ts";
import { withMembers } from "../cluster/map/transitions.ts";
import {
  figureAtMost,
  type Measurement,
  ratioAtLeast,
  ratioAtMost,
  type Scale,
  type Target,
  type Theme,
} from "./_harness.ts";
import { Isolate } from "./_isolate.ts";
import type { Keys } from "./_lookups.ts";
import {
  emptyMap,
  membersOf,
  placesOf,
  planByRendezvous,
  ringPlaces,
  settledMap,
} from "./_maps.ts";
import { takeTurns } from "./_timing.ts";

const LOOKUPS = import.meta.resolve("./_lookups.ts");
const SHARDS = 1024;
const KEYS = 100_000;

/** Lookups of distinct keys, beside other packages. */
function ringLookups(nodes: number, scale: Scale): Measurement {
  const rowOf = (name: string) =>
    `ring lookups, ${nodes} nodes, beside ${name}`;
  const [consistentHash, hashring] = ["consistent-hash", "hashring"] as const;
  return {
    rows: [rowOf(consistentHash), rowOf(hashring)],
    async run(bench) {
      using threads = new DisposableStack();
      const side = (name: string, keys: number) => {
        const isolate = threads.use(new Isolate());
        return () => isolate.run(LOOKUPS, name, nodes, keys);
      };
      const taken = await takeTurns(scale.pick(3, 9), {
        ring: side("ring", KEYS),
        consistentHash: side("consistentHash", KEYS),
        // It remembers 5,000 keys, which are not to be found again.
        hashring: side("hashring", KEYS),
      }, bench.progress);
      const common = { unit: "keys/s", figure: taken.ring.median };
      bench.row({
        name: rowOf(consistentHash),
        ...common,
        reference: {
          name: consistentHash,
          figure: taken.consistentHash.median,
        },
        targets: [ratioAtLeast(1)],
      });
      bench.row({
        name: rowOf(hashring),
        ...common,
        reference: { name: hashring, figure: taken.hashring.median },
        targets: [ratioAtLeast(10)],
        note: `${
          KEYS.toLocaleString("en-US")
        } distinct keys of 12 characters, 150 points a node`,
      });
    },
  };
}

/** The shard and owner of actor ids, beside hashing them only. */
function owners(kind: Keys, scale: Scale, targets?: Target[]): Measurement {
  const ids = /\d/.test(kind) ? `${kind} characters` : kind;
  const name = `shard and owner, ids: ${ids}`;
  return {
    rows: [name],
    async run(bench) {
      using threads = new DisposableStack();
      const side = (name: string) => {
        const isolate = threads.use(new Isolate());
        return () => isolate.run(LOOKUPS, name, kind, KEYS);
      };
      const taken = await takeTurns(scale.pick(3, 9), {
        owner: side("owner"),
        encoded: side("encoded"),
      }, bench.progress);
      bench.row({
        name,
        unit: "ids/s",
        figure: taken.owner.median,
        reference: {
          name: "FNV-1a, TextEncoder",
          figure: taken.encoded.median,
        },
        targets,
      });
    },
  };
}

/** By how much the fullest node has more than the mean, in percent. */
function surplus(places: readonly string[], nodes: number): number {
  const counts = new Map<string, number>();
  for (const id of places) counts.set(id, (counts.get(id) ?? 0) + 1);
  return 100 * (Math.max(...counts.values()) / (places.length / nodes) - 1);
}

/** How many shards change places, in percent. */
function movedShare(before: readonly string[], after: readonly string[]) {
  const moved = before.filter((id, shard) => id !== after[shard]).length;
  return 100 * moved / before.length;
}

function planned(map: ClusterMap, nodes: number): string[] {
  const next = withMembers(map, membersOf(nodes));
  return placesOf(next, planShards(next));
}

/** Balance and movement of the map, beside the ring. */
function balance(
  nodes: number,
  most: number,
  moves?: [number, number],
): Measurement {
  const [even, join, leave] = [
    `fullest of ${nodes} nodes, above the mean`,
    `moved when one joins ${nodes} nodes`,
    `moved when one of ${nodes} nodes leaves`,
  ] as const;
  return {
    rows: [even, join, leave],
    run(bench) {
      const map = settledMap(SHARDS, membersOf(nodes));
      const before = planned(map, nodes);
      const ring = (count: number) => ringPlaces(SHARDS, membersOf(count));
      const note = `${SHARDS} shards; of the ring, as many keys`;
      bench.row({
        name: even,
        unit: "%",
        figure: surplus(before, nodes),
        reference: { name: "ring", figure: surplus(ring(nodes), nodes) },
        targets: [figureAtMost(most)],
        note,
      });
      for (
        const [i, name, count] of [[0, join, nodes + 1], [
          1,
          leave,
          nodes - 1,
        ]] as const
      ) {
        bench.row({
          name,
          unit: "%",
          figure: movedShare(before, planned(map, count)),
          reference: {
            name: "ring",
            figure: movedShare(ring(nodes), ring(count)),
          },
          targets: moves && [figureAtMost(moves[i])],
          note,
        });
      }
      return Promise.resolve();
    },
  };
}

/** The largest map, from nothing. */
function largestPlan(scale: Scale): Measurement {
  const [time, size] = [
    "plan of 65,536 shards over 1,000 nodes",
    "stored map of 65,536 shards over 1,000 nodes",
  ] as const;
  return {
    rows: [time, size],
    async run(bench) {
      const members = membersOf(1_000);
      const map = withMembers(emptyMap(65_536), members);
      const timed = (plan: () => Int32Array) => () => {
        const began = performance.now();
        if (plan().includes(-1)) throw new Error("A shard has no place");
        return Promise.resolve(performance.now() - began);
      };
      const { probing, rendezvous } = await takeTurns(scale.pick(5, 15), {
        probing: timed(() => planShards(map)),
        rendezvous: timed(() => planByRendezvous(65_536, members)),
      }, bench.progress);
      bench.row({
        name: time,
        unit: "ms",
        figure: probing.median,
        reference: { name: "full rendezvous", figure: rendezvous.median },
        targets: [ratioAtMost(0.1)],
        note: "from nothing",
      });
      bench.row({
        name: size,
        unit: "kB",
        figure: encodeMap(settledMap(65_536, members), Infinity).length / 1000,
        reference: { name: "max_payload", figure: 1_048_576 / 1000 },
        targets: [ratioAtMost(1)],
      });
    },
  };
}

/** Rings, shards and the map. */
export function placement(scale: Scale): Theme {
  return {
    name: "placement",
    measurements: [
      ...[3, 10, 100].map((nodes) => ringLookups(nodes, scale)),
      owners("12", scale, [ratioAtLeast(2)]),
      owners("16", scale, [ratioAtLeast(2)]),
      owners("UUID", scale),
      owners("54", scale),
      owners("not ASCII", scale),
      balance(3, 0.2),
      balance(10, 0.6, [9.2, 10.1]),
      balance(100, 7.5),
      largestPlan(scale),
    ],
  };
}
