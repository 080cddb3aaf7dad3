/**
 * The theme of the shard contract on who owns which shard.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import type { ShardManager } from "../../../cluster/mod.ts";
import { waitFor } from "../conditions.ts";
import { FakeMeter } from "../fake_meter.ts";
import { settles, type ShardContract, SHARDS } from "./fixture.ts";

/** Who owns each shard, by the managers' own words. */
function ownersOf(managers: readonly ShardManager[]): Map<number, string> {
  return new Map(
    managers.flatMap((each) =>
      each.shards().map(({ shard }) => [shard, each.nodeId] as const)
    ),
  );
}

/** Registers the theme. */
export function owningContract({ test }: ShardContract): void {
  test("a member that is alone owns all shards", async (fixture) => {
    const manager = await fixture.join();
    await manager.ready;
    const shards = manager.shards();
    assertEquals(
      shards.map(({ shard }) => shard),
      Array.from({ length: SHARDS }, (_, shard) => shard),
    );
    for (const { shard, epoch } of shards) {
      assert(manager.isOwner(shard));
      assert(epoch > 0);
    }
    const { nodeId } = manager;
    const { incarnation } = manager.nodes()[0]!;
    const shard = manager.shardOf("order-1");
    const { epoch } = shards[shard]!;
    const owner = { shard, nodeId, incarnation, epoch };
    assertEquals(manager.ownerOf("order-1"), owner);
    assertEquals(manager.ownerOf(shard), owner);
  });

  test("members share the shards out, and agree who owns which", async (fixture) => {
    const all = await fixture.form(5);
    const client = await fixture.join({ role: "client" });
    await client.ready;
    assertEquals(client.shards(), []);
    await waitFor(() => {
      const owners = ownersOf(all);
      return [...all, client].every((each) =>
        Array.from({ length: 200 }, (_, i) => `actor-${i}`).every((id) => {
          const owner = each.ownerOf(id);
          return owner !== undefined &&
            owner.nodeId === owners.get(each.shardOf(id)) &&
            each.isOwner(owner.shard) === (owner.nodeId === each.nodeId);
        })
      );
    }, { message: "all to agree" });
  });

  test("weights count", async (fixture) => {
    const one = await fixture.join({ weight: 1 });
    const three = await fixture.join({ weight: 3 });
    await waitFor(() =>
      one.shards().length === 16 && three.shards().length === 48
    );
  });

  test("a join moves no more shards than it must, at higher epochs", async (fixture) => {
    const all = await fixture.form(3);
    const before = ownersOf(all);
    const epochs = new Map(
      all.flatMap((each) => each.shards()).map((at) => [at.shard, at.epoch]),
    );
    all.push(await fixture.join({ nodeId: "node-3" }));
    await settles(all);
    for (const [shard, owner] of ownersOf(all)) {
      assert(owner === before.get(shard) || owner === "node-3");
    }
    for (const { shard, epoch } of all.flatMap((each) => each.shards())) {
      const isMoved = all[3]!.isOwner(shard);
      const last = epochs.get(shard)!;
      assert(isMoved ? epoch > last : epoch === last);
    }
  });

  test("members that join together get their shards together", async (fixture) => {
    const [first] = await fixture.form(1, { settle: 300 });
    const moved: number[] = [];
    const joined = await Promise.all([1, 2, 3].map((i) =>
      fixture.join({
        nodeId: `late-${i}`,
        settle: 300,
        onShardAcquired: ({ shard }) => void moved.push(shard),
      })
    ));
    await settles([first!, ...joined]);
    assertEquals(new Set(moved).size, moved.length, "one has moved twice");
  });

  test("ready resolves once all are where they are to be", async (fixture) => {
    const [first] = await fixture.form(1);
    await first!.ready;
    const second = await fixture.join();
    await second.ready;
    assertEquals(second.shards().length, SHARDS / 2);
  });

  test("a member takes the work of a new version first", async (fixture) => {
    const [a] = await fixture.form(3, { appVersion: "1" });
    const newer = await fixture.join({ nodeId: "newer", appVersion: "2" });
    await newer.ready;
    const before = newer.shards().length;
    await a!.leave();
    await waitFor(() => newer.shards().length > before + 2);
  });

  test("one shard, and more members than shards", async (fixture) => {
    const all = await Promise.all(
      [0, 1, 2].map(() => fixture.join({ shards: 1 })),
    );
    await settles(all, 1);
    let rest = all;
    for (let round = 0; round < 2; round++) {
      const owner = rest.find((each) => each.shards().length === 1)!;
      await owner.leave();
      rest = rest.filter((each) => each !== owner);
      await settles(rest, 1);
    }
  });

  test("metrics tell how it is with the shards", async (fixture) => {
    const meter = new FakeMeter();
    const [a] = await fixture.form(2, { meter });
    await waitFor(() => a!.metrics.moving + a!.metrics.unserved === 0);
    const { owned, acquired, released, epoch, mapAge } = a!.metrics;
    assertEquals(owned, SHARDS / 2);
    assertEquals(acquired - released, owned);
    assert(epoch >= a!.shards()[0]!.epoch);
    assert(mapAge < 1_000);
    const values = meter.collect().map(([value]) => value);
    assert(values.includes(SHARDS), "the two have the same attributes");
    await a!.leave();
    const told = meter.added.filter(([name]) =>
      name === "aether.shards.released"
    );
    assert(told.length > 0);
  });
}
