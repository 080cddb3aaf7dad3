/**
 * What the compiler knows of events. The functions below are checked, and
 * never run.
 */

import { assertEquals } from "@std/assert";
import type {
  EventStore,
  EventSubscription,
  ReplayResult,
  StoredEvent,
} from "../../../store/event_store.ts";
import type {
  AnyEvent,
  DeepReadonly,
  Event,
  EventOfType,
} from "../../../event/event.ts";
import {
  causedBy,
  withMetadata,
  withMetadataFrom,
} from "../../../event/metadata.ts";
import { createEvent } from "../../../event/create_event.ts";
import type {
  EventBroadcaster,
  Subscription,
} from "../../../bus/event_broadcaster.ts";
import { sealEvent } from "../../../event/event_codec.ts";

/** True only if both are the same type: unlike with `extends`, any is not. */
type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends
  (<T>() => T extends B ? 1 : 2) ? true : false;

/** Compiles only for true. */
function expectType<_ extends true>(): void {}

// Interfaces have no index signature, and are what users write.
interface Item {
  sku: string;
  quantity: number;
}
interface Placed {
  customer: string;
  items: Item[];
  payment: "card" | "invoice";
  note?: string;
}
interface Shipped {
  tracking: string;
}
type Cancelled = Record<string, never>;

type OrderPlaced = Event<"OrderPlaced", Placed>;
type OrderShipped = Event<"OrderShipped", Shipped>;
type OrderCancelled = Event<"OrderCancelled", Cancelled>;
type OrderEvent = OrderPlaced | OrderShipped | OrderCancelled;

const placed: OrderPlaced = createEvent({
  eventType: "OrderPlaced",
  actorId: "order-1",
  version: 1,
  data: { customer: "jane", items: [], payment: "card" },
});

/** What is decided of an order, before it is an event of one. */
type Decided = OrderEvent extends infer E
  ? E extends OrderEvent ? Pick<E, "eventType" | "data"> : never
  : never;

function createsEventsOfAUnion(decided: Decided, source: OrderEvent): void {
  const at = { actorId: "order-1", version: 1 };
  const event = createEvent<OrderEvent>({ ...decided, ...at });
  expectType<Equal<typeof event, OrderEvent>>();

  const pair = createEvent<
    Event<"A", { n: 1 }> | Event<"Paired", { pair: [number, "a" | "b"] }>
  >({ ...at, eventType: "Paired", data: { pair: [1, "a"] } });
  expectType<
    Equal<
      typeof pair.data,
      DeepReadonly<{ n: 1 }> | DeepReadonly<{ pair: [number, "a" | "b"] }>
    >
  >();

  // What is inferred keeps the literal type of `eventType` on the way.
  const caused = causedBy(
    createEvent({ ...at, eventType: "OrderShipped", data: { tracking: "" } }),
    source,
  );
  expectType<
    Equal<typeof caused, Event<"OrderShipped", { tracking: string }>>
  >();
  const traced: OrderEvent = withMetadata(caused, { userId: "jane" });
  void traced;

  createEvent<OrderEvent>({
    ...at,
    eventType: "OrderShipped",
    // @ts-expect-error: a misspelt property
    data: { trakking: "" },
  });
  // @ts-expect-error: the data of another type
  createEvent<OrderEvent>({
    ...at,
    eventType: "OrderShipped",
    data: placed.data,
  });
  // @ts-expect-error: no type of the union
  createEvent<OrderEvent>({ ...at, eventType: "OrderLost", data: {} });
}

function narrows(event: OrderEvent): string {
  switch (event.eventType) {
    case "OrderPlaced":
      expectType<Equal<typeof event, OrderPlaced>>();
      expectType<
        Equal<typeof event.data.items, readonly DeepReadonly<Item>[]>
      >();
      return event.data.customer;
    case "OrderShipped":
      expectType<Equal<typeof event, OrderShipped>>();
      // @ts-expect-error: shipped orders have no customer
      event.data.customer;
      return event.data.tracking;
    case "OrderCancelled":
      return "";
    default:
      expectType<Equal<typeof event, never>>();
      return event;
  }
}

function missesACase(event: OrderEvent): string {
  switch (event.eventType) {
    case "OrderPlaced":
    case "OrderShipped":
      return "";
    default: {
      // @ts-expect-error: OrderCancelled is left
      const nothing: never = event;
      return nothing;
    }
  }
}

function narrowsByIf(events: OrderEvent[]): void {
  const found = events.find((event) => event.eventType === "OrderPlaced");
  expectType<Equal<typeof found, OrderPlaced | undefined>>();
  // @ts-expect-error: no event of the union is called that
  events.find((event) => event.eventType === "OrderLost");
}

function infers(): void {
  const event = createEvent({
    eventType: "OrderPlaced",
    actorId: "order-1",
    version: 1,
    data: { total: 99.99, items: [{ sku: "A" }] },
  });
  expectType<
    Equal<
      typeof event,
      Event<"OrderPlaced", { total: number; items: { sku: string }[] }>
    >
  >();
  const data: Placed = { customer: "jane", items: [], payment: "card" };
  const declared = createEvent({
    eventType: "OrderPlaced",
    actorId: "order-1",
    version: 1,
    data,
  });
  expectType<Equal<typeof declared, OrderPlaced>>();
  // What is undefined adds nothing, and needs no condition to leave it out.
  const userId: string | undefined = Math.random() < 0.5 ? "jane" : undefined;
  const { data: kept } = createEvent({
    eventType: "OrderPlaced",
    actorId: "a",
    version: 1,
    data,
    metadata: { userId },
  });
  expectType<Equal<typeof kept, DeepReadonly<Placed>>>();
  withMetadata(declared, { userId });
  const eventType: string = "Order" + "Placed";
  const wide = createEvent({ eventType, actorId: "a", version: 1, data: {} });
  expectType<Equal<typeof wide, Event<string, Record<never, never>>>>();
  const narrow: Event = wide;
  const any: AnyEvent = event;
  void [narrow, any];
}

function infersFromWhereItGoes(store: EventStore<OrderEvent>): OrderEvent {
  const init = { actorId: "order-1", version: 1 };
  // The literal "card" stays one, for the union asks for it.
  const data = { customer: "jane", items: [], payment: "card" } as const;
  store.saveEvent(createEvent({
    ...init,
    eventType: "OrderPlaced",
    data: { customer: "jane", items: [], payment: "card" },
  }));
  store.saveEvents([
    createEvent({ ...init, eventType: "OrderShipped", data: { tracking: "" } }),
    createEvent({ ...init, eventType: "OrderCancelled", data: {} }),
  ]);
  // What is read may be saved again, readonly as it is.
  store.saveEvent(createEvent({ ...init, eventType: "OrderPlaced", data }));
  return createEvent({
    ...init,
    eventType: "OrderShipped",
    data: { tracking: "FS123456" },
  });
}

function refusesOtherInits(): void {
  const init = { eventType: "A", actorId: "a", version: 1, data: {} };
  // @ts-expect-error: data is missing
  createEvent({ eventType: "A", actorId: "a", version: 1 });
  // @ts-expect-error: data is no object
  createEvent({ ...init, data: "x" });
  // @ts-expect-error: data is null
  createEvent({ ...init, data: null });
  // @ts-expect-error: versions are numbers
  createEvent({ ...init, version: "1" });
  // @ts-expect-error: timestamps are strings
  createEvent({ ...init, timestamp: new Date() });
  // @ts-expect-error: metadata is of strings
  createEvent({ ...init, metadata: { a: 1 } });
  // @ts-expect-error: no such field
  createEvent({ ...init, metdata: {} });
}

function refusesChanges(event: OrderPlaced): void {
  // @ts-expect-error: events are immutable
  event.version = 2;
  // @ts-expect-error: events are immutable
  event.data = placed.data;
  // @ts-expect-error: and so is all that is in them
  event.data.customer = "john";
  // @ts-expect-error: however deep it lies
  event.data.items[0]!.quantity = 2;
  // @ts-expect-error: arrays too
  event.data.items.push({ sku: "A", quantity: 1 });
  const { metadata = {} } = withMetadata(event, {});
  // @ts-expect-error: metadata is immutable
  metadata.userId = "jane";
}

function keepsTypes(event: OrderPlaced, any: OrderEvent): void {
  expectType<Equal<ReturnType<typeof sealOne>, OrderPlaced>>();
  const added = withMetadata(event, { userId: "jane" });
  expectType<Equal<typeof added, OrderPlaced>>();
  const copied = withMetadataFrom(any, event);
  expectType<Equal<typeof copied, OrderEvent>>();
  const caused = causedBy(event, any);
  expectType<Equal<typeof caused, OrderPlaced>>();
}

function sealOne(event: OrderPlaced) {
  return sealEvent(event, "test");
}

async function readsTheUnion(store: EventStore<OrderEvent>): Promise<void> {
  const events = await store.getEvents("order-1");
  expectType<Equal<typeof events, OrderEvent[]>>();
  const result = await store.getEventsWithErrors("order-1");
  expectType<Equal<typeof result, ReplayResult<OrderEvent>>>();
  expectType<Equal<typeof result.events, OrderEvent[]>>();
  for await (const event of store.readEvents("order-1")) {
    expectType<Equal<typeof event, OrderEvent>>();
    if (event.eventType === "OrderShipped") event.data.tracking.trim();
  }
  const subscription = store.subscribe();
  expectType<Equal<typeof subscription, EventSubscription<OrderEvent>>>();
  for await (const delivered of subscription) {
    expectType<Equal<typeof delivered, StoredEvent<OrderEvent>>>();
    narrows(delivered.event);
  }
}

function narrowsByFilter(
  store: EventStore<OrderEvent>,
  bus: EventBroadcaster<OrderEvent>,
  any: EventStore,
): void {
  const one = store.subscribe({ eventTypes: ["OrderPlaced"] });
  expectType<Equal<typeof one, EventSubscription<OrderPlaced>>>();
  const eventTypes = ["OrderPlaced", "OrderShipped"] as const;
  const two = store.subscribe({ live: false, eventTypes });
  expectType<
    Equal<typeof two, EventSubscription<OrderPlaced | OrderShipped>>
  >();
  const read = store.readAll({ eventTypes: ["OrderPlaced"], limit: 1 });
  expectType<Equal<typeof read, AsyncIterable<StoredEvent<OrderPlaced>>>>();
  const readAll = store.readAll({ actorIds: ["order-1"], storedAt: true });
  expectType<Equal<typeof readAll, AsyncIterable<StoredEvent<OrderEvent>>>>();
  // @ts-expect-error: no event of the union has this type
  store.readAll({ eventTypes: ["OrderPlacd"] });
  const all = store.subscribe({ actors: "order-1" });
  expectType<Equal<typeof all, EventSubscription<OrderEvent>>>();
  // @ts-expect-error: no event of the union has this type
  store.subscribe({ eventTypes: ["OrderPlacd"] });
  const open = any.subscribe({ eventTypes: ["OrderPlaced"] });
  expectType<Equal<typeof open, EventSubscription<Event>>>();

  const placed = bus.subscribe("orders", {
    eventTypes: ["OrderPlaced"],
    onDrop: (event) => event.data.customer.trim(),
  });
  expectType<Equal<typeof placed, Subscription<OrderPlaced>>>();
  const every = bus.subscribe("orders", { buffer: 10 });
  expectType<Equal<typeof every, Subscription<OrderEvent>>>();
  // @ts-expect-error: no event of the bus has this type
  bus.subscribe("orders", { eventTypes: ["OrderPlacd"] });
}

function keepsEventsOfSeveralTypes(): void {
  type Either = Event<"OrderPaid" | "OrderRefunded", { amount: number }>;
  expectType<Equal<EventOfType<Either | OrderPlaced, "OrderPaid">, Either>>();
  expectType<Equal<EventOfType<OrderEvent, "OrderLost">, never>>();
}

async function readsAnyEvent(store: EventStore): Promise<void> {
  for (const event of await store.getEvents("order-1")) {
    expectType<Equal<typeof event, Event>>();
    expectType<Equal<typeof event.data.total, unknown>>();
  }
}

async function savesOnlyTheUnion(store: EventStore<OrderEvent>): Promise<void> {
  const init = { actorId: "order-1", version: 1, id: "i" };
  const timestamp = "2024-05-31T09:30:00Z";
  await store.saveEvent(placed);
  await store.saveEvents([placed]);
  const lost = createEvent({ ...init, eventType: "OrderLost", data: {} });
  // @ts-expect-error: no event of the union has this type
  await store.saveEvent(lost);
  // @ts-expect-error: no event of the union has this type
  await store.saveEvents([placed, lost]);
  const eventType = "OrderShipped";
  const wrong = createEvent({ ...init, eventType, data: { track: 1 } });
  // @ts-expect-error: shipped orders have a tracking
  await store.saveEvent(wrong);
  const any: Event = createEvent({ ...init, eventType: "A", data: {} });
  // @ts-expect-error: any event will not do
  await store.saveEvent(any);
  const literal = { ...init, eventType, data: { tracking: "t" }, timestamp };
  // @ts-expect-error: a variable's eventType is any string, unless as const
  await store.saveEvent({ ...literal, eventType: literal.eventType as string });
  await store.saveEvent({ ...literal, eventType });
}

function isNotNarrowed(all: EventStore<OrderEvent>): void {
  // @ts-expect-error: it yields more than placed orders
  const _fewer: EventStore<OrderPlaced> = all;
}

function constrains(): void {
  // @ts-expect-error: a string is no event
  type _Text = EventStore<string>;
  // @ts-expect-error: data is an object
  type _Data = EventStore<Event<"A", string>>;
  type _Interface = EventStore<Event<"A", Shipped>>;
}

Deno.test("events have the types that this file states", () => {
  // What it states is checked before it runs.
  const stated = [
    ...[narrows, missesACase, narrowsByIf, infers, infersFromWhereItGoes],
    ...[refusesOtherInits, refusesChanges, keepsTypes, readsTheUnion],
    ...[readsAnyEvent, savesOnlyTheUnion, isNotNarrowed, constrains],
    ...[narrowsByFilter, keepsEventsOfSeveralTypes, createsEventsOfAUnion],
  ];
  assertEquals(stated.length, 16);
  assertEquals(narrows(placed), "jane");
});
