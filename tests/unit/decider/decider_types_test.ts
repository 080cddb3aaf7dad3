/**
 * What the compiler knows of deciders. The functions below are checked, and
 * never run; what it says of mistakes is in
 * `tests/integration/decider_type_errors_test.ts`.
 */

import { assertEquals } from "@std/assert";
import {
  commandHandler,
  type Decided,
  type Decider,
  decideTogether,
  Rejection,
} from "../../../decider/mod.ts";
import type { AnyEvent, Event } from "../../../event/event.ts";
import type { EventStore } from "../../../store/event_store.ts";
import { InMemoryEventStore } from "../../../store/memory/mod.ts";
import {
  type FaultyStore,
  specificationOf,
  withFaults,
} from "../../../testing/mod.ts";

/** True only if both are the same type: unlike with `extends`, any is not. */
type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends
  (<T>() => T extends B ? 1 : 2) ? true : false;

/** Compiles only for true. */
function expectType<_ extends true>(): void {}

// Interfaces have no index signature, and are what users write.
interface Placed {
  total: number;
  lines: { sku: string; quantity: number }[];
}
type OrderEvent =
  | Event<"OrderPlaced", Placed>
  | Event<"OrderShipped", { trackingNumber: string }>
  | Event<"OrderCancelled", { reason: "customer" | "timeout" }>;
type OrderCommand =
  | { type: "place"; total: number; lines: Placed["lines"] }
  | { type: "ship"; trackingNumber: string }
  | { type: "cancel"; reason: "customer" | "timeout" };
type Order =
  | { status: "new" }
  | { status: "placed"; total: number }
  | { status: "shipped" | "cancelled" };
type CartEvent = Event<"ItemAdded", { sku: string }>;

// Literals need no `as const`, with a return type and without.
const order: Decider<Order, OrderCommand, OrderEvent> = {
  initialState: { status: "new" },
  decide(command, state) {
    switch (command.type) {
      case "place": {
        const { total, lines } = command;
        return { eventType: "OrderPlaced", data: { total, lines } };
      }
      case "ship": {
        const { trackingNumber } = command;
        return [{ eventType: "OrderShipped", data: { trackingNumber } }];
      }
      case "cancel":
        return state.status === "placed"
          ? { eventType: "OrderCancelled", data: { reason: command.reason } }
          : [];
    }
  },
  evolve(_, event) {
    switch (event.eventType) {
      case "OrderPlaced":
        return { status: "placed", total: event.data.total };
      case "OrderShipped":
        return { status: "shipped" };
      case "OrderCancelled":
        return { status: "cancelled" };
    }
  },
};

const cart: Decider<readonly string[], { add: string }, CartEvent> = {
  initialState: [],
  decide({ add }): Decided<CartEvent> {
    if (add === "") throw new Rejection("no-sku", "An item needs a SKU");
    return { eventType: "ItemAdded", data: { sku: add } };
  },
  evolve(items, event) {
    // It gets every event of the actor: others leave the state as it is.
    return event.eventType === "ItemAdded" ? [...items, event.data.sku] : items;
  },
};

async function sharesAStoreOfMoreEvents(
  store: EventStore<OrderEvent | CartEvent>,
): Promise<void> {
  const orders = commandHandler(store, order);
  const carts = commandHandler(store, cart, { retries: 3 });
  const { state, events } = await orders.execute(
    "order-1",
    { type: "ship", trackingNumber: "FS123456" },
    { commandId: "c-1" },
  );
  expectType<Equal<typeof state, Order>>();
  expectType<Equal<typeof events, readonly OrderEvent[]>>();
  const loaded = await carts.load("cart-1");
  expectType<Equal<typeof loaded.state, readonly string[]>>();
}

function fitsAnyEvents(store: EventStore<AnyEvent>): void {
  commandHandler(store, order);
}

async function infersFromAnnotatedFunctions(
  store: EventStore<Event<"Counted", { by: number }>>,
): Promise<number> {
  const counters = commandHandler(store, {
    initialState: 0,
    decide: ({ by }: { by: number }) => ({
      eventType: "Counted" as const,
      data: { by },
    }),
    evolve: (state: number, event: Event<"Counted", { by: number }>) =>
      state + event.data.by,
  });
  return (await counters.execute("counter-1", { by: 2 })).state;
}

async function decidesTogether(
  store: EventStore<OrderEvent | CartEvent>,
): Promise<void> {
  const { parts } = await decideTogether(
    store,
    { cart: [cart, "cart-1"], order: [order, "order-1"] },
    (states) => {
      expectType<Equal<typeof states.cart, readonly string[]>>();
      expectType<Equal<typeof states.order, Order>>();
      return {
        cart: cart.decide({ add: "x" }, states.cart),
        order: [{ eventType: "OrderCancelled", data: { reason: "timeout" } }],
      };
    },
  );
  expectType<Equal<typeof parts.order.state, Order>>();
  expectType<Equal<typeof parts.cart.events, readonly CartEvent[]>>();
}

function rejectsWithTypes(): void {
  const rejection = new Rejection("too-little", "Too little", { balance: 1 });
  expectType<Equal<typeof rejection.code, "too-little">>();
  expectType<Equal<typeof rejection.data, { balance: number }>>();
  const any: Rejection = rejection;
  expectType<Equal<typeof any.data, unknown>>();
}

function specifies(store: EventStore<OrderEvent>): void {
  const { given } = specificationOf(order);
  given({ eventType: "OrderPlaced", data: { total: 1, lines: [] } })
    .when({ type: "ship", trackingNumber: "x" })
    .then({ eventType: "OrderShipped", data: { trackingNumber: "x" } });
  given({
    eventType: "OrderCancelled",
    data: { reason: "timeout" },
    version: 7,
  }).thenState({ status: "cancelled" });
  withFaults(store).faults.push("unknown", { delay: 5 }, { first: () => {} });
}

async function givesTheSameStoreWithFaults(): Promise<void> {
  const any = withFaults(new InMemoryEventStore());
  expectType<Equal<typeof any, FaultyStore<InMemoryEventStore>>>();
  const [event] = await any.getEvents("a");
  expectType<Equal<typeof event, Event | undefined>>();
  any.metrics.saves satisfies number;
  const orders = withFaults(new InMemoryEventStore<OrderEvent>());
  commandHandler(orders, order);
  const same: InMemoryEventStore<OrderEvent> = orders;
  // @ts-expect-error: there is no such fault
  orders.faults.push("unkown");
  // @ts-expect-error: no event of the union has this type
  await orders.append("a", [{ eventType: "OrderLost", data: {} }]);
  void same;
}

Deno.test("deciders have the types that this file states", () => {
  // What it states is checked before it runs.
  const stated = [
    ...[sharesAStoreOfMoreEvents, fitsAnyEvents, infersFromAnnotatedFunctions],
    ...[decidesTogether, rejectsWithTypes, specifies],
    givesTheSameStoreWithFaults,
  ];
  assertEquals(stated.length, 7);
});
