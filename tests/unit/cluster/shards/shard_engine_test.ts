import { assertEquals } from "@std/assert";
import { resolveDurations } from "../../../../cluster/lease/settings.ts";
import {
  ShardEngine,
  type ShardEngineHooks,
} from "../../../../cluster/shards/shard_engine.ts";
import { waitFor } from "../../../support/conditions.ts";
import { CutLink } from "../../../support/cut_link.ts";

const SHARDS = 4;

/** A node that is alone, and owns all shards. */
async function joinAlone(
  link: CutLink,
  hooks: ShardEngineHooks,
): Promise<ShardEngine> {
  const engine = await ShardEngine.join(
    link.open,
    {
      cluster: "any",
      role: "member",
      nodeId: "a",
      info: { weight: 1, appVersion: "", roles: [], metadata: {} },
      settings: resolveDurations({ lease: 1_000 }, "test"),
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
  const engine = await joinAlone(link, {
    drain: () => hook.promise,
    changed: () => look(),
  });
  const { shard, epoch } = engine.owned()[0]!;
  let isHeld = engine.holds(shard, epoch);
  assertEquals(isHeld, true);
  look = () => isHeld = engine.holds(shard, epoch);
  link.end(new Error("closed"));
  assertEquals(isHeld, false);
  hook.resolve();
  await waitFor(() => engine.counters.released === SHARDS);
});
