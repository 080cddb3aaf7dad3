/**
 * Places an order on JetStream, ships it and shows its history, on Node:
 *
 *     NATS_URL=nats://127.0.0.1:4222 npm start
 *
 * @module
 */

import { type Event, JetStreamEventStore } from "@flowmade-one/aether";
import { connect } from "@nats-io/transport-node";
import { randomUUID } from "node:crypto";
import { env } from "node:process";

type OrderEvent =
  | Event<"OrderPlaced", { total: number }>
  | Event<"OrderShipped", { trackingNumber: string }>;

const nc = await connect({ servers: env.NATS_URL ?? "nats://127.0.0.1:4222" });
const store = await JetStreamEventStore.open<OrderEvent>(nc, {
  namespace: "orders",
});
try {
  const orderId = `order-${randomUUID()}`;
  const { version } = await store.append(orderId, [
    { eventType: "OrderPlaced", data: { total: 99.99 } },
  ], { expectedVersion: 0 });
  await store.append(orderId, [
    { eventType: "OrderShipped", data: { trackingNumber: "FS123456" } },
  ], { expectedVersion: version });
  for await (const event of store.readEvents(orderId)) {
    const detail = event.eventType === "OrderPlaced"
      ? event.data.total
      : event.data.trackingNumber;
    console.log(`${event.version} ${event.eventType} ${detail}`);
  }
} finally {
  await store.close();
  await nc.close();
}
