/**
 * The theme of the cluster contract on actors that move.
 *
 * @module
 */

import { assert, assertEquals, assertRejects } from "@std/assert";
import type { ClusterManager } from "../../../cluster/mod.ts";
import { waitFor } from "../conditions.ts";
import { actorOf, type ClusterContract, settles } from "./fixture.ts";

/** Registers the theme. */
export function movingContract({ test }: ClusterContract): void {
  test("no request fails while nodes join and leave, and the order of each caller holds", async (fixture) => {
    const handled = new Map<string, number[]>();
    const active = new Map<string, string>();
    const count = (manager: ClusterManager) =>
      manager.handle<number, number>("count", async ({ actorId }, n) => {
        assertEquals(active.get(actorId), undefined, "one at a time");
        active.set(actorId, manager.nodeId);
        await new Promise((resolve) => setTimeout(resolve, 1));
        active.delete(actorId);
        const all = handled.get(actorId) ?? [];
        handled.set(actorId, [...all, n]);
        return n;
      });
    const [one, two] = await fixture.form(2, count);
    let isOver = false;
    const callers = Array.from({ length: 12 }, async (_, caller) => {
      const actors = one!.actors<number, number>("count");
      let n = 0;
      while (!isOver) {
        n++;
        assertEquals(await actors.request(`actor-${caller}`, n), n);
      }
      return n;
    });
    const third = fixture.make({ nodeId: "node-2" });
    count(third);
    await third.start();
    await settles([one!, two!, third]);
    await two!.leave();
    await settles([one!, third]);
    const again = fixture.make({ nodeId: "node-1" });
    count(again);
    await again.start();
    await settles([one!, third, again]);
    isOver = true;
    const counts = await Promise.all(callers);
    for (const [caller, n] of counts.entries()) {
      assertEquals(
        handled.get(`actor-${caller}`),
        Array.from({ length: n }, (_, i) => i + 1),
      );
    }
  });

  test("a node whose start() fails is a member no more", async (fixture) => {
    const fails = fixture.make({ nodeId: "fails" });
    let closed = 0;
    fails.forOwnedShards("opens", {
      open: () => ({
        metrics: { done: 0, failed: 0, waiting: 0 },
        acquired: () => {},
        released: () => Promise.resolve(),
        changed: () => {},
        close: () => {
          closed++;
          return Promise.resolve();
        },
      }),
    });
    fails.forOwnedShards("work", {
      open: () => {
        throw new Error("no work today");
      },
    });
    await assertRejects(() => fails.start(), Error, "no work today");
    assertEquals(closed, 1);
    const [alone] = await fixture.form(1, () => {});
    assertEquals(alone!.nodes().map(({ id }) => id), ["node-0"]);
    await fails.leave();
  });

  test("leave() lets what was begun end, and sends what waits elsewhere", async (fixture) => {
    const begun = Promise.withResolvers<void>();
    const gate = Promise.withResolvers<void>();
    const handled: string[] = [];
    const [one, two] = await fixture.form(
      2,
      (each) =>
        each.handle<string, string>("slow", async (context, text) => {
          if (text === "first") {
            begun.resolve();
            await gate.promise;
            assert(context.isOwner(), "it may still end");
          }
          handled.push(`${text} on ${each.nodeId}`);
          return each.nodeId;
        }),
    );
    const actorId = actorOf(one!, false);
    const actors = one!.actors<string, string>("slow");
    const first = actors.request(actorId, "first");
    await begun.promise;
    const second = actors.request(actorId, "second");
    const leaving = two!.leave();
    const { shard } = two!.ownerOf(actorId)!;
    // Until it admits nothing more; what was begun holds the shard back.
    await waitFor(() => two!.shards().every((each) => each.shard !== shard));
    gate.resolve();
    assertEquals(await first, "node-1");
    assertEquals(await second, "node-0");
    await leaving;
    assertEquals(handled, ["first on node-1", "second on node-0"]);
    await waitFor(() => one!.nodes().length === 1);
  });
}
