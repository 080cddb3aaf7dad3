import { assert, assertEquals } from "@std/assert";
import { createClusterMap } from "../../../../cluster/map/cluster_map.ts";
import { claimMap } from "../../../../cluster/map/transitions.ts";
import { MapLeader } from "../../../../cluster/members/map_leader.ts";

const stored = claimMap(createClusterMap(2), 5);

Deno.test("claim() goes on from a claim of its own that was stored without an answer", () => {
  const leader = new MapLeader({ term: 7, shards: 2, settle: 0 });
  const first = leader.claim(stored, undefined)!;
  const second = leader.claim(first, undefined)!;
  assertEquals(leader.isSuperseded, false);
  assertEquals(second, { ...first, version: second.version });
  assert(second.version > first.version);
});

Deno.test("claim() gives way to a map of its term that it has not claimed, or of a later one", () => {
  for (const term of [5, 4]) {
    const leader = new MapLeader({ term, shards: 2, settle: 0 });
    assertEquals(leader.claim(stored, undefined), undefined);
    assertEquals(leader.isSuperseded, true);
    assertEquals(leader.highestTerm, 5);
  }
});
