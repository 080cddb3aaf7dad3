/**
 * Subscriptions: every matching event once, in order.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import type { Event } from "../../../event/event.ts";
import type { EventFilter } from "../../../event/filters.ts";
import type { EventStore, StoredEvent } from "../../../store/event_store.ts";
import type { Contract } from "./fixture.ts";
import { collect, makeEvent, makeEvents, Reader, upTo } from "./helpers.ts";

const eventsOf = (items: readonly StoredEvent[]): Event[] =>
  items.map(({ event }) => event);

/** Rising sequences, and checkpoints that differ. */
function assertOrder(items: readonly StoredEvent[]): void {
  for (const [i, item] of items.entries()) {
    assert(Number.isSafeInteger(item.sequence) && item.sequence > 0);
    if (i > 0) assert(item.sequence > items[i - 1]!.sequence);
  }
  const checkpoints = new Set(items.map(({ checkpoint }) => checkpoint));
  assertEquals(checkpoints.size, items.length);
}

/** Saves 60 events of six actors and three types, in batches and one by one. */
async function saveMixture(store: EventStore): Promise<Event[]> {
  const actors = ["order.1", "order.2", "order.2.item", "user.1", "order", "x"];
  const types = ["Placed", "Shipped", "Paid out"];
  const events = upTo(60).map((i) =>
    makeEvent(actors[(i * 7) % 6]!, i, { eventType: types[(i * i) % 3]! })
  );
  for (let i = 0; i < events.length; i += 6) {
    await store.saveEvents(events.slice(i, i + 5));
    await store.saveEvent(events[i + 5]!);
  }
  return events;
}

const filters: readonly [EventFilter, (event: Event) => boolean][] = [
  [{}, () => true],
  [{ actors: ">" }, () => true],
  [{ actors: "*" }, ({ actorId }) => !actorId.includes(".")],
  [{ actors: "order.*" }, ({ actorId }) => /^order\.[^.]+$/.test(actorId)],
  [{ actors: "order.>" }, ({ actorId }) => actorId.startsWith("order.")],
  [{ actors: "*.1" }, ({ actorId }) => /^[^.]+\.1$/.test(actorId)],
  [{ actors: "order.2" }, ({ actorId }) => actorId === "order.2"],
  [{ actors: "nobody" }, () => false],
  [{ eventTypes: ["Shipped"] }, ({ eventType }) => eventType === "Shipped"],
  [
    { eventTypes: ["Paid out", "Placed", "Placed"] },
    ({ eventType }) => eventType !== "Shipped",
  ],
  [{ eventTypes: ["*", ">"] }, () => false],
  [
    { actors: "order.>", eventTypes: ["Placed"] },
    ({ actorId, eventType }) =>
      actorId.startsWith("order.") && eventType === "Placed",
  ],
];

/** Registers the tests. */
export function subscribingContract({ test, testTwo }: Contract): void {
  test("subscribe() gives every event in order when live is false", async ({ store }) => {
    const events = await saveMixture(store);
    const subscription = store.subscribe({ live: false });
    const items = await collect(subscription);
    assertEquals(eventsOf(items), events);
    assertOrder(items);
    await subscription.caughtUp;
    assertEquals(subscription.checkpoint, items.at(-1)!.checkpoint);
  });

  test("subscribe() ends at once when there is nothing and live is false", async ({ store }) => {
    for (const after of [undefined, "end"] as const) {
      const subscription = store.subscribe({ after, live: false });
      assertEquals(await collect(subscription), []);
      await subscription.caughtUp;
    }
    await store.saveEvent(makeEvent("a", 1));
    const options = { after: "end", live: false } as const;
    assertEquals(await collect(store.subscribe(options)), []);
    const none = { live: false, actors: "b" };
    assertEquals(await collect(store.subscribe(none)), []);
  });

  test("subscribe() gives what the filter says", async ({ store }) => {
    const events = await saveMixture(store);
    for (const [filter, matches] of filters) {
      const what = JSON.stringify(filter);
      const caught = await collect(store.subscribe({ ...filter, live: false }));
      assertEquals(eventsOf(caught), events.filter(matches), what);
      assertOrder(caught);
    }
  });

  test("subscribe() gives live events what the filter says", async ({ store }) => {
    const readers: Reader[] = [];
    for (const [filter] of filters) {
      const subscription = store.subscribe({ ...filter, after: "end" });
      await subscription.caughtUp;
      readers.push(new Reader(subscription));
    }
    const events = await saveMixture(store);
    for (const [i, [filter, matches]] of filters.entries()) {
      await using reader = readers[i]!;
      const expected = events.filter(matches);
      const items = await reader.take(expected.length);
      assertEquals(eventsOf(items), expected, JSON.stringify(filter));
    }
  });

  test("subscribe() takes patterns with odd tokens", async ({ store }) => {
    const actorIds = ["a b.c", "é.c", "a b.d", "\u{1F600}.=2E.c", "a=20b.c"];
    await store.saveEvents(actorIds.map((actorId) => makeEvent(actorId, 1)));
    const cases: [pattern: string, matched: string[]][] = [
      ["a b.*", ["a b.c", "a b.d"]],
      ["*.c", ["a b.c", "é.c", "a=20b.c"]],
      ["a=20b.c", ["a=20b.c"]],
      ["é.>", ["é.c"]],
      ["\u{1F600}.*.c", ["\u{1F600}.=2E.c"]],
    ];
    for (const [actors, matched] of cases) {
      const options = { live: false, actors };
      const items = await collect(store.subscribe(options));
      assertEquals(items.map(({ event }) => event.actorId), matched, actors);
    }
  });

  test("subscribe() goes on with live events when it has caught up", async ({ store }) => {
    const events = makeEvents("a", ...upTo(20));
    await store.saveEvents(events.slice(0, 10));
    await using reader = new Reader(store.subscribe());
    const items = await reader.take(10);
    for (const event of events.slice(10, 15)) {
      const next = reader.next();
      const { sequence } = await store.saveEvent(event);
      const item = await next;
      assertEquals(item.sequence, sequence);
      items.push(item);
    }
    await store.saveEvents(events.slice(15));
    items.push(...await reader.take(5));
    assertEquals(eventsOf(items), events);
    assertOrder(items);
  });

  test("subscribe() misses nothing when events are saved meanwhile", async ({ store }) => {
    const total = 300;
    const begun = makeEvents("a", ...upTo(50));
    await store.saveEvents(begun);
    const writing = (async () => {
      for (const event of makeEvents("a", ...upTo(total)).slice(50)) {
        await store.saveEvent(event);
      }
    })();
    const reads = upTo(3).map(async () => {
      await using reader = new Reader(store.subscribe());
      const items = await reader.take(total);
      assertOrder(items);
      return items.map(({ event }) => event.version);
    });
    for (const read of await Promise.all(reads)) {
      assertEquals(read, upTo(total));
    }
    await writing;
  });

  test('subscribe() begins with what is saved next when after is "end"', async ({ store }) => {
    await store.saveEvents(makeEvents("a", 1, 2, 3));
    const subscription = store.subscribe({ after: "end" });
    await subscription.caughtUp;
    assert(subscription.checkpoint !== undefined);
    const events = makeEvents("a", 4, 5);
    await store.saveEvents(events);
    await using reader = new Reader(subscription);
    assertEquals(eventsOf(await reader.take(2)), events);
  });

  test("caughtUp resolves at once when nothing waits to be read", async ({ store }) => {
    const empty = store.subscribe();
    await empty.caughtUp;
    await store.saveEvents(makeEvents("a", 1, 2, 3));
    const filtered = store.subscribe({ actors: "b" });
    await filtered.caughtUp;
    const ended = store.subscribe({ after: "end" });
    await ended.caughtUp;
    for (const each of [empty, filtered, ended]) {
      await each.close();
    }
  });

  test("caughtUp resolves when the last waiting event was taken", async ({ store }) => {
    await store.saveEvents(makeEvents("a", 1, 2, 3));
    // What the filter leaves out after the last one changes nothing.
    await store.saveEvents(makeEvents("b", 1, 2));
    const subscription = store.subscribe({ actors: "a" });
    await using reader = new Reader(subscription);
    let caughtUp = false;
    const catching = subscription.caughtUp.then(() => caughtUp = true);
    for (const version of [1, 2, 3]) {
      assertEquals(caughtUp, false);
      assertEquals((await reader.next()).event.version, version);
      // Saved after the start, so it is no part of catching up.
      await store.saveEvent(makeEvent("a", version + 3));
    }
    await catching;
    assertEquals(caughtUp, true);
    await reader.take(3);
  });

  test("subscribe() never ends inside a batch when live is false", async ({ store }) => {
    const size = 5;
    let over = false;
    const writing = (async () => {
      for (const batch of upTo(60)) {
        const first = (batch - 1) * size;
        const versions = upTo(size).map((i) => first + i);
        await store.saveEvents(makeEvents("a", ...versions));
      }
    })().finally(() => over = true);
    let last = 0;
    while (!over) {
      const items = await collect(store.subscribe({ live: false }));
      assertEquals(items.length % size, 0);
      assert(items.length >= last);
      last = items.length;
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    await writing;
    assertEquals((await collect(store.subscribe({ live: false }))).length, 300);
  });

  testTwo(
    "subscribe() gives what another instance saves",
    async (store, other) => {
      await using reader = new Reader(store.subscribe());
      const events = [...makeEvents("a", 1, 2), ...makeEvents("b", 1)];
      await other.saveEvents(events);
      assertEquals(eventsOf(await reader.take(3)), events);
      const next = makeEvent("a", 3);
      const waiting = reader.next();
      await other.saveEvent(next);
      assertEquals((await waiting).event, next);
    },
  );
}
