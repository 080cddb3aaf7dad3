import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import {
  type ClusterMap,
  createClusterMap,
  FREE,
  isNewerMap,
  OWNED,
  ownerOf,
  REVOKING,
} from "../../../../cluster/map/cluster_map.ts";
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
import {
  anyMap,
  anyMembers,
  memberOf,
  membersOf,
  settledMap,
} from "./_maps.ts";

const shardsOf = ({ states, owners, nexts, epochs }: ClusterMap) =>
  [...states].map((state, i) => [state, owners[i], nexts[i], epochs[i]]);

function acknowledgementOf(map: ClusterMap, shard: number): Acknowledgement {
  const { id, incarnation } = ownerOf(map, shard)!;
  return { id, incarnation, shard, epoch: map.epochs[shard]! };
}

/** A map of two shards that both move from `a` to `b`. */
function movingMap(): ClusterMap {
  const map = settledMap(2, [memberOf("a")]);
  const members = [memberOf("a", { state: "leaving" }), memberOf("b")];
  const left = withMembers(map, members);
  return assignShards(left, planShards(left));
}

Deno.test("createClusterMap() makes free shards, within bounds", () => {
  assertEquals(shardsOf(createClusterMap(1)), [[FREE, -1, -1, 0]]);
  assertEquals(ownerOf(createClusterMap(1), 0), undefined);
  assertEquals(createClusterMap(65_536).states.length, 65_536);
  for (const shards of [-1, 0.5, 65_537]) {
    assertThrows(() => createClusterMap(shards), RangeError, "create map");
  }
});

Deno.test("isNewerMap() goes by term, then by version", () => {
  const map = (term: number, version: number) => ({
    ...createClusterMap(0),
    term,
    version,
  });
  assertEquals(isNewerMap(map(2, 1), map(1, 9)), true);
  assertEquals(isNewerMap(map(1, 9), map(2, 1)), false);
  assertEquals(isNewerMap(map(2, 2), map(2, 1)), true);
  assertEquals(isNewerMap(map(2, 1), map(2, 1)), false);
});

Deno.test("claimMap() makes a newer map with its term, which must be greater", () => {
  const map = settledMap(2, membersOf(1));
  const claimed = claimMap(map, 5);
  assertEquals([claimed.term, claimed.version], [5, map.version + 1]);
  assertEquals(shardsOf(claimed), shardsOf(map));
  assertEquals(isNewerMap(reviseMap(claimed), claimed), true);
  for (const term of [4, 5, 5.5, NaN, 2 ** 53]) {
    assertThrows(() => claimMap(claimed, term), RangeError, "above 5");
  }
});

Deno.test("a shard goes from owner to owner by way of revoking and free", () => {
  const moving = claimMap(movingMap(), 10);
  assertEquals(shardsOf(moving), [[REVOKING, 0, 1, 1], [REVOKING, 0, 1, 1]]);
  const freed = acknowledgeShards(moving, [acknowledgementOf(moving, 1)]);
  assertEquals(shardsOf(freed), [[REVOKING, 0, 1, 1], [FREE, -1, 1, 1]]);
  const given = assignShards(freed, planShards(freed));
  assertEquals(shardsOf(given), [[REVOKING, 0, 1, 1], [OWNED, 1, -1, 10]]);
  // In the same term an epoch rises by one.
  const back = withMembers(given, [memberOf("a"), memberOf("c")]);
  assertEquals(shardsOf(back), [[REVOKING, 0, -1, 1], [FREE, -1, -1, 10]]);
  const again = assignShards(back, planShards(back));
  assertEquals(again.epochs[1], 11);
  assertEquals(shardsOf(moving)[1], [REVOKING, 0, 1, 1]);
});

Deno.test("acknowledgeShards() counts only for the owner, incarnation and epoch", () => {
  const map = movingMap();
  const good = acknowledgementOf(map, 0);
  for (
    const wrong of [
      { id: "b" },
      { incarnation: "2" },
      { epoch: 0 },
      { epoch: 2 },
      { shard: 2 },
      { shard: -1 },
      { shard: NaN },
    ]
  ) {
    const acknowledgement = { ...good, ...wrong };
    assertStrictEquals(acknowledgeShards(map, [acknowledgement]), map);
  }
  assertStrictEquals(acknowledgeShards(map, []), map);
  const freed = acknowledgeShards(map, [good, good]);
  assertEquals([...freed.states], [FREE, REVOKING]);
  assertStrictEquals(acknowledgeShards(freed, [good]), freed);
});

Deno.test("acknowledgeShards() frees only what was revoked, freeRefusedShards() only what was not", () => {
  const owned = settledMap(1, [memberOf("a")]);
  const moving = movingMap();
  const refusal = acknowledgementOf(owned, 0);
  assertStrictEquals(acknowledgeShards(owned, [refusal]), owned);
  assertEquals([...freeRefusedShards(owned, [refusal]).states], [FREE]);
  const acknowledgement = acknowledgementOf(moving, 0);
  assertStrictEquals(freeRefusedShards(moving, [acknowledgement]), moving);
});

Deno.test("withMembers() frees the shards of members that are gone, and of other incarnations", () => {
  const map = settledMap(2, membersOf(2));
  const gone = withMembers(map, [memberOf("node-1")]);
  const owners = [...map.owners].map((owner) => owner === 0 ? -1 : 0);
  assertEquals([...gone.owners], owners);
  assertEquals(gone.epochs, map.epochs);
  const restarted = memberOf("node-0", { incarnation: "2" });
  const other = withMembers(map, [restarted, memberOf("node-1")]);
  assertEquals([...other.owners], owners);
  assertEquals(other.members.map(({ id }) => id), ["node-1", "node-0"]);
});

Deno.test("withMembers() gives the same map when nothing changed, and what did otherwise", () => {
  const metadata = { zone: "eu", rack: "1" };
  const map = withMembers(createClusterMap(1), [memberOf("a", { metadata })]);
  const same = memberOf("a", { metadata: { rack: "1", zone: "eu" } });
  assertStrictEquals(withMembers(map, [same]), map);
  for (
    const change of [
      { state: "leaving" as const },
      { weight: 2 },
      { appVersion: "2" },
      { roles: ["web"] },
      { metadata: { zone: "eu" } },
      { metadata: { ...metadata, zone: "us" } },
    ]
  ) {
    const member = memberOf("a", { metadata, ...change });
    assertEquals(withMembers(map, [member]).members, [member]);
  }
});

Deno.test("withMembers() keeps every other shard as it is, whatever the map", () => {
  fc.assert(fc.property(anyMap, anyMembers, (map, others) => {
    const kept = map.members.filter((_, i) => i % 2 === 0);
    const ids = new Set(map.members.map(({ id }) => id));
    const joined = others.filter(({ id }) => !ids.has(id));
    const next = withMembers(map, [...joined, ...kept]);
    assertEquals(next.members, [...kept, ...joined]);
    assertEquals(next.epochs, map.epochs);
    map.states.forEach((state, shard) => {
      const owner = ownerOf(map, shard);
      const stays = owner !== undefined && kept.includes(owner);
      assertEquals(ownerOf(next, shard), stays ? owner : undefined);
      assertEquals(next.states[shard], stays ? state : FREE);
      const target = map.members[map.nexts[shard]!];
      const isThere = target !== undefined && kept.includes(target);
      const expected = isThere ? target : undefined;
      assertEquals(next.members[next.nexts[shard]!], expected);
    });
  }));
});

Deno.test("assignShards() gives only free shards an owner, at a higher epoch, whatever the map", () => {
  const epochs = (map: ClusterMap) => ({
    ...map,
    term: map.term % 2 ** 50,
    epochs: map.epochs.map((epoch) => epoch % 2 ** 50),
  });
  fc.assert(fc.property(anyMap.map(epochs), (map) => {
    const plan = planShards(map);
    const next = assignShards(map, plan);
    plan.forEach((target, shard) => {
      const [before, after] = [shardsOf(map)[shard]!, shardsOf(next)[shard]!];
      const [state, owner, , epoch] = before as [
        number,
        number,
        number,
        number,
      ];
      if (state === FREE && target >= 0) {
        const raised = Math.max(epoch + 1, map.term);
        assertEquals(after, [OWNED, target, -1, raised]);
      } else if (state === FREE) assertEquals(after, [FREE, -1, -1, epoch]);
      else if (state === OWNED && target === owner) assertEquals(after, before);
      else assertEquals(after, [REVOKING, owner, target, epoch]);
    });
    // There is nothing left to do until somebody lets go.
    assertStrictEquals(assignShards(next, planShards(next)), next);
  }));
});
