/**
 * A page that follows an order live and draws its history. Open it twice, and
 * what one page adds appears in the other:
 *
 *     npm start
 *     http://127.0.0.1:8000/?server=ws://127.0.0.1:8080&order=order-1
 *
 * @module
 */

import {
  type Event,
  JetStreamEventStore,
  VersionConflictError,
} from "@flowmade-one/aether";
import { wsconnect } from "@nats-io/nats-core";

type OrderEvent =
  | Event<"OrderPlaced", { total: number }>
  | Event<"ItemAdded", { item: string; price: number }>
  | Event<"OrderPaid", { amount: number }>
  | Event<"OrderShipped", { trackingNumber: string }>;

/** What the buttons add. */
const DRAFTS = [
  { eventType: "OrderPlaced", data: { total: 99.99 } },
  { eventType: "ItemAdded", data: { item: "a lamp", price: 25 } },
  { eventType: "OrderPaid", data: { amount: 124.99 } },
  { eventType: "OrderShipped", data: { trackingNumber: "FS123456" } },
] as const;

const query = new URLSearchParams(location.search);
const orderId = query.get("order") ?? "order-1";
const servers = query.get("server") ?? "ws://127.0.0.1:8080";
const element = (id: string) => document.getElementById(id)!;

const nc = await wsconnect({ servers, maxReconnectAttempts: -1 });
const store = await JetStreamEventStore.open<OrderEvent>(nc, {
  namespace: "orders",
});
/** The version of the last event that is drawn. */
let version = 0;

element("title").textContent = `Order ${orderId}`;
for (const draft of DRAFTS) {
  const button = document.createElement("button");
  button.textContent = draft.eventType;
  button.onclick = async () => {
    try {
      // What is decided here rests on what the page shows.
      await store.append(orderId, [draft], { expectedVersion: version });
    } catch (error) {
      if (!(error instanceof VersionConflictError)) throw error;
      say(`Somebody was faster: version ${error.currentVersion} is there`);
    }
  };
  element("actions").append(button);
}

// All that is there, then what comes, whichever page or process adds it.
for await (const { event } of store.subscribe({ actorIds: orderId })) {
  version = event.version;
  draw(event);
  say(`${event.eventType} ${JSON.stringify(event.data)}`);
}

function say(text: string): void {
  element("state").textContent = text;
}

/** A point on the line for each event, with its type and its time. */
function draw({ eventType, version, timestamp }: OrderEvent): void {
  const x = String(80 + (version - 1) % 6 * 130);
  const time = timestamp.slice(
    "2024-05-31T".length,
    "2024-05-31T09:30:00".length,
  );
  element("history").append(
    shape("circle", { cx: x, cy: "85", r: "9" }),
    shape("text", { x, y: "60" }, `${version} ${eventType}`),
    shape("text", { x, y: "115", class: "time" }, time),
  );
}

function shape(
  name: string,
  attributes: Record<string, string>,
  text = "",
): SVGElement {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) {
    made.setAttribute(key, value);
  }
  made.textContent = text;
  return made as SVGElement;
}
