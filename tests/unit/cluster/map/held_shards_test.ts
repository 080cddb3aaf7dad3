import { assertEquals, assertStrictEquals } from "@std/assert";
import {
  type ClusterMap,
  FREE,
  OWNED,
  REVOKING,
} from "../../../../cluster/map/cluster_map.ts";
import { HeldShards } from "../../../../cluster/map/held_shards.ts";
import { memberOf } from "./_maps.ts";

const [a, b] = [0, 1];
const nothing = { acquired: [], revoked: [] };

/** A map of the members `a` and `b`, with a state, owner and epoch by shard. */
function mapOf(
  version: number,
  ...shards: readonly [state: number, owner: number, epoch: number][]
): ClusterMap {
  return {
    term: 1,
    version,
    members: [memberOf("a"), memberOf("b")],
    states: Uint8Array.from(shards, ([state]) => state),
    owners: Int32Array.from(shards, ([, owner]) => owner),
    nexts: new Int32Array(shards.length).fill(-1),
    epochs: Float64Array.from(shards, ([, , epoch]) => epoch),
  };
}

const shard = (epoch: number) => ({ shard: 0, epoch });
const told = (epoch: number) => ({
  id: "a",
  incarnation: "1",
  shard: 0,
  epoch,
});
const newNode = () => new HeldShards({ id: "a", incarnation: "1" });

Deno.test("HeldShards holds nothing before a map", () => {
  const node = newNode();
  assertEquals(node.map, undefined);
  assertEquals([...node.held()], []);
  assertEquals(node.acknowledgements(), []);
  assertEquals(node.letGo(shard(1)), undefined);
});

Deno.test("apply() holds what the node owns, as that incarnation only", () => {
  const map = mapOf(1, [OWNED, a, 3], [OWNED, b, 4], [FREE, -1, 5], [
    OWNED,
    a,
    6,
  ]);
  const node = newNode();
  const acquired = [{ shard: 0, epoch: 3 }, { shard: 3, epoch: 6 }];
  assertEquals(node.apply(map), { acquired, revoked: [] });
  assertEquals([...node.held()], acquired);
  assertEquals([0, 1, 2, 3, 4].map((i) => node.epochOf(i)), [
    3,
    undefined,
    undefined,
    6,
    undefined,
  ]);
  const other = new HeldShards({ id: "a", incarnation: "2" });
  assertEquals(other.apply(map), nothing);
  assertEquals(other.acknowledgements(), []);
});

Deno.test("apply() ignores maps that are not newer", () => {
  const node = newNode();
  const map = mapOf(2, [OWNED, b, 4]);
  node.apply(map);
  assertEquals(node.apply(mapOf(2, [OWNED, a, 5])), nothing);
  assertEquals(node.apply(mapOf(1, [OWNED, a, 3])), nothing);
  assertStrictEquals(node.map, map);
});

Deno.test("a revoked shard is acknowledged once the node has let go of it", () => {
  const node = newNode();
  node.apply(mapOf(1, [OWNED, a, 3]));
  assertEquals(node.acknowledgements(), []);
  const revoked = node.apply(mapOf(2, [REVOKING, a, 3]));
  assertEquals(revoked, { acquired: [], revoked: [shard(3)] });
  assertEquals(node.epochOf(0), undefined);
  assertEquals(node.acknowledgements(), []);
  assertEquals(node.apply(mapOf(3, [REVOKING, a, 3])), nothing);
  assertEquals(node.letGo(shard(2)), undefined);
  assertEquals(node.acknowledgements(), []);
  assertEquals(node.letGo(shard(3)), undefined);
  assertEquals(node.acknowledgements(), [told(3)]);
  assertEquals(node.acknowledgements(), [told(3)]);
  node.apply(mapOf(4, [FREE, -1, 3]));
  assertEquals(node.acknowledgements(), []);
});

Deno.test("a shard that was revoked before the node heard of it is acknowledged and never begun", () => {
  const node = newNode();
  assertEquals(node.apply(mapOf(2, [REVOKING, a, 3])), nothing);
  assertEquals(node.acknowledgements(), [told(3)]);
  assertEquals(node.apply(mapOf(3, [OWNED, a, 3])), nothing);
  assertEquals(node.acknowledgements(), [told(3)]);
  assertEquals(node.apply(mapOf(4, [OWNED, a, 4])).acquired, [shard(4)]);
});

Deno.test("an epoch that the node let go of is not begun again, but refused", () => {
  const node = newNode();
  node.apply(mapOf(1, [OWNED, a, 3]));
  node.apply(mapOf(2, [OWNED, b, 4]));
  node.letGo(shard(3));
  assertEquals(node.acknowledgements(), []);
  // The stored map was lost, and an older one restored.
  assertEquals(node.apply(mapOf(3, [OWNED, a, 3])), nothing);
  assertEquals(node.acknowledgements(), [told(3)]);
});

Deno.test("a shard that comes back waits until the node has let go of the epoch before", () => {
  const node = newNode();
  node.apply(mapOf(1, [OWNED, a, 3]));
  const again = node.apply(mapOf(2, [OWNED, a, 5]));
  assertEquals(again, { acquired: [], revoked: [shard(3)] });
  assertEquals([node.epochOf(0), node.acknowledgements()], [undefined, []]);
  assertEquals(node.letGo(shard(3)), shard(5));
  assertEquals(node.epochOf(0), 5);
});

Deno.test("a node that is no member any more holds nothing", () => {
  const node = newNode();
  node.apply(mapOf(1, [OWNED, a, 3]));
  const map = { ...mapOf(2, [OWNED, 0, 4]), members: [memberOf("b")] };
  assertEquals(node.apply(map), { acquired: [], revoked: [shard(3)] });
  node.letGo(shard(3));
  assertEquals(node.acknowledgements(), []);
});
