/**
 * The theme of the shard contract on hooks.
 *
 * @module
 */

import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import {
  type AcquiredShard,
  type ShardHookError,
  ShardLostError,
} from "../../../cluster/mod.ts";
import { waitFor } from "../conditions.ts";
import { settles, type ShardContract, SHARDS } from "./fixture.ts";

/** Registers the theme. */
export function hooksContract({ test }: ShardContract): void {
  test("hooks come in pairs, in order, one node after the other", async (fixture) => {
    /** By shard, what has happened to it on any node. */
    const histories = new Map<number, string[]>();
    const note = (shard: number, what: string) => {
      const history = histories.get(shard) ?? [];
      histories.set(shard, [...history, what]);
    };
    const hooksOf = (nodeId: string) => ({
      nodeId,
      onShardAcquired: async ({ shard, epoch }: AcquiredShard) => {
        note(shard, `${nodeId} begins ${epoch}`);
        await Promise.resolve();
        note(shard, `${nodeId} begun ${epoch}`);
      },
      onShardReleased: async (
        { shard, epoch }: { shard: number; epoch: number },
      ) => {
        note(shard, `${nodeId} ends ${epoch}`);
        await new Promise((resolve) => setTimeout(resolve, 5));
        note(shard, `${nodeId} ended ${epoch}`);
      },
    });
    const all = [];
    for (const id of ["a", "b", "c"]) {
      all.push(await fixture.join(hooksOf(id)));
      await settles(all);
    }
    for (const each of all) await each.leave();
    assertEquals(histories.size, SHARDS);
    for (const [shard, history] of histories) {
      assertEquals(history.length % 4, 0, `shard ${shard}: ${history}`);
      let last = { node: "", epoch: 0 };
      for (let i = 0; i < history.length; i += 4) {
        const [node = "", , text] = history[i]!.split(" ");
        const epoch = Number(text);
        // A node whose lease lapsed unnoticed by others goes on with its epoch.
        const goesOn = node === last.node && epoch === last.epoch;
        assert(goesOn || epoch > last.epoch, `shard ${shard}: ${history}`);
        last = { node, epoch };
        assertEquals(
          history.slice(i, i + 4),
          ["begins", "begun", "ends", "ended"].map((what) =>
            `${node} ${what} ${epoch}`
          ),
        );
      }
    }
  });

  test("a shard is not served before onShardAcquired has settled", async (fixture) => {
    const begun = Promise.withResolvers<void>();
    const manager = await fixture.join({
      onShardAcquired: ({ shard }) => shard === 7 ? begun.promise : undefined,
    });
    await waitFor(() => manager.shards().length === SHARDS - 1);
    assertEquals(manager.isOwner(7), false);
    assertEquals(manager.metrics.owned, SHARDS - 1);
    begun.resolve();
    await manager.ready;
    assert(manager.isOwner(7));
  });

  test("a shard moves when onShardReleased has settled", async (fixture) => {
    const released = Promise.withResolvers<void>();
    const signals = new Map<number, AbortSignal>();
    const first = await fixture.join({
      nodeId: "first",
      onShardAcquired: ({ shard, signal }) => void signals.set(shard, signal),
      onShardReleased: () => released.promise,
      hookTimeout: 60_000,
    });
    await first.ready;
    const second = await fixture.join();
    await waitFor(() => first.shards().length === SHARDS / 2);
    const moving = [...signals].filter(([shard]) => !first.isOwner(shard));
    for (const [shard, { aborted, reason }] of moving) {
      assert(aborted);
      assertInstanceOf(reason, ShardLostError);
      assertEquals([reason.shard, reason.code], [shard, "revoked"]);
    }
    await waitFor(() => second.metrics.moving === SHARDS / 2);
    assertEquals(second.shards(), []);
    released.resolve();
    await settles([first, second]);
  });

  test("hooks that fail or hang are told of, and hold nothing up", async (fixture) => {
    const errors: ShardHookError[] = [];
    const first = await fixture.join({
      hookTimeout: 50,
      onError: (error) => errors.push(error as ShardHookError),
      onShardAcquired: ({ shard }) => {
        if (shard === 0) throw new Error("broken");
        return shard === 1 ? new Promise(() => {}) : undefined;
      },
      onShardReleased: ({ shard }) => {
        if (shard === 2) return Promise.reject(new Error("broken, too"));
        return shard === 3 ? new Promise(() => {}) : undefined;
      },
    });
    await first.ready;
    assertEquals(first.shards().length, SHARDS);
    const second = await fixture.join();
    await second.ready;
    await first.leave();
    await settles([second]);
    const told = errors.map(({ name, hook, shard, message }) => {
      assertEquals(name, "ShardHookError");
      assert(message.startsWith(`${hook} of shard ${shard} at epoch `));
      return `${hook} ${shard} ${message.split(" ").slice(7).join(" ")}`;
    });
    assertEquals(told.sort(), [
      "onShardAcquired 0 has failed",
      "onShardAcquired 1 has not settled within 50 ms",
      "onShardReleased 2 has failed",
      "onShardReleased 3 has not settled within 50 ms",
    ]);
    const [cause] = errors.filter(({ shard }) => shard === 0)
      .map((error) => error.cause);
    assertEquals((cause as Error).message, "broken");
    assertEquals(first.metrics.failedHooks, 4);
  });
}
