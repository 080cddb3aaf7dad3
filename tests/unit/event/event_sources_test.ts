import { assertEquals, assertThrows } from "@std/assert";
import { createEvent } from "../../../event/create_event.ts";
import type { EventStored } from "../../../store/event_stored.ts";
import { InMemoryEventStore } from "../../../store/memory/in_memory_event_store.ts";

const init = { eventType: "A", actorId: "a", version: 1, data: {} };

/** Gives times a second apart, and ids that count. */
function counting() {
  let [seconds, ids] = [0, 0];
  return {
    now: () => new Date(Date.UTC(2024, 0, 1) + seconds++ * 1000),
    newId: () => `id-${++ids}`,
  };
}

Deno.test("createEvent() takes time and id from where it is told", () => {
  const sources = counting();
  const first = createEvent(init, sources);
  assertEquals([first.id, first.timestamp], [
    "id-1",
    "2024-01-01T00:00:00.000Z",
  ]);
  const second = createEvent({ ...init, id: "own" }, sources);
  assertEquals([second.id, second.timestamp], [
    "own",
    "2024-01-01T00:00:01.000Z",
  ]);
  const timestamp = "2023-05-31T09:30:00+02:00";
  const third = createEvent({ ...init, timestamp }, sources);
  assertEquals([third.id, third.timestamp], ["id-2", timestamp]);
  const half = createEvent(init, { newId: sources.newId, now: undefined });
  assertEquals(half.id, "id-3");
});

Deno.test("createEvent() refuses sources that are none, or give what is none", () => {
  const wrong: unknown[] = [
    null,
    7,
    { now: new Date() },
    { newId: "id" },
    { now: () => "2024-01-01T00:00:00Z" },
    { now: () => new Date(NaN) },
    { now: () => undefined },
    { newId: () => 7 },
    { newIds: () => "id" },
  ];
  for (const options of wrong) {
    assertThrows(() => createEvent(init, options as never), TypeError);
  }
  assertThrows(() => createEvent(init, { newId: () => "" }), RangeError);
});

Deno.test("a store takes times and ids from where it is told", async () => {
  const told: EventStored[] = [];
  const publish = (_: string, event: EventStored) => {
    told.push(event);
    return Promise.resolve();
  };
  await using store = new InMemoryEventStore({
    ...counting(),
    bus: { publish },
  });
  const draft = { eventType: "A", data: {} };
  const { events } = await store.append("a", [draft, { ...draft, id: "own" }]);
  assertEquals(events.map(({ id, timestamp }) => [id, timestamp]), [
    ["id-1", "2024-01-01T00:00:00.000Z"],
    ["own", "2024-01-01T00:00:00.000Z"],
  ]);
  assertEquals(told.map(({ id, timestamp }) => [id, timestamp]), [
    ["id-2-0", "2024-01-01T00:00:01.000Z"],
    ["id-2-1", "2024-01-01T00:00:02.000Z"],
  ]);
  for (const bad of [{ now: 1 }, { newId: "id" }]) {
    assertThrows(() => new InMemoryEventStore(bad as never), TypeError);
  }
});
