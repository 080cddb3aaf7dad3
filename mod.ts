/**
 * Event sourcing on NATS JetStream: an append-only event store with optimistic
 * concurrency, the same in memory and on a server. Small parts that compose,
 * and no opinion about anyone's domain.
 *
 * @example Save an event and read it back
 * ```ts
 * import { createEvent, InMemoryEventStore } from "@flowmade-one/aether";
 * import { assertEquals } from "@std/assert";
 *
 * await using store = new InMemoryEventStore();
 * const placed = createEvent({
 *   eventType: "OrderPlaced",
 *   actorId: "order-1",
 *   version: 1,
 *   data: { total: 99.99 },
 * });
 * await store.saveEvent(placed);
 * assertEquals(await store.getEvents("order-1"), [placed]);
 * ```
 *
 * @module
 */

export {
  BusClosedError,
  EventBus,
  MalformedMessageError,
  NatsEventBus,
  SlowSubscriberError,
} from "./bus/mod.ts";
export type {
  BusCounters,
  BusMetrics,
  BusOptions,
  BusSubscribeOptions,
  Delivery,
  EventBroadcaster,
  EventBusOptions,
  Gap,
  NatsEventBusOptions,
  Overflow,
  PublishOptions,
  Subscription,
  TraceContext,
} from "./bus/mod.ts";
export {
  ClusterMismatchError,
  ConsistentHashRing,
  ElectionClosedError,
  LeaderElection,
  LeadershipEndedError,
  MalformedMapError,
  MapTooLargeError,
  NodeDiscovery,
  NodeIdTakenError,
  NodeLeftError,
  UnsupportedRecordError,
} from "./cluster/mod.ts";
export type {
  ClusterNode,
  ConsistentHashRingOptions,
  DiscoveryMetrics,
  ElectionMetrics,
  FollowClusterOptions,
  FollowElectionOptions,
  Leader,
  LeaderElectionOptions,
  Leadership,
  LeadershipTerm,
  LeaseDurations,
  LocalDiscoveryOptions,
  LocalElectionOptions,
  NodeDiscoveryOptions,
  RingNodeOptions,
  SettingDifference,
} from "./cluster/mod.ts";
export {
  causedBy,
  CheckpointError,
  ConnectionClosedError,
  ConnectionLostError,
  createEvent,
  decodeEvent,
  DuplicateEventError,
  encodeEvent,
  InMemoryEventStore,
  InvalidEventError,
  JetStreamApiError,
  JetStreamEventStore,
  JetStreamUnavailableError,
  MetadataKey,
  PayloadTooLargeError,
  PermissionDeniedError,
  ReplayError,
  SaveOutcomeUnknownError,
  StaleReadError,
  StoreClosedError,
  StreamFullError,
  StreamSetupError,
  SubscriptionLimitError,
  VersionConflictError,
  withMetadata,
  withMetadataFrom,
} from "./store/mod.ts";
export type {
  ActorIdsOptions,
  ActorSnapshot,
  AnyEvent,
  AppendOptions,
  AppendResult,
  Checkpoint,
  CheckpointErrorCode,
  Consistency,
  CreateEventOptions,
  DeepReadonly,
  DurationBucket,
  DurationStats,
  Event,
  EventDraft,
  EventDraftOf,
  EventFilter,
  EventInit,
  EventInitOf,
  EventInput,
  EventOfType,
  EventStore,
  EventStored,
  EventStoredPublisher,
  EventSubscription,
  GetSnapshotOptions,
  InMemoryEventStoreOptions,
  JetStreamEventStoreOptions,
  Partition,
  ReadableEventStore,
  ReadAllOptions,
  ReadEventsOptions,
  ReadonlyData,
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
  StoreCounters,
  StoredEvent,
  StoreMetrics,
  StoreTelemetryOptions,
  StreamDifference,
  StreamSetupErrorCode,
  SubscribeOptions,
} from "./store/mod.ts";
