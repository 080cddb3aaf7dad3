/**
 * The event store in memory, for tests and embedded use: the contract of every
 * store, without NATS and without its client in a bundle.
 *
 * @example Save events and replay them
 * ```ts
 * import { type Event, InMemoryEventStore } from "@flowmade-one/aether/memory";
 * import { assertEquals } from "@std/assert";
 *
 * type Deposited = Event<"Deposited", { amount: number }>;
 *
 * await using store = new InMemoryEventStore<Deposited>();
 * await store.append("account-1", [
 *   { eventType: "Deposited", data: { amount: 100 } },
 *   { eventType: "Deposited", data: { amount: 30 } },
 * ]);
 *
 * let balance = 0;
 * for (const { data } of await store.getEvents("account-1")) {
 *   balance += data.amount;
 * }
 * assertEquals(balance, 130);
 * ```
 *
 * @module
 */

export { decodeEvent, encodeEvent } from "../../event/event_codec.ts";
export { InvalidEventError } from "../../event/errors.ts";
export {
  causedBy,
  MetadataKey,
  withMetadata,
  withMetadataFrom,
} from "../../event/metadata.ts";
export { createEvent } from "../../event/create_event.ts";
export type { EventInit, EventInitOf } from "../../event/create_event.ts";
export type { CreateEventOptions } from "../../event/event_sources.ts";
export type {
  AnyEvent,
  DeepReadonly,
  Event,
  EventInput,
  EventOfType,
  NotJson,
  ReadonlyData,
} from "../../event/event.ts";
export type { EventDraft, EventDraftOf } from "../../event/event_draft.ts";
export type { EventFilter, Partition } from "../../event/filters.ts";
export {
  CheckpointError,
  DuplicateEventError,
  ReplayError,
  SaveOutcomeUnknownError,
  StoreClosedError,
  VersionConflictError,
} from "../errors.ts";
export type { CheckpointErrorCode } from "../errors.ts";
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
} from "../event_store.ts";
export type { EventStored, EventStoredPublisher } from "../event_stored.ts";
export type { StoreTelemetryOptions } from "../telemetry_options.ts";
export type { StoreCounters, StoreMetrics } from "../metrics.ts";
export type {
  DurationBucket,
  DurationStats,
} from "../../internal/telemetry/durations.ts";
export type { TraceContext } from "../../internal/telemetry/types.ts";
export { InMemoryEventStore } from "./in_memory_event_store.ts";
export type { InMemoryEventStoreOptions } from "./in_memory_event_store.ts";
