/**
 * The cluster with bugs planted.
 *
 * @module
 */

import { type Edit, plantEdits } from "../planting.ts";
import { type Fault, flapping } from "./_schedule.ts";
import type { SimulationOptions } from "./_simulation.ts";

/** A bug, by its name. */
export interface PlantedBug {
  readonly name: string;
  readonly edits: readonly Edit[];
  /** What goes wrong when it is found. */
  readonly faults: readonly Fault[];
  /** The share of messages that is late. @default {0} */
  readonly late?: number;
}

/** Bugs that the simulation must find. */
export const PLANTED_BUGS: readonly PlantedBug[] = [
  {
    name: "a shard is given on before its owner has let go of it",
    faults: [
      { kind: "crash", node: 2, at: 40_000, for: 20_000 },
      { kind: "cut", node: 1, at: 61_500, for: 8_000, what: "replies" },
      { kind: "crash", node: 2, at: 85_000, for: 18_000 },
      { kind: "cut", node: 0, at: 104_500, for: 8_000, what: "replies" },
    ],
    edits: [{
      file: "map/transitions.ts",
      from: "if (isOwned) changed.states[shard] = REVOKING;",
      to: "if (isOwned) {\n" +
        "      changed.owners[shard] = target; changed.epochs[shard]! += 1;\n" +
        "      changed.nexts[shard] = NOBODY; continue;\n" +
        "    }",
    }],
  },
  {
    name: "an owner lets go before it has stopped",
    faults: [{ kind: "leave", node: 2, at: 50_000, for: 10_000 }],
    edits: [{
      file: "shards/shard_engine.ts",
      from: 'await this.#end(at.shard, "revoked");',
      to: "await undefined;",
    }],
  },
  {
    name: "a member is dropped whose lease was not replaced",
    faults: [
      { kind: "cut", node: 1, at: 50_000, for: 9_000, what: "requests" },
      { kind: "cut", node: 2, at: 80_000, for: 9_000, what: "requests" },
    ],
    edits: [{
      file: "members/lease_watch.ts",
      from: "report !== undefined && observation.isHeld(now)",
      to: "report !== undefined && observation.isHeld(now + 10_000)",
    }, {
      file: "members/lease_watch.ts",
      from: "return record?.released ?? false;",
      to:
        "return record?.released || !lease!.observation.isHeld(now + 10_000);",
    }],
  },
  {
    name: "the window does not count",
    faults: [{ kind: "pause", node: 1, at: 50_000, for: 40_000 }],
    edits: [{
      file: "shards/shard_engine.ts",
      from: "if (!tenancy?.isActive || !this.#membership.isOpen())",
      to: "if (!tenancy?.isActive)",
    }],
  },
  {
    name: "work of an earlier life counts as the next one's",
    faults: [
      { kind: "pause", node: 1, at: 50_000, for: 16_750 },
      { kind: "pause", node: 2, at: 100_000, for: 16_750 },
    ],
    edits: [{
      file: "shards/shard_engine.ts",
      from: "tenancy.life === this.#held &&",
      to: "",
    }],
  },
  {
    name: "a leader changes a map that it has not claimed",
    faults: [{ kind: "crashLeader", at: 50_000, for: 30_000 }],
    edits: [{
      file: "members/_contender.ts",
      from: "const isWritten = map !== undefined && await this.#write(map);",
      to: "const isWritten = map !== undefined;",
    }],
  },
  {
    name: "a stale leader's write replaces a newer map",
    faults: flapping({ node: 1, at: 24_000, every: 4_000, until: 120_000 }),
    late: 0.2,
    edits: [{
      file: "members/_contender.ts",
      from: "const write = { key: MAP_KEY, bucket, expected, data };",
      to: "const write = { key: MAP_KEY, bucket, expected: NaN, data };",
    }],
  },
  {
    name: "a reader goes back to an older map",
    faults: [
      { kind: "leave", node: 2, at: 50_000, for: 6_000 },
      { kind: "stale", at: 52_000, for: 60_000 },
    ],
    edits: [{
      file: "members/_map_follower.ts",
      from: "map === undefined || isNewerMap(known, map)",
      to: "map === undefined",
    }, {
      file: "members/_map_follower.ts",
      from: "if (known !== undefined && !isNewerMap(map, known)) return;",
      to: "",
    }],
  },
  {
    name: "an owner is told by its id alone",
    faults: [
      { kind: "crash", node: 2, at: 50_000, for: 2_000 },
      { kind: "outage", at: 51_000, for: 25_000 },
    ],
    edits: [{
      file: "map/cluster_map.ts",
      from: "member?.id === id && member.incarnation === incarnation",
      to: "member?.id === id",
    }],
  },
  {
    name: "an acknowledgement of another incarnation and epoch is taken",
    faults: flapping({ node: 1, at: 24_000, every: 4_000, until: 120_000 }),
    edits: [{
      file: "map/transitions.ts",
      from: "states[shard] !== state || epochs[shard] !== epoch",
      to: "states[shard] !== state",
    }, {
      file: "map/transitions.ts",
      from: "!isMember(members[owners[shard]!], node)",
      to: "members[owners[shard]!]?.id !== node.id",
    }, {
      file: "members/lease_watch.ts",
      from: "report?.member.incarnation === incarnation ? report : undefined",
      to: "report",
    }],
  },
];

/** Loads the cluster with a bug planted. Disposing removes its files. */
export async function plant(
  { edits }: PlantedBug,
): Promise<SimulationOptions & AsyncDisposable> {
  await using stack = new AsyncDisposableStack();
  const planted = stack.use(
    await plantEdits(edits, {
      files: ["weight.ts", "errors.ts"],
      rooms: ["lease", "map", "members", "shards"],
    }),
  );
  const { ShardEngine } = await planted.load("shards/shard_engine.ts");
  const files = stack.move();
  return {
    engine: ShardEngine,
    [Symbol.asyncDispose]: () => files.disposeAsync(),
  };
}
