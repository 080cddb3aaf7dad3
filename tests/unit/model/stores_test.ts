import { assert, assertEquals, assertRejects } from "@std/assert";
import { createEvent, InMemoryEventStore } from "../../../mod.ts";
import { checkStore, discoverModel, toProcessMap } from "../../../model/mod.ts";
import { bank } from "./_bank.ts";

/** A store with these events, `actor type`, in this order. */
async function storeOf(...events: string[]): Promise<InMemoryEventStore> {
  const store = new InMemoryEventStore();
  const versions = new Map<string, number>();
  for (const text of events) {
    const [actorId, eventType] = text.split(" ") as [string, string];
    const version = (versions.get(actorId) ?? 0) + 1;
    versions.set(actorId, version);
    await store.saveEvent(
      createEvent({ actorId, eventType, version, data: { version } }),
    );
  }
  return store;
}

Deno.test("checkStore() counts what the model does not know", async () => {
  await using store = await storeOf(
    "account-1 Opened",
    "account-1 Closed",
    "review.1 ReviewBegun",
    "account-2 Closed",
    "review.1 Opened",
    "stranger Opened",
  );
  const report = await checkStore(bank, store);
  assertEquals(report, {
    events: 6,
    unknownEventTypes: [
      {
        eventType: "Closed",
        kind: "account",
        count: 2,
        firstSequence: 2,
        lastSequence: 4,
      },
      {
        eventType: "Opened",
        kind: "review",
        count: 1,
        firstSequence: 5,
        lastSequence: 5,
      },
      {
        eventType: "Opened",
        kind: undefined,
        count: 1,
        firstSequence: 6,
        lastSequence: 6,
      },
    ],
    unknownActorIds: ["stranger"],
    eventsOfUnknownActors: 1,
    unusedEventTypes: ["account.Deposited", "account.Frozen"],
  });
});

Deno.test("checkStore() takes kinds from a function, and a limit", async () => {
  await using store = await storeOf("1 Opened", "2 Deposited", "3 Closed");
  const { events, unknownEventTypes } = await checkStore(bank, store, {
    actorKind: () => "account",
    limit: 2,
  });
  assertEquals([events, unknownEventTypes], [2, []]);
});

Deno.test("checkStore() tells its progress and can be aborted", async () => {
  await using store = new InMemoryEventStore();
  await store.saveEvents(
    Array.from({ length: 1_000 }, (_, i) =>
      createEvent({
        actorId: "account-1",
        eventType: "Deposited",
        version: i + 1,
        data: {},
      })),
  );
  const seen: unknown[] = [];
  await checkStore(bank, store, { onProgress: (each) => seen.push(each) });
  assertEquals(seen, [{ events: 1_000, sequence: 1_000 }]);
  const reason = new Error("enough");
  const error = await assertRejects(() =>
    checkStore(bank, store, { signal: AbortSignal.abort(reason) })
  );
  assertEquals(error, reason);
  await assertRejects(
    () => checkStore(bank, store, { limit: 0 }),
    RangeError,
    "Cannot check store: limit must be",
  );
  await assertRejects(
    () => checkStore(bank, store, { limits: 1 } as object),
    TypeError,
    "did you mean limit?",
  );
});

Deno.test("discoverModel() finds kinds, event types and what follows what", async () => {
  await using store = await storeOf(
    "order-1 Placed",
    "order-2 Placed",
    "cart.1 Filled",
    "order-1 Shipped",
    "order-2 Placed",
  );
  const { model, kinds, events } = await discoverModel(store);
  assertEquals(events, 5);
  assertEquals(model, {
    name: "discovered",
    actors: {
      order: {
        commands: {},
        events: {
          Placed: { data: { version: "number" } },
          Shipped: { data: { version: "number" } },
        },
      },
      cart: {
        commands: {},
        events: { Filled: { data: { version: "number" } } },
      },
    },
  });
  assertEquals(kinds.order, {
    actors: 2,
    eventTypes: { Placed: 3, Shipped: 1 },
    follows: [
      { from: undefined, to: "Placed", count: 2 },
      { from: "Placed", to: "Shipped", count: 1 },
      { from: "Placed", to: "Placed", count: 1 },
      { from: "Shipped", to: undefined, count: 1 },
      { from: "Placed", to: undefined, count: 1 },
    ],
  });
  const map = toProcessMap({ model, kinds, events });
  assert(map.includes('"Placed (3)"') && map.includes('|"2"|'), map);
  const often = toProcessMap({ model, kinds, events }, { minCount: 2 });
  assert(!often.includes("Shipped"), often);
});

Deno.test("discoverModel() describes the shape of data", async () => {
  await using store = new InMemoryEventStore();
  const samples = [
    { total: 1, customer: { name: "Jane", age: null }, tags: [] },
    { total: 2, customer: { name: "John", age: 7 }, note: "fast" },
  ];
  for (const [i, data] of samples.entries()) {
    await store.saveEvent(createEvent({
      actorId: "order-1",
      eventType: "Placed",
      version: i + 1,
      data,
    }));
  }
  const { model } = await discoverModel(store, { name: "shop" });
  assertEquals(model.name, "shop");
  assertEquals(model.actors.order?.events.Placed?.data, {
    "total": "number",
    "customer.name": "string",
    "customer.age": "null or number",
    "tags": "array, in 1 of 2",
    "note": "string, in 1 of 2",
  });
});

Deno.test("discoverModel() takes kinds from a function", async () => {
  await using store = await storeOf("1 A", "2 B", "x C");
  const { kinds, events } = await discoverModel(store, {
    actorKind: (id) => /\d/.test(id) ? "number" : undefined,
  });
  assertEquals([events, Object.keys(kinds)], [3, ["number"]]);
});

Deno.test("discoverModel() finds nothing in an empty store", async () => {
  await using store = new InMemoryEventStore();
  const found = await discoverModel(store);
  assertEquals(found, {
    events: 0,
    model: { name: "discovered", actors: {} },
    kinds: {},
  });
  assertEquals(toProcessMap(found), "flowchart LR");
});
