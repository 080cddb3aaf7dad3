/**
 * An order, placed and shipped, and its state replayed from the store.
 *
 *     deno task quickstart          # in memory
 *     deno task quickstart --nats   # on JetStream
 *
 * With `--nats` it runs on the server that `NATS_URL` names, else on one that
 * is started for it.
 *
 * @module
 */

import {
  createEvent,
  type Event,
  type EventStore,
  InMemoryEventStore,
  JetStreamEventStore,
} from "@flowmade-one/aether";
import { connectToNats } from "./_nats.ts";

/** Everything that can happen to an order. */
type OrderEvent =
  | Event<"OrderPlaced", { total: number }>
  | Event<"OrderShipped", { trackingNumber: string }>;

/** What an order's events add up to. */
interface Order {
  readonly status: "new" | "placed" | "shipped";
  readonly total: number;
  readonly trackingNumber?: string;
}

const initialState: Order = { status: "new", total: 0 };

/** The order after one more event. */
function evolve(order: Order, event: OrderEvent): Order {
  switch (event.eventType) {
    case "OrderPlaced":
      return { ...order, status: "placed", total: event.data.total };
    case "OrderShipped": {
      const { trackingNumber } = event.data;
      return { ...order, status: "shipped", trackingNumber };
    }
    default:
      return order;
  }
}

/** Where the events are kept; what it opens is closed with `resources`. */
async function openStore(
  resources: AsyncDisposableStack,
): Promise<EventStore<OrderEvent>> {
  return resources.use(
    Deno.args.includes("--nats")
      ? await JetStreamEventStore.open<OrderEvent>(
        await connectToNats(resources),
      )
      : new InMemoryEventStore<OrderEvent>(),
  );
}

if (import.meta.main) {
  await using resources = new AsyncDisposableStack();
  const store = await openStore(resources);
  const actorId = `order-${crypto.randomUUID()}`;

  await store.saveEvent(
    createEvent({
      eventType: "OrderPlaced",
      actorId,
      version: 1,
      data: { total: 99.99 },
    }),
    { expectedVersion: 0 },
  );
  await store.saveEvent(
    createEvent({
      eventType: "OrderShipped",
      actorId,
      version: 2,
      data: { trackingNumber: "FS123456" },
    }),
    { expectedVersion: 1 },
  );

  const events = await store.getEvents(actorId);
  const order = events.reduce(evolve, initialState);

  console.log(`Order state after replaying ${events.length} events:`);
  console.log(`  Status: ${order.status}`);
  console.log(`  Total: $${order.total.toFixed(2)}`);
  console.log(`  Tracking: ${order.trackingNumber}`);
}
