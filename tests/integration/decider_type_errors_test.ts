import { assert, assertEquals } from "@std/assert";
import { typeErrorsOf } from "../support/type_errors.ts";

/** The most that the compiler says of a mistake, in characters. */
const LONGEST = 700;
/** The same of a `decide` that does not name its return type. */
const LONGEST_UNNAMED = 1_100;

// Each line with a mistake says so, and no other has one.
const program = `
import { commandHandler, type Decided, type Decider, decideTogether } from "@flowmade-one/aether/decider";
import type { Event, EventStore } from "@flowmade-one/aether";
import { specificationOf } from "@flowmade-one/aether/testing";

interface Placed { total: number; lines: { sku: string; quantity: number }[] }
type OrderEvent =
  | Event<"OrderPlaced", Placed>
  | Event<"OrderShipped", { trackingNumber: string }>
  | Event<"OrderCancelled", { reason: "customer" | "timeout" }>;
type OrderCommand = { type: "place"; total: number } | { type: "ship"; trackingNumber: string };
type Order = { status: "new" } | { status: "placed"; total: number } | { status: "over" };
declare const order: Decider<Order, OrderCommand, OrderEvent>;
declare const carts: EventStore<Event<"ItemAdded", { sku: string }>>;
declare const orders: EventStore<OrderEvent>;

declare const dates: EventStore<Event<"Noted", { at: Date }>>;

// Data that is not JSON.
dates.append("a", [{ eventType: "Noted", data: { at: new Date() } }]); // mistake

// A store of fewer events than the decider's.
commandHandler(carts, order); // mistake
decideTogether(
  carts,
  { a: [order, "a"] }, // mistake
  ({ a }) => ({ a: order.decide({ type: "ship", trackingNumber: "" }, a) }),
);

export const named: typeof order = {
  ...order,
  decide({ type }): Decided<OrderEvent> {
    if (type === "ship") return { eventType: "OrderShiped", data: {} as Placed }; // mistake
    if (type === "place") return { eventType: "OrderPlaced", data: { total: "3", lines: [] } }; // mistake
    return [{ eventType: "OrderCancelled", data: { reason: "timeot" } }]; // mistake
  },
};

export const unnamed: typeof order = {
  ...order,
  decide(command) { // unnamed mistake
    return command.type === "ship" ? { eventType: "OrderShipped", data: { trackingNumber: 3 } } : [];
  },
};

export const incomplete: typeof order = {
  ...order,
  evolve(_, event) { // mistake
    switch (event.eventType) {
      case "OrderPlaced": return { status: "placed", total: event.data.total };
      case "OrderShipped": return { status: "over" };
    }
  },
};

const handler = commandHandler(orders, order);
handler.execute("a", { type: "plac" }); // mistake
handler.execute("a", { type: "ship" }); // mistake
handler.execute("a", { type: "place", total: 1 }, { comandId: "x" }); // mistake

decideTogether(orders, { a: [order, "a"], b: [order, "b"] },
  () => ({ a: [] }) // mistake
);
decideTogether(orders, { a: [order, "a"] }, () => ({
  a: { eventType: "OrderShipped", data: { trackingNumber: 4 } }, // mistake
}));

const { given } = specificationOf(order);
given({ eventType: "OrderPlaced", data: { totl: 1, lines: [] } }); // mistake
given().when({ type: "place", total: 1 }).then({ eventType: "OrderShipped", data: {} }); // mistake
`;

Deno.test("the compiler names each mistake where it stands, and is brief", async () => {
  const errors = await typeErrorsOf(program);
  const mistakes = program.split("\n").filter((line) =>
    line.endsWith(" mistake")
  );
  assertEquals(
    errors.map(({ line }) => line),
    mistakes.map((line) => line.trim()),
    errors.map(({ message, line }) => `${line}\n${message}`).join("\n"),
  );
  assert(errors[0]!.message.includes("a Date; write its toISOString()"));
  for (const { message, line } of errors) {
    assert(
      message.length <= (line.includes("unnamed") ? LONGEST_UNNAMED : LONGEST),
      `${message.length} characters about ${line}\n${message}`,
    );
  }
});
