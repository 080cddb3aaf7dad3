import {
  assert,
  assertEquals,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import {
  CheckpointError,
  DuplicateEventError,
  VersionConflictError,
} from "../../../../store/errors.ts";
import {
  InMemoryEventStore,
  type InMemoryEventStoreOptions,
} from "../../../../store/memory/in_memory_event_store.ts";
import { waitFor } from "../../../support/conditions.ts";
import {
  collect,
  makeEvent,
  makeEvents,
  Reader,
  reasonOf,
  upTo,
} from "../../../support/contract/helpers.ts";
import { testEventStoreContract } from "../../../support/event_store_contract.ts";

testEventStoreContract(Deno.test, "InMemoryEventStore", {
  open({ duplicateWindow } = {}) {
    const store = new InMemoryEventStore({ duplicateWindow });
    return Promise.resolve({
      store,
      [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
    });
  },
  runs: 300,
});

Deno.test("new InMemoryEventStore() refuses options when they are not valid", () => {
  for (const duplicateWindow of [0, -1, NaN, Infinity]) {
    assertThrows(() => new InMemoryEventStore({ duplicateWindow }), RangeError);
  }
  const wrong: unknown[] = [null, 1, { duplicateWindow: "30s" }];
  for (const options of wrong) {
    assertThrows(
      () => new InMemoryEventStore(options as InMemoryEventStoreOptions),
      TypeError,
    );
  }
});

Deno.test("saveEvent() numbers events 1, 2, 3 and stores them in the order of the calls", async () => {
  await using store = new InMemoryEventStore();
  const events = upTo(50).map((i) => makeEvent(`a.${i % 3}`, i));
  const results = await Promise.all(
    events.map((event) => store.saveEvent(event)),
  );
  assertEquals(results.map(({ sequence }) => sequence), upTo(50));
  const items = await collect(store.subscribe({ live: false }));
  assertEquals(items.map(({ event }) => event), events);
  assertEquals(items.map(({ sequence }) => sequence), upTo(50));
  const { sequence } = await store.saveEvents(makeEvents("b", 1, 2, 3));
  assertEquals(sequence, 53);
});

Deno.test("a save that fails takes no sequence", async () => {
  await using store = new InMemoryEventStore();
  await store.saveEvent(makeEvent("a", 5));
  await reasonOf(() => store.saveEvent(makeEvent("a", 5)));
  await reasonOf(() =>
    store.saveEvents([makeEvent("b", 1), makeEvent("a", 4)])
  );
  await reasonOf(() => store.saveEvent(makeEvent("a", 0)));
  assertEquals((await store.saveEvent(makeEvent("a", 6))).sequence, 2);
});

Deno.test("saveEvent() says where an id is stored when it is taken", async () => {
  await using store = new InMemoryEventStore();
  await store.saveEvent(makeEvent("x", 1));
  const event = makeEvent("a", 3);
  await store.saveEvent(event);
  const other = { ...event, actorId: "b" };
  const error = await assertRejects(
    () => store.saveEvent(other),
    DuplicateEventError,
  );
  assertEquals(
    [error.eventId, error.actorId, error.storedVersion, error.storedSequence],
    [event.id, "b", 3, 2],
  );
  assertEquals(
    error.message,
    `Cannot save event: id "${event.id}" is taken by version 3 of actor "a", which is not the same event`,
  );
});

Deno.test("an id can be used for another event long after the duplicate window", async () => {
  const duplicateWindow = 5;
  await using store = new InMemoryEventStore({ duplicateWindow });
  const event = makeEvent("a", 1);
  await store.saveEvent(event);
  const other = { ...event, actorId: "b" };
  await assertRejects(() => store.saveEvent(other), DuplicateEventError);
  // The store looks at the clock when it saves.
  let version = 0;
  const forgotten = async () => {
    const batch = upTo(100).map(() => makeEvent("filler", ++version));
    await store.saveEvents(batch);
    const error = await store.saveEvent(other).catch((error) => error);
    return !(error instanceof Error);
  };
  await waitFor(forgotten, { interval: duplicateWindow });
  assertEquals((await store.getEvents("b")).length, 1);
  // The events themselves are known for ever.
  assertEquals((await store.saveEvent(event)).duplicate, true);
});

Deno.test("every read hands out the same frozen events", async () => {
  await using store = new InMemoryEventStore();
  const event = makeEvent("a", 1, {
    data: { list: [{ deep: 1 }] },
    metadata: { traceId: "t" },
  });
  await store.saveEvent(event);
  const [read] = await store.getEvents("a");
  const [streamed] = await collect(store.readEvents("a"));
  const [item] = await collect(store.subscribe({ live: false }));
  assertStrictEquals(streamed, read);
  assertStrictEquals(item!.event, read);
  const list = read!.data.list as { deep: number }[];
  for (const part of [read, read!.data, read!.metadata, list, list[0]]) {
    assertEquals(Object.isFrozen(part), true);
  }
});

Deno.test("snapshots are handed out frozen", async () => {
  await using store = new InMemoryEventStore();
  await store.saveEvent(makeEvent("a", 1));
  const timestamp = "2024-01-01T00:00:00Z";
  await store.saveSnapshot({
    actorId: "a",
    version: 1,
    state: { list: [1] },
    timestamp,
  });
  const found = await store.getLatestSnapshot("a");
  const state = found!.state as { list: number[] };
  for (const part of [found, state, state.list]) {
    assertEquals(Object.isFrozen(part), true);
  }
});

Deno.test("readEvents() reads what is stored when the iteration begins", async () => {
  await using store = new InMemoryEventStore();
  await store.saveEvents(makeEvents("a", 1, 2));
  const seen: number[] = [];
  for await (const { version } of store.readEvents("a")) {
    seen.push(version);
    await store.saveEvent(makeEvent("a", version + 10));
  }
  assertEquals(seen, [1, 2]);
  assertEquals(await store.getLatestVersion("a"), 12);
});

Deno.test("saveEvents() shows a subscriber all of a batch or nothing", async () => {
  await using store = new InMemoryEventStore();
  await using subscription = store.subscribe();
  const iterator = subscription[Symbol.asyncIterator]();
  const sizes: number[] = [];
  const reading = (async () => {
    for (let i = 0; i < 4; i++) {
      await iterator.next();
      sizes.push((await store.getEvents("a")).length);
    }
  })();
  await store.saveEvents([...makeEvents("a", 1, 2), ...makeEvents("b", 1, 2)]);
  await reading;
  assertEquals(sizes, [2, 2, 2, 2]);
});

Deno.test("subscribe() takes its place in the stream at the call", async () => {
  await using store = new InMemoryEventStore();
  await store.saveEvents(makeEvents("a", 1, 2));
  const subscription = store.subscribe({ after: "end" });
  const bounded = store.subscribe({ live: false });
  const before = subscription.checkpoint;
  const saving = store.saveEvents(makeEvents("a", 3, 4));
  await using reader = new Reader(subscription);
  assertEquals((await reader.next()).event.version, 3);
  await saving;
  assertEquals((await collect(bounded)).length, 2);
  assertEquals(bounded.checkpoint, before);
});

Deno.test("iterating fails when the checkpoint lies beyond the end", async () => {
  await using store = new InMemoryEventStore();
  await store.saveEvents(makeEvents("a", 1, 2));
  const { checkpoint } = store.subscribe({ after: "end" });
  const beyond = checkpoint!.replace("2", "3");
  for (const live of [true, false]) {
    const subscription = store.subscribe({ after: beyond, live });
    const error = await assertRejects(
      () => collect(subscription),
      CheckpointError,
    );
    assertEquals([error.code, error.checkpoint], ["beyond-end", beyond]);
  }
  // Once the stream is that long it is one like any other.
  await store.saveEvents(makeEvents("a", 3, 4));
  const options = { after: beyond, live: false };
  const [item] = await collect(store.subscribe(options));
  assertEquals(item!.sequence, 4);
});

Deno.test("checkpoint moves past what the filter leaves out, also when nobody reads", async () => {
  await using store = new InMemoryEventStore();
  await using subscription = store.subscribe({ actors: "a" });
  await using everything = store.subscribe({ after: "end" });
  await store.saveEvents(makeEvents("b", 1, 2));
  const passed = subscription.checkpoint;
  assert(passed !== everything.checkpoint);
  await store.saveEvents(makeEvents("a", 1));
  assertEquals(subscription.checkpoint, passed);
});

Deno.test("many subscriptions wait, and one event wakes them all", async () => {
  await using store = new InMemoryEventStore();
  const readers = upTo(1000).map((i) =>
    new Reader(store.subscribe({ actors: i % 2 ? "a" : ">" }))
  );
  const waiting = readers.map((reader) => reader.next());
  await store.saveEvents(makeEvents("b", 1, 2));
  await store.saveEvent(makeEvent("a", 1));
  for (const [i, next] of waiting.entries()) {
    const { event } = await next;
    assertEquals(event.actorId, (i + 1) % 2 ? "a" : "b");
  }
  for (const reader of readers) await reader[Symbol.asyncDispose]();
});

Deno.test("VersionConflictError names actor and versions", async () => {
  await using store = new InMemoryEventStore();
  await store.saveEvent(makeEvent("a", 5));
  const error = await assertRejects(
    () => store.saveEvent(makeEvent("a", 3)),
    VersionConflictError,
  );
  assert(error.message.includes('version 3 of actor "a"'), error.message);
});
