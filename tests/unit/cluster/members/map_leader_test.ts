import { assert, assertEquals } from "@std/assert";
import {
  type ClusterMap,
  createClusterMap,
} from "../../../../cluster/map/cluster_map.ts";
import { claimMap } from "../../../../cluster/map/transitions.ts";
import {
  LeaseWatch,
  nodeKey,
} from "../../../../cluster/members/lease_watch.ts";
import { MapLeader } from "../../../../cluster/members/map_leader.ts";
import {
  NO_MAP,
  writeReport,
} from "../../../../cluster/members/node_report.ts";

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

const TERM = 10;
const LEASE = 1_000;
const now = { monotonic: 0, wall: 0 };

/** A leader that has claimed an empty map, and what it watches. */
function lead(): { leader: MapLeader; watch: LeaseWatch } {
  const leader = new MapLeader({ term: TERM, shards: 2, settle: 0 });
  leader.claimed(leader.claim(undefined, undefined)!, 0);
  const watch = new LeaseWatch({ lease: LEASE, incarnation: "leader" });
  watch.see("b", [], now);
  return { leader, watch };
}

/** The map in which a node has joined. */
function joined(leader: MapLeader, watch: LeaseWatch): ClusterMap {
  const incarnation = "a1";
  const member = {
    id: "a",
    incarnation,
    state: "ready" as const,
    weight: 1,
    appVersion: "",
    roles: [],
    metadata: {},
  };
  const record = {
    holder: "a",
    incarnation,
    nonce: "n",
    duration: LEASE,
    term: 1,
    released: false,
    data: writeReport({ member, seen: NO_MAP, before: NO_MAP, released: [] }),
  };
  watch.see(
    "b",
    [{ key: nodeKey("a"), bucket: "b", revision: 1, record }],
    now,
  );
  return leader.next(watch, 0)!;
}

Deno.test("found() goes on in its term when servers have lost the map that it wrote last", () => {
  const { leader, watch } = lead();
  const map = joined(leader, watch);
  leader.wrote(map, 0);
  leader.found(undefined);
  assert(!leader.isSuperseded);
  assertEquals(leader.next(watch, 0)?.members, map.members);
});

Deno.test("found() ends the term when servers may have lost a map that nobody knows", () => {
  const { leader, watch } = lead();
  joined(leader, watch); // it may have been stored, and given shards away
  leader.found(undefined);
  assert(leader.isSuperseded);
  assert(leader.highestTerm > 0);
  assertEquals(leader.next(watch, 0), undefined);
});
