/**
 * Event buses: events for whoever subscribes, within a process and across
 * processes.
 *
 * **Delivery is at most once.** A bus delivers events as they are published.
 * Absent, slow or disconnected subscribers miss events, and learn how many
 * where that can be known. Read events that must not be missed from the store,
 * whose `subscribe` delivers every event exactly once, in order, from any
 * checkpoint.
 *
 * @example Publish and follow
 * ```ts
 * import { EventBus } from "@flowmade-one/aether/bus";
 * import { createEvent } from "@flowmade-one/aether/store";
 * import { assertEquals } from "@std/assert";
 *
 * await using bus = new EventBus();
 * await using orders = bus.subscribe("orders.>", { actors: "order.*" });
 *
 * await bus.publish(
 *   "orders.eu",
 *   createEvent({
 *     eventType: "OrderShipped",
 *     actorId: "order.1",
 *     version: 2,
 *     data: { trackingNumber: "FS123456" },
 *   }),
 * );
 *
 * for await (const { event } of orders) {
 *   assertEquals(event.eventType, "OrderShipped");
 *   break;
 * }
 * ```
 *
 * @module
 */

export {
  BusClosedError,
  MalformedMessageError,
  SlowSubscriberError,
} from "./errors.ts";
export type {
  BusSubscribeOptions,
  Delivery,
  EventBroadcaster,
  Gap,
  Overflow,
  PublishOptions,
  Subscription,
} from "./event_broadcaster.ts";
export { EventBus } from "./event_bus.ts";
export type { EventBusOptions } from "./event_bus.ts";
export {
  ConnectionClosedError,
  ConnectionLostError,
  PermissionDeniedError,
  SubscriptionLimitError,
} from "../internal/nats/errors.ts";
export { InvalidEventError, PayloadTooLargeError } from "../event/errors.ts";
export type {
  AnyEvent,
  DeepReadonly,
  Event,
  EventInput,
  EventOfType,
  NotJson,
  ReadonlyData,
} from "../event/event.ts";
export type { EventFilter, Partition } from "../event/filters.ts";
export type { TraceContext } from "../internal/telemetry/types.ts";
export type { BusOptions } from "./_arguments.ts";
export type { BusCounters, BusMetrics } from "./metrics.ts";
export { NatsEventBus } from "./nats_event_bus.ts";
export type { NatsEventBusOptions } from "./nats_event_bus.ts";
