/**
 * Saving several events at once.
 *
 * @module
 */

import { assertEquals, assertRejects } from "@std/assert";
import type { Contract } from "./fixture.ts";
import {
  assertHistory,
  collect,
  makeEvent,
  makeEvents,
  upTo,
} from "./helpers.ts";

/** Registers the tests. */
export function batchesContract({ test }: Contract): void {
  test("saveEvents() does nothing when there are no events", async ({ store }) => {
    const result = await store.saveEvents([]);
    assertEquals(result, {
      versions: new Map(),
      sequences: [],
      sequence: 0,
      duplicate: false,
    });
    const expectedVersions = new Map<string, number>();
    await store.saveEvents([], { expectedVersions });
    assertEquals(await collect(store.subscribe({ live: false })), []);
  });

  test("saveEvents() saves when there is one event", async ({ store }) => {
    const event = makeEvent("a", 3);
    const result = await store.saveEvents([event]);
    assertEquals(result.versions, new Map([["a", 3]]));
    assertEquals(result.duplicate, false);
    assertEquals(result.sequence > 0, true);
    await assertHistory(store, "a", [event]);
  });

  test("saveEvents() saves 1,000 events of one actor", async ({ store }) => {
    const events = makeEvents("a", ...upTo(1000));
    const result = await store.saveEvents(events);
    assertEquals(result.versions, new Map([["a", 1000]]));
    assertEquals(result.duplicate, false);
    await assertHistory(store, "a", events);
  });

  test("saveEvents() saves 1,000 events of 1,000 actors", async ({ store }) => {
    const events = upTo(1000).map((i) => makeEvent(`a.${i}`, i));
    const result = await store.saveEvents(events);
    assertEquals(result.versions.size, 1000);
    const items = await collect(store.subscribe({ live: false }));
    assertEquals(items.map(({ event }) => event), events);
    assertEquals(items.at(-1)!.sequence, result.sequence);
  });

  test("saveEvents() refuses 1,001 events and saves none", async ({ store }) => {
    const events = makeEvents("a", ...upTo(1001));
    const error = await assertRejects(
      () => store.saveEvents(events),
      RangeError,
    );
    assertEquals(/1000\b.*\b1001/.test(error.message), true, error.message);
    await assertHistory(store, "a", []);
  });

  test("saveEvents() keeps the order given when actors are mixed", async ({ store }) => {
    const events = [
      makeEvent("b", 2),
      makeEvent("a", 1),
      makeEvent("b", 5),
      makeEvent("c", 9),
      makeEvent("a", 2),
    ];
    const before = await store.saveEvent(makeEvent("z", 1));
    const { versions, sequence } = await store.saveEvents(events);
    assertEquals([...versions].sort(), [["a", 2], ["b", 5], ["c", 9]]);
    const items = await collect(store.subscribe({ live: false }));
    const saved = items.filter((item) => item.sequence > before.sequence);
    assertEquals(saved.map(({ event }) => event), events);
    assertEquals(saved.at(-1)!.sequence, sequence);
  });

  test("saveEvents() goes on from saveEvent() and back", async ({ store }) => {
    const events = makeEvents("a", 1, 2, 3, 4, 5, 6);
    await store.saveEvent(events[0]!);
    await store.saveEvents(events.slice(1, 3));
    await store.saveEvent(events[3]!, { expectedVersion: 3 });
    await store.saveEvents(events.slice(4), {
      expectedVersions: new Map([["a", 4]]),
    });
    await assertHistory(store, "a", events);
  });
}
