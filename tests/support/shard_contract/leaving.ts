/**
 * The theme of the shard contract on leaving.
 *
 * @module
 */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { NodeLeftError } from "../../../cluster/mod.ts";
import { waitFor } from "../conditions.ts";
import { BrokenMeter } from "../fake_meter.ts";
import { settles, type ShardContract, SHARDS } from "./fixture.ts";

/** Registers the theme. */
export function shardLeavingContract({ test }: ShardContract): void {
  test("leave() hands all over before it returns, whoever leads", async (fixture) => {
    let all = await fixture.form(5);
    while (all.length > 1) {
      const [first, ...others] = all;
      await first!.leave();
      assertEquals(first!.shards(), []);
      assertEquals(first!.isOwner(0), false);
      await settles(others);
      all = others;
    }
  });

  test("leave() waits for onShardReleased", async (fixture) => {
    const [other] = await fixture.form(1);
    const released = new Set<number>();
    const leaving = await fixture.join({
      onShardReleased: async ({ shard }) => {
        await new Promise((resolve) => setTimeout(resolve, 20));
        released.add(shard);
      },
    });
    await leaving.ready;
    const shards = leaving.shards().map(({ shard }) => shard);
    assertEquals(shards.length, SHARDS / 2);
    await leaving.leave();
    for (const shard of shards) assert(released.has(shard));
    await settles([other!]);
  });

  test("a node whose join() fails at its end owns nothing", async (fixture) => {
    const meter = new BrokenMeter();
    const failing = () => fixture.join({ nodeId: "fails", meter });
    await assertRejects(failing, Error, "no meter today");
    await fixture.form(2);
  });

  test("all may leave at once", async (fixture) => {
    const all = await fixture.form(5);
    await Promise.all(all.map((each) => each.leave()));
    assertEquals(all.flatMap((each) => each.shards()), []);
  });

  test("a leave() that takes too long is ended", async (fixture) => {
    const [other] = await fixture.form(1);
    const errors: unknown[] = [];
    const leaving = await fixture.join({
      hookTimeout: 200,
      onError: (error) => errors.push(error),
      onShardReleased: () => new Promise(() => {}),
    });
    await leaving.ready;
    await leaving.leave({ timeout: 1 });
    await settles([other!]);
    assertEquals(errors.length, SHARDS / 2);
  });

  test("leave() is harmless the second time", async (fixture) => {
    const [a] = await fixture.form(2);
    await Promise.all([a!.leave(), a!.leave({ timeout: 5 })]);
    await a![Symbol.asyncDispose]();
  });

  test("leave() ends what follows the cluster, and rejects `ready`", async (fixture) => {
    const client = await fixture.join({ role: "client" });
    await client.leave();
    await assertRejects(() => client.ready, NodeLeftError);
    const [a] = await fixture.form(1);
    const changes = a!.changes();
    await changes.next();
    await a!.leave();
    assertEquals((await changes.next()).done, true);
    await a!.ready; // as before
  });

  test("members that come and go again and again do no harm", async (fixture) => {
    const rest = await fixture.form(2);
    for (let round = 0; round < 8; round++) {
      const guest = await fixture.join({ nodeId: "guest" });
      if (round % 2 === 0) await guest.ready;
      await guest.leave();
    }
    await settles(rest);
    await waitFor(() => rest.every(({ metrics }) => metrics.unserved === 0));
  });
}
