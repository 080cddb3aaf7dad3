/**
 * The notification published for each stored event.
 *
 * @module
 */

import type { Event } from "../event/event.ts";
import type { TraceContext } from "../internal/telemetry/types.ts";

/**
 * Says that a store has stored an event. It is published on the bus that the
 * store was given, to the namespace `__internal__`, where only those hear of
 * it who subscribe to that very name.
 *
 * Its `actorId` and `version` are those of the stored event, its `timestamp`
 * is when the store knew, and its metadata has the store's `namespace`.
 */
export type EventStored = Event<"EventStored", {
  /** The stored event's id. */
  readonly eventId: string;
  /** The stored event's actor. */
  readonly actorId: string;
  /** The stored event's version. */
  readonly version: number;
  /** The stored event's timestamp. */
  readonly timestamp: string;
}>;

/** Where a store tells what it stored; every bus that carries such events is one. */
export interface EventStoredPublisher {
  /** Publishes the event. Nobody waits for it but the store's outbox. */
  publish(
    namespace: string,
    event: EventStored,
    options?: { trace?: TraceContext },
  ): Promise<void>;
}
