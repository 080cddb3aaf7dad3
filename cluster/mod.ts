/**
 * Who does the work: requests that find their actor on whichever node it is,
 * and what that is made of, for use on its own: one leader at a time, the
 * members of a cluster, one owner for each shard.
 *
 * @example Actors whose state is their events
 * ```ts
 * import { type Event, InMemoryEventStore } from "@flowmade-one/aether";
 * import { ClusterManager, eventSourced } from "@flowmade-one/aether/cluster";
 * import type { Decider } from "@flowmade-one/aether/decider";
 * import { assertEquals } from "@std/assert";
 *
 * type Deposited = Event<"Deposited", { amount: number }>;
 *
 * const account: Decider<number, number, Deposited> = {
 *   initialState: 0,
 *   decide: (amount) => ({ eventType: "Deposited", data: { amount } }),
 *   evolve: (balance, event) => balance + event.data.amount,
 * };
 *
 * await using store = new InMemoryEventStore<Deposited>();
 * await using cluster = ClusterManager.local({ cluster: "bank" });
 * const accounts = cluster.host(
 *   "account",
 *   eventSourced(store, account, { reply: ({ state }) => state }),
 * );
 * await cluster.start();
 * await accounts.request("account-7", 10);
 * assertEquals(await accounts.request("account-7", 5), 15);
 * ```
 *
 * @example Do something on one node at a time
 * ```ts
 * import { LeaderElection } from "@flowmade-one/aether/cluster";
 * import { assert } from "@std/assert";
 *
 * await using election = LeaderElection.local({ name: "nightly-report" });
 * for await (const { signal } of election.terms()) {
 *   assert(!signal.aborted); // work here, until it is
 *   break;
 * }
 * ```
 *
 * @module
 */

export { ConsistentHashRing } from "./consistent_hash_ring.ts";
export type {
  ConsistentHashRingOptions,
  RingNodeOptions,
} from "./consistent_hash_ring.ts";
export { LeaderElection } from "./election/leader_election.ts";
export type {
  FollowElectionOptions,
  Leader,
  Leadership,
  LeadershipTerm,
} from "./election/leadership.ts";
export type {
  LeaderElectionOptions,
  LocalElectionOptions,
} from "./election/election_options.ts";
export type { ElectionMetrics } from "./election/metrics.ts";
export { ElectionClosedError, LeadershipEndedError } from "./errors.ts";
export { MalformedMapError, MapTooLargeError } from "./map/errors.ts";
export { NodeDiscovery } from "./members/node_discovery.ts";
export type {
  LocalDiscoveryOptions,
  NodeDiscoveryOptions,
} from "./members/discovery_options.ts";
export type {
  ClusterNode,
  FollowClusterOptions,
} from "./members/cluster_node.ts";
export type { DiscoveryMetrics } from "./members/metrics.ts";
export { ShardManager } from "./shards/shard_manager.ts";
export type { LeaveOptions, ShardOwner } from "./shards/shard_manager.ts";
export type { ShardOwnership } from "./shards/shard_engine.ts";
export type { AcquiredShard } from "./shards/shard_engine.ts";
export type { ShardEpoch } from "./map/held_shards.ts";
export type {
  LocalShardManagerOptions,
  ShardManagerOptions,
  ShardOptions,
} from "./shards/shard_options.ts";
export type { ShardMetrics } from "./shards/metrics.ts";
export { ShardHookError, ShardLostError } from "./shards/errors.ts";
export {
  ClusterMismatchError,
  ClusterUnknownError,
  NodeIdTakenError,
  NodeLeftError,
} from "./members/errors.ts";
export type { SettingDifference } from "./members/errors.ts";
export { UnsupportedRecordError } from "./lease/record.ts";
export type { LeaseDurations } from "./lease/settings.ts";
export {
  ConnectionClosedError,
  ConnectionLostError,
  PermissionDeniedError,
  SubscriptionLimitError,
} from "../internal/nats/errors.ts";
export {
  JetStreamUnavailableError,
  StreamSetupError,
} from "../internal/nats/stream_errors.ts";
export type {
  StreamDifference,
  StreamSetupErrorCode,
} from "../internal/nats/stream_errors.ts";
export type { Actors, RequestOptions } from "./requests/actors.ts";
export { ClusterManager } from "./requests/cluster_manager.ts";
export type {
  ClusterManagerOptions,
  LocalClusterManagerOptions,
  RequestLimits,
} from "./requests/cluster_options.ts";
export {
  ActorHandlerError,
  ActorTimeoutError,
  HandlerError,
  NoOwnerError,
  OverloadedError,
  RequestLostError,
  RequestTooLargeError,
  UnknownKindError,
  UnreadableRequestError,
} from "./requests/errors.ts";
export type { Begun, HandlerFailure } from "./requests/errors.ts";
export type {
  ActorDefinition,
  HandleOptions,
  Handler,
  HandlerContext,
  HostedActors,
} from "./requests/handler.ts";
export { eventSourced } from "./host/event_sourced.ts";
export type {
  EventSourcedOptions,
  EventSourcedReply,
} from "./host/event_sourced.ts";
export { eachEvent } from "./host/each_event.ts";
export type { EachEventOptions } from "./host/each_event.ts";
export type {
  EachEventContext,
  EachEventHandler,
} from "./host/event_handling.ts";
export { ShardWorkError } from "./host/errors.ts";
export type {
  OpenShardWork,
  ShardCheckpoints,
  ShardWork,
  ShardWorkMetrics,
  ShardWorkNode,
} from "./requests/shard_work.ts";
export type { ClusterHealth, ClusterMetrics } from "./requests/metrics.ts";
