/**
 * Closing a bus.
 *
 * @module
 */

import { assertEquals, assertThrows } from "@std/assert";
import { BusClosedError } from "../../../bus/mod.ts";
import type { BusContract } from "./fixture.ts";
import {
  assertErrorIs,
  BusReader,
  inPlace,
  makeEvent,
  publishVersions,
  reasonOf,
  upTo,
} from "./helpers.ts";

/** Registers the tests. */
export function closingContract({ test }: BusContract): void {
  test("a closed bus takes nothing", async ({ bus }) => {
    await bus.close();
    const reason = await reasonOf(() => bus.publish("orders", makeEvent()));
    assertErrorIs(reason, BusClosedError);
    assertThrows(() => bus.subscribe("orders"), BusClosedError);
  });

  test("closing twice, also at once, is harmless", async ({ bus }) => {
    await Promise.all([bus.close(), bus.close()]);
    await bus[Symbol.asyncDispose]();
  });

  test("closing the bus ends its subscriptions after what they hold", async (fixture) => {
    const { bus } = fixture;
    const holds = bus.subscribe("orders");
    const waits = bus.subscribe("other");
    const left = bus.subscribe("orders");
    await inPlace(holds, waits, left);
    await publishVersions(fixture, upTo(3));
    await left.close();
    const waiting = new BusReader(waits).done();
    await bus.close();
    assertEquals(await waiting, true);
    assertEquals(await new BusReader(left).done(), true);
    const reader = new BusReader(holds);
    assertEquals(await reader.versions(3), upTo(3));
    assertEquals(await reader.done(), true);
    assertEquals([holds.delivered, holds.dropped], [3, 0]);
    assertEquals(bus.metrics.delivered, 3);
  });

  test("a closed bus's subscriptions can be left before they are read", async (fixture) => {
    const { bus } = fixture;
    const subscription = bus.subscribe("orders");
    await inPlace(subscription);
    await publishVersions(fixture, upTo(3));
    await bus.close();
    assertEquals(subscription.pending, 3);
    await subscription.close();
    assertEquals(subscription.pending, 0);
    assertEquals(await new BusReader(subscription).done(), true);
  });
}
