import { assertEquals, assertRejects } from "@std/assert";
import type { Event } from "../../../event/event.ts";
import {
  DuplicateEventError,
  type EventStore,
  InMemoryEventStore,
  type SaveOptions,
  VersionConflictError,
} from "../../../store/mod.ts";
import {
  assertErrorIs,
  makeEvent,
  makeEvents,
  reasonOf,
  upTo,
} from "../../support/contract/helpers.ts";

/** Rejects with the message and stores nothing. */
async function assertMessage(
  save: (store: EventStore) => Promise<unknown>,
  message: string,
): Promise<void> {
  await using store = new InMemoryEventStore();
  const error = await assertRejects(() => save(store), Error);
  assertEquals(error.message, message);
  assertEquals(await store.getLatestVersion("a"), 0);
}

Deno.test("saveEvent() says action, bound and value when an option is bad", async () => {
  const cases: [unknown, string][] = [
    [
      { expectedVersion: -1 },
      "expectedVersion must be a safe integer of at least 0, got -1",
    ],
    [
      { expectedVersion: "1" },
      'expectedVersion must be a number or "any", got "1"',
    ],
    [{ signal: {} }, "signal must be an AbortSignal, got an object"],
    [null, "options must be an object, got null"],
  ];
  for (const [options, message] of cases) {
    await assertMessage(
      (store) => store.saveEvent(makeEvent("a", 1), options as SaveOptions),
      `Cannot save event: ${message}`,
    );
  }
});

Deno.test("saveEvent() refuses the expectations of several actors", async () => {
  await assertMessage(
    (store) =>
      store.saveEvent(
        makeEvent("a", 1),
        { expectedVersions: new Map([["a", 0]]) } as unknown as SaveOptions,
      ),
    'Cannot save event: there is no option "expectedVersions"; did you mean expectedVersion?',
  );
});

Deno.test("saveEvents() takes expectedVersion for the events of one actor", async () => {
  await using store = new InMemoryEventStore();
  await store.saveEvents(makeEvents("a", 1, 2), { expectedVersion: 0 });
  await store.saveEvents(makeEvents("b", 1), { expectedVersion: "any" });
  await assertRejects(
    () => store.saveEvents(makeEvents("a", 3), { expectedVersion: 1 }),
    VersionConflictError,
  );
  const cases: [Event[], string][] = [
    [
      [],
      "expectedVersion is of one actor, and the call has events of 0; there is nothing to save",
    ],
    [
      [...makeEvents("a", 1), ...makeEvents("b", 1)],
      "expectedVersion is of one actor, and the call has events of 2; use expectedVersions, a Map of versions by actor id",
    ],
  ];
  for (const [events, message] of cases) {
    await assertMessage(
      (store) => store.saveEvents(events, { expectedVersion: 0 }),
      `Cannot save events: ${message}`,
    );
  }
});

Deno.test("saveEvents() takes one word for expectations or the other", async () => {
  await using store = new InMemoryEventStore();
  const both = { expectedVersion: 0, expectedVersions: new Map() };
  await assertRejects(
    () => store.saveEvents(makeEvents("a", 1), both),
    TypeError,
    "not both",
  );
});

Deno.test("saveEvent() reads each option once", async () => {
  await using store = new InMemoryEventStore();
  const reads: string[] = [];
  const { signal } = new AbortController();
  const options = new Proxy({ expectedVersion: 0, signal }, {
    get(target, key, receiver) {
      reads.push(String(key));
      return Reflect.get(target, key, receiver);
    },
  });
  await store.saveEvent(makeEvent("a", 1), options);
  assertEquals(reads.sort(), ["expectedVersion", "signal"]);
});

Deno.test("saveEvents() takes the expectations of any Map, as they are at the call", async () => {
  class Named extends Map<string, number> {}
  await using store = new InMemoryEventStore();
  const expectedVersions = new Named([["a", 0]]);
  const saving = store.saveEvents(makeEvents("a", 1), { expectedVersions });
  expectedVersions.set("a", 7).set("b", 7);
  await saving;
  assertEquals(await store.getLatestVersion("a"), 1);
});

Deno.test("saveEvents() says which event of how many is bad, a hole too", async () => {
  const bad = makeEvent("a", 0);
  const [one, two] = makeEvents("a", 1, 2);
  // deno-lint-ignore no-sparse-arrays
  const holed = [one!, , two!] as Event[];
  for (const events of [[one!, bad, two!], holed]) {
    await using store = new InMemoryEventStore();
    await assertRejects(
      () => store.saveEvents(events),
      Error,
      "Cannot save event 2 of 3: ",
    );
  }
});

Deno.test("saveEvents() refuses more than 1,000 events before it looks at one", async () => {
  const untouchable = Object.defineProperty({}, "id", {
    get: () => assertEquals("looked at", "left alone"),
  }) as Event;
  await assertMessage(
    (store) => store.saveEvents(upTo(1001).map(() => untouchable)),
    "Cannot save events: one call takes at most 1000 events, got 1001",
  );
});

Deno.test("saveEvents() tells a duplicate id before a version that does not rise", async () => {
  await using store = new InMemoryEventStore();
  const event = makeEvent("a", 2);
  assertErrorIs(
    await reasonOf(() => store.saveEvents([event, makeEvent("a", 1), event])),
    DuplicateEventError,
    { eventId: event.id, storedVersion: undefined, storedSequence: undefined },
  );
});

Deno.test("saveEvents() compares a version with the actor's one before in the call", async () => {
  await assertMessage(
    (store) =>
      store.saveEvents([
        ...makeEvents("a", 4, 6),
        makeEvent("b", 1),
        makeEvent("a", 5),
      ]),
    'Cannot save events: version 5 of actor "a" comes after version 6 in the call, and must be greater',
  );
});

Deno.test("saveEvents() refuses expectations of actors without events", async () => {
  await assertMessage(
    (store) =>
      store.saveEvents(makeEvents("a", 1), {
        expectedVersions: new Map([["b", 0]]),
      }),
    'Cannot save events: expectedVersions names actor "b", of which the call has no event',
  );
});

Deno.test("saveSnapshot() keeps a frozen copy of the snapshot", async () => {
  await using store = new InMemoryEventStore();
  await store.saveEvent(makeEvent("a", 1));
  const state = { list: [{ deep: 1 }], left: undefined };
  const timestamp = "2024-01-01T00:00:00Z";
  const snapshot = { actorId: "a", version: 1, state, timestamp };
  const saving = store.saveSnapshot(snapshot);
  state.list[0]!.deep = 2;
  await saving;
  const kept = (await store.getLatestSnapshot("a"))!;
  const list = [{ deep: 1 }];
  assertEquals<unknown>(kept, {
    actorId: "a",
    version: 1,
    state: { list },
    timestamp,
  });
  const inside = (kept.state as typeof state).list;
  for (const part of [kept, kept.state, inside, inside[0]]) {
    assertEquals(Object.isFrozen(part), true);
  }
});
