/**
 * The theme on which node handles which events, and what becomes of failures.
 *
 * @module
 */

import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  type ClusterManager,
  eachEvent,
  ShardWorkError,
} from "../../../cluster/mod.ts";
import { shardOf } from "../../../internal/hash.ts";
import { settles, SHARDS } from "../cluster_contract/fixture.ts";
import { waitFor } from "../conditions.ts";
import { FakeMeter } from "../fake_meter.ts";
import { actorsOf, type EachEventContract } from "./fixture.ts";

/** Registers the theme. */
export function handlingContract({ test }: EachEventContract): void {
  test("each event is handled on the node that owns its actor, in order", async (fixture) => {
    const actors = actorsOf(30);
    await fixture.append(90, actors);
    const owned = new Map<number, string>();
    const nodes = await fixture.form(2, (each) => {
      fixture.follow(each, {}, ({ node, context }) => {
        assert(context.isOwner());
        assert(!context.signal.aborted);
        assertEquals(context.attempt, 1);
        owned.set(context.shard, node);
      });
    });
    await fixture.append(60, actors);
    await fixture.complete();
    fixture.checkOrder();
    for (const node of nodes) {
      for (const { shard } of node.shards()) {
        assert([undefined, node.nodeId].includes(owned.get(shard)));
      }
    }
    const done = nodes.map(({ metrics }) => metrics.work.done);
    assertEquals(done[0]! + done[1]!, fixture.handled.length);
    assertEquals(nodes[0]!.metrics.work.waiting, 0);
  });

  test("no event is left out or out of order while nodes join and leave, and none comes again", async (fixture) => {
    const actors = actorsOf(40);
    // Only what is handed over keeps events from coming again.
    const options = { checkpointEvery: 600_000 };
    const durations = { lease: 5_000 };
    const follow = (each: ClusterManager) =>
      fixture.follow(each, options, async () => {
        await new Promise((resolve) => setTimeout(resolve, 1));
      });
    const [one, two] = await fixture.form(2, follow, durations);
    let isOver = false;
    const appending = (async () => {
      while (!isOver) {
        await fixture.append(40, actors);
        await new Promise((resolve) => setTimeout(resolve, 2));
      }
    })();
    const third = fixture.make({ nodeId: "node-2", ...durations });
    follow(third);
    await third.start();
    await settles([one!, two!, third]);
    await two!.leave();
    await settles([one!, third]);
    const again = fixture.make({ nodeId: "node-1", ...durations });
    follow(again);
    await again.start();
    await settles([one!, third, again]);
    isOver = true;
    await appending;
    await fixture.complete();
    fixture.checkOrder();
    assert(new Set(fixture.handled.map(({ node }) => node)).size === 3);
  });

  test("an event whose handler fails comes again, its shard waits, the others go on", async (fixture) => {
    const actors = actorsOf(20);
    await fixture.append(60, actors);
    const gate = Promise.withResolvers<void>();
    const attempts: number[] = [];
    const [node] = await fixture.form(
      1,
      (each) =>
        fixture.follow(each, {}, ({ stored, context }) => {
          const { actorId, data: { n } } = stored.event;
          if (actorId !== "actor-3" || n !== 2) return;
          attempts.push(context.attempt);
          if (attempts.length === 3) gate.resolve();
          if (attempts.length <= 3) throw new TypeError("not yet");
        }),
    );
    await gate.promise;
    await fixture.append(20, actors);
    await fixture.complete();
    fixture.checkOrder();
    assertEquals(attempts, [1, 2, 3, 4]);
    assertEquals(node!.metrics.work.failed, 3);
    const errors = fixture.errors.splice(0);
    assertEquals(errors.length, 3);
    for (const error of errors) {
      assert(error instanceof ShardWorkError);
      assertEquals([error.work, error.code], ["followed", "handle"]);
      assertEquals((error.cause as Error).message, "not yet");
      assert(error.message.startsWith(`Cannot handle event ${error.sequence}`));
    }
  });

  test("a meter is told of what was done", async (fixture) => {
    const meter = new FakeMeter();
    const actors = actorsOf(20);
    await fixture.append(40, actors);
    let fails = 1;
    const [node] = await fixture.form(
      1,
      (each) =>
        fixture.follow(each, {}, () => {
          if (fails-- > 0) throw new Error("once");
        }),
      { meter },
    );
    await fixture.complete();
    await node!.leave();
    assertEquals(fixture.errors.splice(0).length, 1);
    const told = (name: string) =>
      meter.added.filter(([each, , attributes]) =>
        each === name &&
        (attributes as Record<string, unknown>)["aether.work"] === "followed"
      ).reduce((sum, [, value]) => sum + value, 0);
    assertEquals(told("aether.work.done"), node!.metrics.work.done);
    assert(told("aether.work.done") >= 40);
    assertEquals(told("aether.work.failed"), 1);
    assert(meter.made.includes("aether.work.waiting"));
  });

  test("a handler may throw what has no text", async (fixture) => {
    const thrown = [
      Object.create(null),
      Object.defineProperty(new Error(), "message", {
        get: () => {
          throw new Error("no message");
        },
      }),
      Symbol("why"),
      "a text",
    ];
    const left = [...thrown];
    await fixture.append(1, ["actor-0"]);
    await fixture.form(
      1,
      (each) =>
        fixture.follow(each, {}, () => {
          if (left.length > 0) throw left.shift();
        }),
    );
    await fixture.complete();
    fixture.checkOrder();
    const errors = fixture.errors.splice(0) as ShardWorkError[];
    assertEquals(errors.map(({ cause }) => cause === thrown.shift()), [
      ...[true, true, true, true],
    ]);
    assertEquals(errors.map(({ message }) => message.split(": ")[1]), [
      ...["an object", "an object", "a symbol", "a text"],
    ]);
  });

  test("what comes while a shard is handed over is left to the next owner", async (fixture) => {
    const actors = actorsOf(40);
    const begun = Promise.withResolvers<string>();
    const gate = Promise.withResolvers<void>();
    const [one] = await fixture.form(
      2,
      (each) =>
        fixture.follow(each, {}, async ({ node, stored: { event } }) => {
          if (node !== "node-0" || event.data.n !== 1) return;
          begun.resolve(event.actorId);
          if (event.actorId === await begun.promise) await gate.promise;
        }),
    );
    await fixture.append(40, actors);
    const shard = shardOf(await begun.promise, SHARDS);
    const leaving = one!.leave();
    await waitFor(() => one!.shards().every((each) => each.shard !== shard));
    await fixture.append(40, actors);
    const others = actors.filter((actor) => shardOf(actor, SHARDS) !== shard);
    const isDone = (actor: string) =>
      fixture.handled.some(({ stored: { event } }) =>
        event.actorId === actor && event.data.n === 2
      );
    await waitFor(() => others.every(isDone));
    gate.resolve();
    await leaving;
    await fixture.complete();
    fixture.checkOrder();
  });

  test("leave() waits for the handlers that run, and tells those that run too long", async (fixture) => {
    const begun = Promise.withResolvers<void>();
    const gate = Promise.withResolvers<void>();
    let told: unknown;
    const [one, two] = await fixture.form(
      2,
      (each) =>
        fixture.follow(each, {}, async ({ node, context, stored }) => {
          if (node !== "node-0" || stored.event.data.n !== 1) return;
          context.signal.addEventListener("abort", () => {
            told = context.signal.reason;
            gate.resolve();
          });
          begun.resolve();
          await gate.promise;
          throw context.signal.reason;
        }),
      { hookTimeout: 100 },
    );
    await fixture.append(20, actorsOf(20));
    await begun.promise;
    await one!.leave();
    await waitFor(() => told instanceof Error);
    assertEquals((told as Error).name, "ShardLostError");
    await settles([two!]);
    await fixture.complete();
    fixture.checkOrder({ mayRepeat: true });
    // The hand-over had to wait for the handler, as long as a hook may take.
    const names = fixture.errors.splice(0).map((error) =>
      (error as Error).name
    );
    assert(names.includes("ShardHookError"), names.join());
  });

  test("so many events are handled at a time as it is told, and few wait", async (fixture) => {
    const actors = actorsOf(40);
    for (let i = 0; i < 2; i++) await fixture.append(1_000, actors);
    let [running, most] = [0, 0];
    await fixture.form(
      1,
      (each) =>
        fixture.follow(each, { concurrency: 3 }, async () => {
          most = Math.max(most, ++running);
          assert(each.metrics.work.waiting <= 1_001);
          await new Promise((resolve) => setTimeout(resolve));
          running--;
        }),
    );
    await fixture.complete();
    fixture.checkOrder();
    assertEquals(most, 3);
  });

  test("forOwnedShards() and eachEvent() refuse arguments that are not valid", async (fixture) => {
    const { store } = fixture;
    const manager = fixture.make();
    const work = eachEvent(store, () => {});
    manager.forOwnedShards("a", work);
    assertThrows(
      () => manager.forOwnedShards("a", work),
      TypeError,
      'Cannot register work: work "a" is registered already',
    );
    assertThrows(
      () => manager.forOwnedShards("", work),
      RangeError,
      "name must",
    );
    assertThrows(
      () => manager.forOwnedShards("b", {} as never),
      TypeError,
      "work must be work by shard, such as eachEvent() makes",
    );
    const bad: [object, typeof TypeError | typeof RangeError, string][] = [
      [{ checkpointEvery: 0 }, RangeError, "checkpointEvery must be"],
      [{ concurrency: "1" }, TypeError, "concurrency must be a number"],
      [{ eventTypes: [] }, RangeError, "eventTypes must name"],
      [{ after: 1 }, TypeError, "after must be a checkpoint or a Date"],
      [{ after: "end" }, Error, "give a time such as new Date()"],
      [{ after: "1" }, Error, '"1" is not a checkpoint'],
      [
        { checkpoints: {} },
        TypeError,
        "checkpoints.load must be a function, got undefined",
      ],
      [{ checkpoints: { load: 1 } }, TypeError, "a function, got 1"],
      [{ onError: () => {} }, TypeError, "give onError to the ClusterManager"],
      [{ partition: 1 }, TypeError, "there is no option"],
      [{ onReplayErr: 1 }, TypeError, "did you mean onReplayError?"],
    ];
    for (const [options, type, text] of bad) {
      assertThrows(() => eachEvent(store, () => {}, options), type, text);
    }
    assertThrows(
      () => eachEvent(store, 1 as never),
      TypeError,
      "Cannot handle each event: handler must be a function",
    );
    await manager.start();
    assertThrows(
      () => manager.forOwnedShards("late", work),
      TypeError,
      "the cluster was started; register every work before",
    );
  });
}
