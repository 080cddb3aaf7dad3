/**
 * The events that are saved and read.
 *
 * @module
 */

import type { Event } from "@flowmade-one/aether";

/** The one type of event there is. */
export type OrderPlaced = Event<
  "OrderPlaced",
  { total: number; items: number; note: string }
>;

/** An event whose JSON has 200 bytes, give or take the length of its numbers. */
export function orderPlaced(actorId: string, version: number): OrderPlaced {
  return {
    id: crypto.randomUUID(),
    eventType: "OrderPlaced",
    actorId,
    version,
    data: { total: 99.99, items: 3, note: "at the door" },
    timestamp: "2026-01-01T00:00:00.000Z",
  };
}

/** Names of actors: `order-0`, `order-1` and so on. */
export function actorNames(count: number, prefix = "order-"): string[] {
  return Array.from({ length: count }, (_, i) => prefix + i);
}
