/**
 * Ways to leave, each of them twice.
 *
 * @module
 */

import { assert, assertEquals, assertRejects } from "@std/assert";
import type { Subscription } from "../../../bus/mod.ts";
import type { BusContract, BusFixture } from "./fixture.ts";
import {
  assertErrorIs,
  BusReader,
  inPlace,
  publishVersions,
  reasonOf,
  upTo,
} from "./helpers.ts";

/** Nothing reaches the subscription any more, and nothing is left in it. */
async function assertLeft(
  fixture: BusFixture,
  subscription: Subscription,
): Promise<void> {
  const { delivered, dropped, pending } = subscription;
  assertEquals(pending, 0);
  await publishVersions(fixture, upTo(3));
  assertEquals(
    [subscription.delivered, subscription.dropped, subscription.pending],
    [delivered, dropped, 0],
  );
}

/** Registers the tests. */
export function leavingContract({ test }: BusContract): void {
  test("break leaves", async (fixture) => {
    const subscription = fixture.bus.subscribe("orders");
    await inPlace(subscription);
    await publishVersions(fixture, upTo(3));
    for await (const { event } of subscription) {
      assertEquals(event.version, 1);
      break;
    }
    await assertLeft(fixture, subscription);
    await subscription.close();
    await subscription[Symbol.asyncDispose]();
  });

  test("an error in the loop leaves", async (fixture) => {
    const subscription = fixture.bus.subscribe("orders");
    await inPlace(subscription);
    await publishVersions(fixture, upTo(3));
    await assertRejects(async () => {
      for await (const _ of subscription) throw new Error("stop");
    }, "stop");
    await assertLeft(fixture, subscription);
  });

  test("await using leaves", async (fixture) => {
    let left: Subscription;
    {
      await using subscription = fixture.bus.subscribe("orders");
      await inPlace(subscription);
      await publishVersions(fixture, upTo(3));
      assertEquals(subscription.pending, 3);
      left = subscription;
    }
    await assertLeft(fixture, left);
    assertEquals(await new BusReader(left).done(), true);
  });

  test("close() ends an iteration that waits, and one that does not", async (fixture) => {
    const subscription = fixture.bus.subscribe("orders");
    await inPlace(subscription);
    const reader = new BusReader(subscription);
    const waiting = [reader.done(), reader.done()];
    await subscription.close();
    await subscription.close();
    assertEquals(await Promise.all(waiting), [true, true]);
    assertEquals(await reader.done(), true);
    await assertLeft(fixture, subscription);
  });

  test("close() discards what is pending, which is no drop", async (fixture) => {
    const subscription = fixture.bus.subscribe("orders");
    await inPlace(subscription);
    await publishVersions(fixture, upTo(3));
    const reader = new BusReader(subscription);
    await reader.next();
    await subscription.close();
    assertEquals(await reader.done(), true);
    assertEquals([subscription.delivered, subscription.dropped], [1, 0]);
    await assertLeft(fixture, subscription);
  });

  test("a signal ends it at once with its reason, told once", async (fixture) => {
    const reason = new Error("enough");
    const controller = new AbortController();
    const { signal } = controller;
    const subscription = fixture.bus.subscribe("orders", { signal });
    await inPlace(subscription);
    await publishVersions(fixture, upTo(3));
    const reader = new BusReader(subscription);
    await reader.next();
    controller.abort(reason);
    assertEquals(await reasonOf(() => reader.next()), reason);
    assertEquals(await reader.done(), true);
    await assertLeft(fixture, subscription);
    controller.abort();
    await subscription.close();
  });

  test("a signal ends it at once after the bus was closed", async (fixture) => {
    const controller = new AbortController();
    const { signal } = controller;
    const subscription = fixture.bus.subscribe("orders", { signal });
    await inPlace(subscription);
    await publishVersions(fixture, upTo(3));
    await fixture.bus.close();
    const reader = new BusReader(subscription);
    assertEquals(await reader.versions(1), [1]);
    controller.abort();
    assertEquals(subscription.pending, 0);
    assertEquals(await reasonOf(() => reader.next()), signal.reason);
    assertEquals(await reader.done(), true);
  });

  test("a signal ends it at once after it had no room", async (fixture) => {
    const controller = new AbortController();
    const { signal } = controller;
    const subscription = fixture.bus.subscribe("orders", {
      buffer: 2,
      overflow: "error",
      signal,
    });
    await inPlace(subscription);
    await publishVersions(fixture, upTo(3));
    controller.abort();
    const reader = new BusReader(subscription);
    assertEquals(await reasonOf(() => reader.next()), signal.reason);
    assertEquals(await reader.done(), true);
  });

  test("a signal ends an iteration that waits", async (fixture) => {
    const controller = new AbortController();
    const { signal } = controller;
    const subscription = fixture.bus.subscribe("orders", { signal });
    const reader = new BusReader(subscription);
    const waiting = [reasonOf(() => reader.next()), reader.done()];
    controller.abort();
    const [reason, done] = await Promise.all(waiting);
    assertEquals(reason, signal.reason);
    assertEquals(done, true);
    await assertLeft(fixture, subscription);
  });

  test("a signal that was aborted before ends it from the start", async (fixture) => {
    const signal = AbortSignal.abort(new Error("never"));
    const subscription = fixture.bus.subscribe("orders", { signal });
    await publishVersions(fixture, upTo(3));
    assertEquals(subscription.pending, 0);
    const reader = new BusReader(subscription);
    assertEquals(await reasonOf(() => reader.next()), signal.reason);
    assertEquals(await reader.done(), true);
    assertEquals(await reasonOf(() => subscription.ready), signal.reason);
  });

  test("a signal after the end changes nothing", async (fixture) => {
    const controller = new AbortController();
    const { signal } = controller;
    const subscription = fixture.bus.subscribe("orders", { signal });
    await subscription.close();
    controller.abort();
    assertEquals(await new BusReader(subscription).done(), true);
  });

  test("leaving leaves others alone", async (fixture) => {
    const { bus } = fixture;
    const leaves = bus.subscribe("orders");
    const stays = bus.subscribe("orders");
    const wild = bus.subscribe("*");
    await inPlace(leaves, stays, wild);
    await leaves.close();
    await publishVersions(fixture, upTo(2));
    assertEquals([stays.pending, wild.pending], [2, 2]);
    await wild.close();
    await publishVersions(fixture, [3]);
    assertEquals(stays.pending, 3);
    await stays.close();
    const again = bus.subscribe("orders");
    await inPlace(again);
    await publishVersions(fixture, [4]);
    assertEquals([stays.pending, again.pending], [0, 1]);
    await again.close();
  });

  test("a subscription is iterated once", async ({ bus }) => {
    await using subscription = bus.subscribe("orders");
    subscription[Symbol.asyncIterator]();
    let refused: unknown;
    try {
      subscription[Symbol.asyncIterator]();
    } catch (error) {
      refused = error;
    }
    assertErrorIs(refused, TypeError);
  });

  test("ready rejects when the subscription was closed before", async ({ bus }) => {
    const subscription = bus.subscribe("orders");
    await subscription.close();
    const reason = await reasonOf(() => subscription.ready);
    assert(reason instanceof DOMException);
    assertEquals(reason.name, "AbortError");
  });
}
