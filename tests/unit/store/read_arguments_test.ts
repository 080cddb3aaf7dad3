import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  InMemoryEventStore,
  type ReadAllOptions,
  type ReadEventsOptions,
  type ReadOptions,
} from "../../../store/mod.ts";
import { collect, makeEvents } from "../../support/contract/helpers.ts";

const MAX = Number.MAX_SAFE_INTEGER;
const { signal } = new AbortController();

/** A store with two events of one actor. */
async function openFilled(): Promise<InMemoryEventStore> {
  const store = new InMemoryEventStore();
  await store.saveEvents(makeEvents("a", 1, 2));
  return store;
}

Deno.test("readEvents() takes bounds up to their limits, in frozen options", async () => {
  await using store = await openFilled();
  const crossed = Object.freeze({
    fromVersion: MAX,
    toVersion: 0,
    limit: 1,
    direction: "backward",
    consistency: "eventual",
    onReplayError: () => "fail" as const,
    signal,
  });
  assertEquals(await collect(store.readEvents("a", crossed)), []);
  const all = { fromVersion: 0, toVersion: MAX, limit: MAX };
  assertEquals((await collect(store.readEvents("a", all))).length, 2);
});

Deno.test("readEvents() says action, bound and value when one is bad", () => {
  const store = new InMemoryEventStore();
  const cases: [unknown, string][] = [
    [{ limit: 0 }, "limit must be a safe integer of at least 1, got 0"],
    [{ limit: NaN }, "limit must be a safe integer of at least 1, got NaN"],
    [{ limit: "5" }, 'limit must be a number, got "5"'],
    [
      { fromVersion: 1.5 },
      "fromVersion must be a safe integer of at least 0, got 1.5",
    ],
    [
      { toVersion: 2 ** 53 },
      "toVersion must be a safe integer of at least 0, got 9007199254740992",
    ],
    [
      { direction: "up" },
      'direction must be "forward" or "backward", got "up"',
    ],
    [
      { consistency: 1 },
      'consistency must be "strong" or "eventual", got 1',
    ],
  ];
  for (const [options, message] of cases) {
    const error = assertThrows(
      () => store.readEvents("a", options as ReadEventsOptions),
      Error,
    );
    assertEquals(error.message, `Cannot read events: ${message}`);
  }
});

Deno.test("getLatestSnapshot() says which action failed", async () => {
  const store = new InMemoryEventStore();
  const error = await assertRejects(
    () => store.getLatestSnapshot("a", { signal: 1 } as unknown as ReadOptions),
    TypeError,
  );
  assertEquals(
    error.message,
    "Cannot get latest snapshot: signal must be an AbortSignal, got 1",
  );
});

Deno.test("subscribe() begins at the start when after is null", async () => {
  await using store = await openFilled();
  const options = { after: null, actors: ">", live: false };
  assertEquals((await collect(store.subscribe(options))).length, 2);
});

Deno.test("subscribe() keeps to its options as they were at the call", async () => {
  await using store = await openFilled();
  const eventTypes = ["Other"];
  const none = store.subscribe({ eventTypes, live: false });
  eventTypes.push("Happened");
  const after = new Date(7);
  const all = store.subscribe({ after, live: false });
  after.setTime(Date.now() + 3_600_000);
  assertEquals((await collect(none)).length, 0);
  assertEquals((await collect(all)).length, 2);
});

Deno.test("readAll() says action, bound and value when one is bad", () => {
  const store = new InMemoryEventStore();
  const cases: [unknown, string][] = [
    [{ after: 1 }, "after must be a checkpoint or a Date, got 1"],
    [{ after: new Date(NaN) }, "after is an invalid Date"],
    [{ limit: 0 }, "limit must be a safe integer of at least 1, got 0"],
    [{ storedAt: 1 }, "storedAt must be a boolean, got 1"],
    [{ live: true }, 'there is no option "live"; there are '],
  ];
  for (const [options, message] of cases) {
    assertThrows(
      () => store.readAll(options as ReadAllOptions),
      Error,
      `Cannot read all events: ${message}`,
    );
  }
});
