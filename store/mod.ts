/**
 * The event store: what happened, kept for ever, read back in order.
 *
 * Events are facts of the past, and immutable; a correction is a new event.
 * State is derived by replaying them. Versions, one line of them for each
 * actor, make sure that no decision is made on a history that has moved on.
 *
 * @example Save events and replay them
 * ```ts
 * import { type Event, InMemoryEventStore } from "@flowmade-one/aether/store";
 * import { assertEquals } from "@std/assert";
 *
 * type AccountEvent =
 *   | Event<"Deposited", { amount: number }>
 *   | Event<"Withdrawn", { amount: number }>;
 *
 * await using store = new InMemoryEventStore<AccountEvent>();
 * await store.append("account-1", [
 *   { eventType: "Deposited", data: { amount: 100 } },
 * ]);
 * await store.append(
 *   "account-1",
 *   [{ eventType: "Withdrawn", data: { amount: 30 } }],
 *   { expectedVersion: 1 },
 * );
 *
 * let balance = 0;
 * for await (const event of store.readEvents("account-1")) {
 *   switch (event.eventType) {
 *     case "Deposited":
 *       balance += event.data.amount;
 *       break;
 *     case "Withdrawn":
 *       balance -= event.data.amount;
 *   }
 * }
 * assertEquals(balance, 70);
 * ```
 *
 * @module
 */

export {
  ConnectionClosedError,
  ConnectionLostError,
  JetStreamApiError,
  PermissionDeniedError,
  SubscriptionLimitError,
} from "../internal/nats/errors.ts";
export { decodeEvent, encodeEvent } from "../event/event_codec.ts";
export { InvalidEventError, PayloadTooLargeError } from "../event/errors.ts";
export {
  CheckpointError,
  DuplicateEventError,
  ReplayError,
  SaveOutcomeUnknownError,
  StoreClosedError,
  VersionConflictError,
} from "./errors.ts";
export type { CheckpointErrorCode } from "./errors.ts";
export {
  causedBy,
  MetadataKey,
  withMetadata,
  withMetadataFrom,
} from "../event/metadata.ts";
export { createEvent } from "../event/create_event.ts";
export type { CreateEventOptions } from "../event/event_sources.ts";
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
export type { EventInit, EventInitOf } from "../event/create_event.ts";
export type { EventDraft, EventDraftOf } from "../event/event_draft.ts";
export type {
  ActorIdsOptions,
  ActorSnapshot,
  AppendOptions,
  AppendResult,
  Checkpoint,
  Consistency,
  EventStore,
  EventSubscription,
  GetSnapshotOptions,
  ReadableEventStore,
  ReadAllOptions,
  ReadEventsOptions,
  ReadOptions,
  ReadWithErrorsOptions,
  ReplayErrorHandler,
  ReplayResult,
  SaveEventsOptions,
  SaveEventsResult,
  SaveOptions,
  SaveResult,
  SaveSnapshotOptions,
  SaveSnapshotResult,
  StoredEvent,
  SubscribeOptions,
} from "./event_store.ts";
export type { EventStored, EventStoredPublisher } from "./event_stored.ts";
export type { StoreTelemetryOptions } from "./telemetry_options.ts";
export type {
  DurationBucket,
  DurationStats,
} from "../internal/telemetry/durations.ts";
export type { StoreCounters, StoreMetrics } from "./metrics.ts";
export type { TraceContext } from "../internal/telemetry/types.ts";
export { InMemoryEventStore } from "./memory/in_memory_event_store.ts";
export type { InMemoryEventStoreOptions } from "./memory/in_memory_event_store.ts";
export {
  JetStreamUnavailableError,
  StaleReadError,
  StreamFullError,
  StreamSetupError,
} from "./jetstream/errors.ts";
export type {
  StreamDifference,
  StreamSetupErrorCode,
} from "./jetstream/errors.ts";
export { JetStreamEventStore } from "./jetstream/jetstream_event_store.ts";
export type { JetStreamEventStoreOptions } from "./jetstream/jetstream_event_store.ts";
