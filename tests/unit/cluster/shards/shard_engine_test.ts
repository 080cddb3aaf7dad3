import { assertEquals, assertInstanceOf } from "@std/assert";
import {
  type LeaseDurations,
  resolveDurations,
} from "../../../../cluster/lease/settings.ts";
import { ShardLostError } from "../../../../cluster/shards/errors.ts";
import {
  ShardEngine,
  type ShardEngineHooks,
} from "../../../../cluster/shards/shard_engine.ts";
import { waitFor } from "../../../support/conditions.ts";
import { CutLink } from "../../../support/cut_link.ts";

const SHARDS = 4;

/** Of a lease that lapses in no test. */
const LONG: LeaseDurations = {
  lease: 120_000,
  renewEvery: 1_000,
  retry: 100,
};

function join(
  link: CutLink,
  nodeId: string,
  durations: LeaseDurations = { lease: 1_000 },
  hooks: ShardEngineHooks = {},
): Promise<ShardEngine> {
  return ShardEngine.join(
    link.open,
    {
      cluster: "any",
      role: "member",
      nodeId,
      info: { weight: 1, appVersion: "", roles: [], metadata: {} },
      settings: resolveDurations(durations, "test"),
      agreed: { shards: SHARDS, deployment: "" },
      settle: 0,
      startTimeout: 60_000,
      isLocal: true,
      onError: undefined,
      shards: SHARDS,
      hookTimeout: 60_000,
    },
    hooks,
    undefined,
  );
}

function codeOf(reason: unknown): ShardLostError["code"] {
  assertInstanceOf(reason, ShardLostError);
  return reason.code;
}

/** A node that is alone, and owns all shards. */
async function joinAlone(
  link: CutLink,
  hooks?: ShardEngineHooks,
  durations?: LeaseDurations,
): Promise<ShardEngine> {
  const engine = await join(link, "a", durations, hooks);
  await waitFor(() => engine.owned().length === SHARDS);
  return engine;
}

Deno.test("a shard is served again after a lapse while another one's hook goes on", async () => {
  const link = new CutLink(crypto.randomUUID());
  const slow = Promise.withResolvers<void>();
  const others = Promise.withResolvers<void>();
  let acquired = (): unknown => undefined;
  const engine = await joinAlone(link, {
    acquired: () => acquired(),
    released: ({ shard }) => shard === 0 ? slow.promise : others.promise,
  });
  const { counters } = engine.membership;
  link.cut();
  await waitFor(() => engine.owned().length === 0);
  link.mend();
  await waitFor(() => engine.membership.isOpen());
  const { maps } = counters;
  const begun: number[] = [];
  acquired = () => begun.push(counters.maps);
  others.resolve();
  await waitFor(() => begun.length === SHARDS - 1);
  assertEquals(begun, [maps, maps, maps], "a map came first");
  slow.resolve();
  await waitFor(() => engine.owned().length === SHARDS);
  await engine.leave(60_000);
});

Deno.test("what was begun is told at once that an error has ended the node", async () => {
  const link = new CutLink(crypto.randomUUID());
  const hook = Promise.withResolvers<void>();
  let look = () => {};
  const reasons: unknown[] = [];
  const engine = await joinAlone(link, {
    acquired: ({ signal }) => {
      signal.addEventListener("abort", () => reasons.push(signal.reason));
    },
    drain: () => hook.promise,
    changed: () => look(),
  }, LONG);
  const { shard, epoch } = engine.owned()[0]!;
  let isHeld = engine.holds(shard, epoch);
  assertEquals(isHeld, true);
  look = () => isHeld = engine.holds(shard, epoch);
  link.end(new Error("closed"));
  assertEquals(isHeld, false);
  assertEquals(reasons.map(codeOf), Array(SHARDS).fill("failed"));
  hook.resolve();
  await waitFor(() => engine.counters.released === SHARDS);
});

Deno.test("a leader whose window had ended goes on in its term", async () => {
  const cluster = crypto.randomUUID();
  const link = new CutLink(cluster);
  const a = await joinAlone(link);
  const { term } = a.map!;
  link.cut();
  await waitFor(() => !a.membership.isLeader);
  link.mend();
  await waitFor(() => a.membership.isLeader);
  const b = await join(new CutLink(cluster), "b");
  await waitFor(() => a.map!.members.length === 2);
  assertEquals(a.map!.term, term);
  await b.leave(60_000);
  await a.leave(60_000);
});

Deno.test("a shard's signal says why the node lost it", async () => {
  const cluster = crypto.randomUUID();
  const codes = new Map<number, unknown>();
  const link = new CutLink(cluster);
  const a = await joinAlone(link, {
    acquired: ({ shard, signal }) => {
      signal.addEventListener("abort", () => {
        codes.set(shard, codeOf(signal.reason));
      });
    },
  }, LONG);
  const b = await join(new CutLink(cluster), "b", LONG);
  await waitFor(() => b.owned().length === SHARDS / 2);
  assertEquals([...codes.values()], ["revoked", "revoked"]);
  await b.leave(60_000);
  await waitFor(() => a.owned().length === SHARDS);
  codes.clear();
  link.cut(); // it can't hand them over
  await a.leave(0);
  assertEquals([...codes.values()], Array(SHARDS).fill("left"));
});

Deno.test("leave() ends within its timeout when nothing is answered", async () => {
  const link = new CutLink(crypto.randomUUID());
  const engine = await joinAlone(link, {}, LONG);
  link.cut();
  let hasLeft = false;
  const left = engine.leave(100).then(() => hasLeft = true);
  // Without the timeout, it is tried for 96 s.
  await waitFor(() => hasLeft, { timeout: 60_000 });
  await left;
});
