/**
 * What is handed in and out belongs to who holds it.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import type { Event } from "../../../event/event.ts";
import type { Contract } from "./fixture.ts";
import { collect, makeEvent, makeEvents, makeFickle } from "./helpers.ts";

/** Does what it can to change an object; a frozen one withstands. */
function vandalize(value: unknown): void {
  if (typeof value !== "object" || value === null) return;
  for (const key of Object.keys(value)) {
    vandalize(Reflect.get(value, key));
    Reflect.set(value, key, "vandalized");
    Reflect.deleteProperty(value, key);
  }
  Reflect.set(value, "vandal", true);
  Reflect.set(value, "length", 0);
}

function deepFreeze<T>(value: T): T {
  if (typeof value === "object" && value !== null) {
    Object.values(value).forEach(deepFreeze);
    Object.freeze(value);
  }
  return value;
}

const rich = (version: number): Event =>
  makeEvent("a", version, {
    commandId: "c",
    data: { list: [{ deep: { er: 1 } }], text: "t" },
    metadata: { traceId: "t" },
  });

/** Registers the tests. */
export function ownershipContract({ test }: Contract): void {
  test("saveEvent() keeps the event as it was at the call", async ({ store }) => {
    const events = [rich(1), rich(2), rich(3)];
    const before = structuredClone(events);
    const [one, ...more] = events;
    const first = store.saveEvent(one!);
    vandalize(one);
    await first;
    const second = store.saveEvents(more);
    vandalize(more[0]);
    more.length = 0;
    await second;
    vandalize(events);
    assertEquals(await store.getEvents("a"), before);
  });

  test("an event is what it was when it was read first", async ({ store }) => {
    const events = makeEvents("a", 1, 2, 3);
    const [one, two, three] = events.map(makeFickle);
    const saved = await store.saveEvent(one!);
    assertEquals([saved.version, saved.duplicate], [1, false]);
    const { versions } = await store.saveEvents([two!, three!]);
    assertEquals(versions, new Map([["a", 3]]));
    assertEquals(await store.getEvents("a"), events);
    const all = await collect(store.subscribe({ live: false }));
    assertEquals(all.map(({ event }) => event), events);
    assertEquals((await store.saveEvents(events)).duplicate, true);
  });

  test("every read gives what nobody else can change", async ({ store }) => {
    const events = [rich(1), rich(2)];
    const before = structuredClone(events);
    await store.saveEvents(events);
    const reads: (() => Promise<Event[]>)[] = [
      () => store.getEvents("a"),
      async () => (await store.getEventsWithErrors("a")).events,
      () => collect(store.readEvents("a")),
      async () =>
        (await collect(store.subscribe({ live: false })))
          .map(({ event }) => event),
    ];
    for (const read of reads) {
      const events = await read();
      assertEquals(events, before);
      events.forEach(vandalize);
      events.reverse();
      events.push(rich(9));
      events.length = 1;
      for (const again of reads) assertEquals(await again(), before);
    }
    assertEquals((await store.saveEvents(before)).duplicate, true);
  });

  test("saveEvents() gives a result that is the caller's own", async ({ store }) => {
    const events = makeEvents("a", 1, 2);
    const first = await store.saveEvents(events);
    (first.versions as Map<string, number>).set("a", 9);
    const again = await store.saveEvents(events);
    assertEquals(again.versions, new Map([["a", 2]]));
    assertEquals(await store.getLatestVersion("a"), 2);
  });

  test("no method writes to its arguments", async ({ store }) => {
    const { signal } = new AbortController();
    const event = deepFreeze(rich(1));
    const batch = deepFreeze([rich(2), rich(3)]);
    const expectedVersions = new Map([["a", 1]]);
    await store.saveEvent(event, deepFreeze({ expectedVersion: 0 }));
    await store.saveEvents(
      batch,
      Object.freeze({ expectedVersions, signal }),
    );
    assertEquals(expectedVersions, new Map([["a", 1]]));
    const read = Object.freeze({ consistency: "strong", signal } as const);
    await store.getEvents("a", read);
    await store.getEventsWithErrors("a", read);
    await store.getLatestVersion("a", read);
    await collect(store.readEvents("a", Object.freeze({ limit: 1, signal })));
    const snapshot = { actorId: "a", version: 1, state: { a: [1] } };
    await store.saveSnapshot(
      deepFreeze({ ...snapshot, timestamp: "2024-01-01T00:00:00Z" }),
      Object.freeze({ signal }),
    );
    await store.getLatestSnapshot("a", read);
    const eventTypes = ["Happened"];
    const options = deepFreeze({ live: false, actors: ["a"], eventTypes });
    assertEquals((await collect(store.subscribe(options))).length, 3);
  });

  test("subscribe() reads its options at the call", async ({ store }) => {
    await store.saveEvents([...makeEvents("a", 1), ...makeEvents("b", 1)]);
    const actors = ["a"];
    const eventTypes = ["Happened"];
    const options = { live: false, actors, eventTypes };
    const subscription = store.subscribe(options);
    actors[0] = "b";
    eventTypes.length = 0;
    options.live = true;
    const items = await collect(subscription);
    assertEquals(items.map(({ event }) => event.actorId), ["a"]);
  });
}
