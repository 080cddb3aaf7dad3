import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  type ClusterMap,
  createClusterMap,
  type MapMember,
  OWNED,
} from "../../../../cluster/map/cluster_map.ts";
import { planShards } from "../../../../cluster/map/plan.ts";
import { withMembers } from "../../../../cluster/map/transitions.ts";
import { anyMap, memberOf, membersOf, settledMap } from "./_maps.ts";

const isHost = ({ state }: MapMember) => state === "ready";

/** How many shards each member is to have. */
function countsOf(map: ClusterMap, plan: Int32Array): number[] {
  const counts = map.members.map(() => 0);
  for (const index of plan) if (index >= 0) counts[index]!++;
  return counts;
}

/** Each host's exact share, rounded down and up; 0 for all others. */
function boundsOf({ members, states }: ClusterMap): [number, number][] {
  const weights = members.map((member) =>
    isHost(member) ? BigInt(Math.round(member.weight * 1000)) : 0n
  );
  const sum = weights.reduce((a, b) => a + b, 0n);
  return weights.map((weight) => {
    if (sum === 0n) return [0, 0];
    const share = BigInt(states.length) * weight;
    const floor = Number(share / sum);
    return [floor, share % sum === 0n ? floor : floor + 1];
  });
}

/** How many shards hosts own that are to move to others. */
function movesOf({ members, states, owners }: ClusterMap, plan: Int32Array) {
  let moves = 0;
  plan.forEach((target, shard) => {
    const owner = members[owners[shard]!];
    if (states[shard] !== OWNED || !isHost(owner!)) return;
    if (target !== owners[shard]) moves++;
  });
  return moves;
}

/** The fewest moves of any plan that keeps the bounds. */
function fewestMoves(map: ClusterMap): number {
  const owned = map.members.map((_, index) =>
    map.states.filter((state, shard) =>
      state === OWNED && map.owners[shard] === index
    ).length
  );
  const bounds = boundsOf(map);
  const least = bounds.reduce((sum, [floor]) => sum + floor, 0);
  let excess = 0;
  let spared = 0;
  map.members.forEach((member, i) => {
    const [floor, ceiling] = bounds[i]!;
    if (!isHost(member) || owned[i]! <= floor) return;
    excess += owned[i]! - floor;
    if (ceiling > floor) spared++;
  });
  const hasHosts = map.members.some(isHost);
  const roundedUp = hasHosts ? map.states.length - least : 0;
  return excess - Math.min(spared, roundedUp);
}

Deno.test("planShards() gives nobody when there is no host", () => {
  const members = [
    memberOf("a", { state: "joining" }),
    memberOf("b", { state: "leaving" }),
  ];
  const map = withMembers(createClusterMap(3), members);
  assertEquals([...planShards(map)], [-1, -1, -1]);
  assertEquals([...planShards(createClusterMap(0))], []);
});

Deno.test("planShards() is balanced to floor and ceiling, whatever the map", () => {
  fc.assert(fc.property(anyMap, (map) => {
    const plan = planShards(map);
    const counts = countsOf(map, plan);
    boundsOf(map).forEach(([floor, ceiling], i) => {
      assert(counts[i]! >= floor && counts[i]! <= ceiling);
    });
    assertEquals(
      plan.includes(-1),
      plan.length > 0 && !map.members.some(isHost),
    );
    assertEquals(planShards(map), plan);
  }));
});

Deno.test("planShards() moves no shard that need not, whatever the map", () => {
  fc.assert(fc.property(anyMap, (map) => {
    assertEquals(movesOf(map, planShards(map)), fewestMoves(map));
    const calm = planShards(map, { rebalance: false });
    if (map.members.some(isHost)) assertEquals(movesOf(map, calm), 0);
  }));
});

Deno.test("planShards() without rebalancing places shards only where there is room", () => {
  fc.assert(fc.property(anyMap, (map) => {
    if (!map.members.some(isHost)) return;
    const plan = planShards(map, { rebalance: false });
    assert(!plan.includes(-1));
    const counts = countsOf(map, plan);
    boundsOf(map).forEach(([, ceiling], index) => {
      if (counts[index]! <= ceiling) return;
      // What is above it was there before.
      plan.forEach((target, shard) => {
        if (target !== index) return;
        const isOwned = map.states[shard] === OWNED;
        assertEquals((isOwned ? map.owners : map.nexts)[shard], index);
      });
    });
  }));
});

Deno.test("planShards() does not depend on the order in which members joined", () => {
  const order = fc.array(fc.nat(), { minLength: 8, maxLength: 8 });
  fc.assert(fc.property(anyMap, order, (map, order) => {
    const members = map.members.map((member) => ({
      ...member,
      appVersion: "",
    }));
    const places = members.map((_, i) => i)
      .sort((a, b) => order[a]! - order[b]! || a - b);
    const move = (index: number) => index < 0 ? index : places.indexOf(index);
    const plan = planShards({ ...map, members });
    const moved = planShards({
      ...map,
      members: places.map((index) => members[index]!),
      owners: map.owners.map(move),
      nexts: map.nexts.map(move),
    });
    assertEquals(moved, plan.map(move));
  }));
});

Deno.test("planShards() keeps a shard with the member that is to own it next", () => {
  const members = membersOf(4);
  const map = settledMap(64, members);
  const revoking: ClusterMap = {
    ...map,
    states: map.states.map(() => 2),
    nexts: map.owners.map((owner) => (owner + 1) % 4),
  };
  assertEquals(planShards(revoking), revoking.nexts);
  const free: ClusterMap = {
    ...revoking,
    states: map.states.map(() => 0),
    owners: map.owners.map(() => -1),
  };
  assertEquals(planShards(free), free.nexts);
});

Deno.test("planShards() sends elsewhere what is coming before what is there", () => {
  // The first has its 4, and 2 more are on their way to it.
  const map: ClusterMap = {
    ...withMembers(createClusterMap(8), membersOf(2)),
    states: Uint8Array.of(1, 1, 1, 1, 2, 2, 1, 1),
    owners: Int32Array.of(0, 0, 0, 0, 1, 1, 1, 1),
    nexts: Int32Array.of(-1, -1, -1, -1, 0, 0, -1, -1),
  };
  assertEquals([...planShards(map)], [0, 0, 0, 0, 1, 1, 1, 1]);
});

Deno.test("planShards() gives shards to the newest version first", () => {
  const on = (appVersion: string) => ({ appVersion });
  const full = settledMap(90, [
    memberOf("a", on("2")),
    memberOf("b", on("2")),
    memberOf("c", on("2")),
  ]);
  // It is the newest because it joined last, not by its name.
  const mixed = withMembers(full, [
    memberOf("b", on("2")),
    memberOf("c", on("2")),
    memberOf("e", on("2")),
    memberOf("d", on("1")),
  ]);
  const plan = planShards(mixed, { rebalance: false });
  assertEquals(countsOf(mixed, plan), [30, 30, 8, 22]);
  // One left over goes to the newest too.
  const odd = withMembers(createClusterMap(7), [
    memberOf("a", on("1")),
    memberOf("b", on("2")),
    memberOf("c", on("1")),
  ]);
  assertEquals(countsOf(odd, planShards(odd)), [2, 3, 2]);
});

Deno.test("planShards() moves each shard about once in a rolling restart", () => {
  let map = settledMap(1024, membersOf(10));
  let moved = 0;
  const apply = (rebalance: boolean) => {
    const plan = planShards(map, { rebalance });
    plan.forEach((target, shard) =>
      moved += Number(target !== map.owners[shard])
    );
    map = { ...map, owners: plan, states: map.states.map(() => OWNED) };
  };
  for (let i = 0; i < 10; i++) {
    const rest = map.members.filter(({ id }) => id !== `node-${i}`);
    map = withMembers(map, rest);
    apply(false);
    const restarted = memberOf(`node-${i}`, {
      incarnation: "2",
      appVersion: "2",
    });
    map = withMembers(map, [...rest, restarted]);
    apply(false);
  }
  apply(true);
  assertEquals(planShards(map), map.owners);
  assert(moved <= 1.25 * 1024, `${moved} moves`);
});

Deno.test("planShards() keeps to floor and ceiling with the fewest moves in 300 joins and leaves", () => {
  const random = fc.sample(fc.integer({ min: 0, max: 999_999 }), {
    numRuns: 300,
    seed: 20_261_129,
  });
  let members = membersOf(10);
  let map = settledMap(1024, members);
  random.forEach((number, step) => {
    const joins = members.length < 4 ||
      (members.length < 30 && number % 2 === 0);
    members = joins
      ? [...members, memberOf(`joined-${step}`)]
      : members.toSpliced(number % members.length, 1);
    map = withMembers(map, members);
    const plan = planShards(map);
    assertEquals(movesOf(map, plan), fewestMoves(map));
    const counts = countsOf(map, plan);
    assert(Math.max(...counts) - Math.min(...counts) <= 1);
    map = { ...map, owners: plan, states: map.states.map(() => OWNED) };
  });
});

Deno.test("planShards() balances and moves as well as a map can", () => {
  for (
    const [count, most] of [[3, 1.002], [10, 1.006], [100, 1.075]] as const
  ) {
    const map = settledMap(1024, membersOf(count));
    const fullest = Math.max(...countsOf(map, map.owners));
    assert(fullest / (1024 / count) <= most);
  }
  const map = settledMap(1024, membersOf(10));
  const joined = withMembers(map, membersOf(11));
  assert(movesOf(joined, planShards(joined)) / 1024 <= 0.092);
  const left = withMembers(map, membersOf(9));
  assertEquals(movesOf(left, planShards(left)), 0);
  assert(left.states.filter((state) => state !== OWNED).length / 1024 <= 0.101);
});
