/**
 * What the compiler knows of stores. The functions below are checked, and never
 * run.
 */

import { assertEquals } from "@std/assert";
import type { EventDraftOf } from "../../../event/event_draft.ts";
import type { AnyEvent, Event } from "../../../event/event.ts";
import type {
  AppendResult,
  EventStore,
  ReadableEventStore,
} from "../../../store/event_store.ts";
import { InMemoryEventStore } from "../../../store/memory/in_memory_event_store.ts";

/** True only if both are the same type: unlike with `extends`, any is not. */
type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends
  (<T>() => T extends B ? 1 : 2) ? true : false;

/** Compiles only for true. */
function expectType<_ extends true>(): void {}

// Interfaces have no index signature, and are what users write.
interface Placed {
  customer: string;
  items: { sku: string; quantity: number }[];
}
type OrderPlaced = Event<"OrderPlaced", Placed>;
type OrderEvent =
  | OrderPlaced
  | Event<"OrderShipped", { tracking: string }>;

const placed: Placed = { customer: "jane", items: [] };

async function appends(store: EventStore<OrderEvent>): Promise<void> {
  const result = await store.append("order-1", [
    { eventType: "OrderPlaced", data: placed },
    { eventType: "OrderShipped", data: { tracking: "FS123456" } },
  ], { expectedVersion: 0 });
  expectType<Equal<typeof result, AppendResult<OrderEvent>>>();
  const [event] = result.events;
  if (event?.eventType === "OrderPlaced") event.data.customer.trim();
  if (event !== undefined) {
    // What was read may be decided again, readonly as it is.
    const { eventType, data } = event;
    const draft = { eventType, data } as EventDraftOf<OrderEvent>;
    await store.append("order-2", [draft]);
  }
  // @ts-expect-error: no event of the union has this type
  store.append("order-1", [{ eventType: "OrderLost", data: placed }]);
  // @ts-expect-error: the data of another type
  store.append("order-1", [{ eventType: "OrderShipped", data: placed }]);
  const data = { tracking: "" };
  // @ts-expect-error: the store gives the version
  store.append("order-1", [{ eventType: "OrderShipped", data, version: 1 }]);
  // @ts-expect-error: a misspelt option
  store.append("order-1", [], { expectVersion: 1 });
  // @ts-expect-error: no expectation is called that
  store.append("order-1", [], { expectedVersion: "none" });
}

async function takesWhatInterfacesDescribe(store: EventStore): Promise<void> {
  const draft = { eventType: "OrderPlaced", data: placed };
  const { events } = await store.append("order-1", [draft]);
  expectType<Equal<typeof events, readonly Event[]>>();
  const event = {
    ...{ id: "1", actorId: "order-1", version: 1 },
    timestamp: "2024-05-31T09:30:00Z",
    ...draft,
  };
  await store.saveEvent(event);
  await store.saveEvents([event]);
  // @ts-expect-error: data is an object nevertheless
  store.append("order-1", [{ eventType: "OrderPlaced", data: 7 }]);
}

async function isGenericInEvents<E extends AnyEvent>(
  store: EventStore<E>,
  event: E,
  draft: EventDraftOf<E>,
): Promise<readonly E[]> {
  await store.saveEvent(event);
  await store.saveEvents([event]);
  const { events } = await store.append("order-1", [draft]);
  return events;
}

async function countOf(store: EventStore<AnyEvent>): Promise<number> {
  return (await store.getEvents("order-1")).length;
}

/** What a projection needs: any store, of which it reads. */
async function lastTypeOf(store: ReadableEventStore<AnyEvent>) {
  const options = { live: false, eventTypes: ["OrderPlaced"] };
  for await (const { event } of store.subscribe(options)) {
    return event.eventType;
  }
}

async function totalOf(store: EventStore): Promise<unknown> {
  return (await store.getEvents("order-1"))[0]?.data.total;
}

function fitsFunctionsOverAnyStore(
  orders: EventStore<OrderEvent>,
  any: EventStore,
): void {
  countOf(orders);
  countOf(any);
  totalOf(orders);
  lastTypeOf(orders);
  lastTypeOf(any);
  countOf(new InMemoryEventStore<OrderEvent>());
  lastTypeOf(new InMemoryEventStore<OrderEvent>());
  const reading: ReadableEventStore<OrderEvent> = orders;
  const wider: ReadableEventStore<AnyEvent> = reading;
  // @ts-expect-error: it gives more than placed orders
  const narrower: ReadableEventStore<OrderPlaced> = reading;
  // @ts-expect-error: it can't save
  const saving: EventStore<OrderEvent> = reading;
  void [wider, narrower, saving];
}

Deno.test("stores have the types that this file states", () => {
  // What it states is checked before it runs.
  const stated = [
    ...[appends, takesWhatInterfacesDescribe, isGenericInEvents],
    fitsFunctionsOverAnyStore,
  ];
  assertEquals(stated.length, 4);
});
