/**
 * Filters mean the same to subscriptions and to reads of all events.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import fc from "fast-check";
import type { Event } from "../../../event/event.ts";
import type { EventFilter, Partition } from "../../../event/filters.ts";
import { shardOf } from "../../../internal/hash.ts";
import { encodeActorId } from "../../../internal/nats/names.ts";
import type { EventStore, StoredEvent } from "../../../store/event_store.ts";
import { natsMatches } from "../nats_matches.ts";
import type { Contract } from "./fixture.ts";
import { collect, makeEvent, Reader, upTo } from "./helpers.ts";

const eventsOf = (items: readonly StoredEvent[]): Event[] =>
  items.map(({ event }) => event);

/** What the documentation says of a filter, for patterns that are plain. */
function matches(filter: EventFilter, { actorId, eventType }: Event): boolean {
  const list = (value: string | readonly string[]) => [value].flat();
  const { actors, actorIds, eventTypes, partition } = filter;
  return (actors === undefined ||
    list(actors).some((each) => natsMatches(each, encodeActorId(actorId)))) &&
    (actorIds === undefined || list(actorIds).includes(actorId)) &&
    (eventTypes === undefined || eventTypes.includes(eventType)) &&
    (partition === undefined ||
      partition.indexes.includes(shardOf(actorId, partition.count)));
}

/** The same events by every way to read them. */
async function assertGives(
  store: EventStore,
  filter: EventFilter,
  expected: readonly Event[],
): Promise<void> {
  const what = JSON.stringify(filter);
  const caught = await collect(store.subscribe({ ...filter, live: false }));
  assertEquals(eventsOf(caught), expected, what);
  assertEquals(eventsOf(await collect(store.readAll(filter))), expected, what);
  const direction = "backward";
  const back = await collect(store.readAll({ ...filter, direction }));
  assertEquals(eventsOf(back), expected.toReversed(), what);
}

const ids = [
  ...["a", "b", "a.a", "a.b", "b.a", "b.b", "a.b.c", "a.", ".", "a..b"],
  ...["*", ">", "a.*", "a.>", "ü", "a b", "v1.0.", "$a"],
];

/** Registers the tests. */
export function filteringContract({ test, runs }: Contract): void {
  test("filters join their parts with and, whatever they are", async ({ store }) => {
    const events = ids.flatMap((actorId, i) =>
      upTo(3).map((version) =>
        makeEvent(actorId, version, { eventType: `T${(i + version) % 3}` })
      )
    );
    await store.saveEvents(events);
    const one = (...values: string[]) => fc.constantFrom(...values);
    const some = <T>(values: fc.Arbitrary<T>) =>
      fc.array(values, { minLength: 1, maxLength: 4 });
    const pattern = one(
      ...["a", ">", "*", "a.*", "*.b", "a.>", "*.*", "*.a", "b.b", "*.*.>"],
    );
    const count = fc.integer({ min: 1, max: 5 });
    const partition = count.chain((count) =>
      fc.record<Partition>({
        count: fc.constant(count),
        indexes: some(fc.integer({ min: 0, max: count - 1 })),
      })
    );
    const filters = fc.record<EventFilter>({
      actors: fc.oneof(pattern, some(pattern)),
      actorIds: fc.oneof(one(...ids), some(one(...ids, "nobody"))),
      eventTypes: some(one("T0", "T1", "T2", "T3")),
      partition,
    }, { requiredKeys: [] });
    await fc.assert(
      fc.asyncProperty(filters, async (filter) => {
        const expected = events.filter((event) => matches(filter, event));
        await assertGives(store, filter, expected);
      }),
      { numRuns: runs },
    );
  });

  test("actorIds are never patterns", async ({ store }) => {
    await store.saveEvents(ids.map((actorId) => makeEvent(actorId, 1)));
    const events = eventsOf(await collect(store.readAll()));
    for (const actorId of ids) {
      const expected = events.filter((event) => event.actorId === actorId);
      assertEquals(expected.length, 1);
      await assertGives(store, { actorIds: actorId }, expected);
    }
  });

  test("patterns that overlap give each event once, also live", async ({ store }) => {
    const actors = ["a.*", "*.b", "a.b", "*.*.>"];
    await using reader = new Reader(store.subscribe({ actors, after: "end" }));
    await reader.subscription.caughtUp;
    const events = ids.map((actorId) => makeEvent(actorId, 1));
    await store.saveEvents(events);
    const expected = events.filter((event) => matches({ actors }, event));
    assertEquals(eventsOf(await reader.take(expected.length)), expected);
    await assertGives(store, { actors }, expected);
  });

  test("partitions share all actors, none of them twice, also live", async ({ store }) => {
    const actorIds = upTo(60).map((i) => `order-${i}`);
    const shares = [[0, 3], [1], [2, 2]];
    const readers = shares.map((indexes) =>
      new Reader(
        store.subscribe({ partition: { count: 4, indexes }, after: "end" }),
      )
    );
    for (const { subscription } of readers) await subscription.caughtUp;
    const events = actorIds.flatMap((actorId) => [
      makeEvent(actorId, 1),
      makeEvent(actorId, 2),
    ]);
    await store.saveEvents(events);
    const seen: Event[] = [];
    for (const [i, reader] of readers.entries()) {
      await using _closing = reader;
      const partition = { count: 4, indexes: shares[i]! };
      const expected = events.filter((event) => matches({ partition }, event));
      assertEquals(expected.length > 0, true);
      assertEquals(eventsOf(await reader.take(expected.length)), expected);
      await assertGives(store, { partition }, expected);
      seen.push(...expected);
    }
    assertEquals(new Set(seen).size, events.length);
    assertEquals(seen.length, events.length);
  });

  test("filters name any number of actors", async ({ store }) => {
    const actorIds = upTo(300).map((i) => `room.${i}`);
    const events = actorIds.map((actorId) => makeEvent(actorId, 1));
    await store.saveEvents(events);
    await store.saveEvents([makeEvent("hall", 1), makeEvent("room", 1)]);
    const even = actorIds.filter((_, i) => i % 2 === 0);
    const expected = events.filter((_, i) => i % 2 === 0);
    await assertGives(store, { actorIds: even }, expected);
    await assertGives(store, { actors: even }, expected);
  });
}
