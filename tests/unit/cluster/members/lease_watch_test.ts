import { assertEquals } from "@std/assert";
import { Observation } from "../../../../cluster/lease/observation.ts";
import {
  type LeaseSight,
  LeaseWatch,
  MARK_TTL_SECONDS,
} from "../../../../cluster/members/lease_watch.ts";

const TTL = MARK_TTL_SECONDS * 1_000;
const bucket = "b";

function at(ms: number) {
  return { monotonic: ms, wall: ms };
}

function sightOf(id: string, revision: number, released: boolean): LeaseSight {
  const incarnation = `${id}1`;
  return {
    key: `node.${id}`,
    bucket,
    revision,
    record: {
      holder: id,
      incarnation,
      nonce: `${revision}`,
      duration: 15_000,
      term: 1,
      released,
    },
  };
}

/** How many leases a look goes through. */
function countOf(watch: LeaseWatch, now: number): number {
  let count = 0;
  const { see } = Observation.prototype;
  Observation.prototype.see = function (...args) {
    count++;
    return see.apply(this, args);
  };
  try {
    watch.see(bucket, [], at(now));
  } finally {
    Observation.prototype.see = see;
  }
  return count;
}

Deno.test("LeaseWatch forgets a lease when the mark in its place has expired", () => {
  const watch = new LeaseWatch({ lease: 15_000, incarnation: "me" });
  watch.see(bucket, [], at(0));
  watch.see(bucket, [sightOf("a", 1, true), sightOf("b", 2, false)], at(0));
  assertEquals(countOf(watch, TTL), 2);
  watch.see(bucket, [], at(TTL + 1));
  assertEquals(countOf(watch, TTL + 2), 1);
  assertEquals(watch.after(bucket), 2);
  assertEquals(watch.lapsed(2 * TTL).map(({ key }) => key), ["node.b"]);
});

Deno.test("LeaseWatch proves nothing of a member whose record it can't read", () => {
  const member = {
    id: "a",
    incarnation: "a1",
    state: "ready",
    weight: 1,
    appVersion: "",
    roles: [],
    metadata: {},
  } as const;
  const watch = new LeaseWatch({ lease: 15_000, incarnation: "me" });
  watch.see(bucket, [], at(0));
  const { record: _, ...place } = sightOf("a", 1, false);
  const unreadable = { ...place, record: undefined, isUnreadable: true };
  watch.see(bucket, [unreadable], at(0));
  assertEquals(watch.isGone(member, 0), false);
  assertEquals(watch.isGone(member, TTL), false);
  watch.see(bucket, [sightOf("a", 2, true)], at(TTL));
  assertEquals(watch.isGone(member, TTL), true);
});
