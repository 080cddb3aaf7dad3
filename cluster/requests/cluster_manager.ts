/**
 * Nodes that share the actors of a cluster and find each of them.
 *
 * @module
 */

import type { NatsConnection } from "@nats-io/nats-core";
import { checkDuration, optionsOf } from "../../internal/arguments.ts";
import { shardOf } from "../../internal/hash.ts";
import { checkActorId } from "../../internal/nats/names.ts";
import { activeTrace } from "../../internal/telemetry/trace.ts";
import type { ShardEpoch } from "../map/held_shards.ts";
import type {
  ClusterNode,
  FollowClusterOptions,
} from "../members/cluster_node.ts";
import { ClusterUnknownError } from "../members/errors.ts";
import type { LeaveOptions, ShardOwner } from "../shards/shard_manager.ts";
import type { Actors } from "./actors.ts";
import {
  checkText,
  type ClusterManagerOptions,
  type LocalClusterManagerOptions,
  resolveRequest,
} from "./cluster_options.ts";
import type { ActorDefinition, HandleOptions, Handler } from "./handler.ts";
import { ManagerLife } from "./_manager_life.ts";
import { LocalParts, type ManagerParts, natsParts } from "./_manager_parts.ts";
import type { ClusterHealth, ClusterMetrics } from "./metrics.ts";
import { Registrations } from "./_registrations.ts";
import type { ShardWork } from "./shard_work.ts";

/**
 * A node of a cluster that shares actors out: each actor is handled by one node
 * at a time, requests find it there, and when nodes come, go or crash, its
 * shard moves.
 *
 * Register what the node handles, then start it. `local()` is the same within
 * one process, without a server: managers of one cluster name form one cluster.
 *
 * @example Count, each counter on one node
 * ```ts
 * import { ClusterManager } from "@flowmade-one/aether/cluster";
 * import { assertEquals } from "@std/assert";
 *
 * const counts = new Map<string, number>();
 * await using cluster = ClusterManager.local({ cluster: "counters", shards: 8 });
 * const counters = cluster.handle<number, number>(
 *   "counter",
 *   ({ actorId }, added) => {
 *     const count = (counts.get(actorId) ?? 0) + added;
 *     counts.set(actorId, count);
 *     return count;
 *   },
 * );
 * await cluster.start();
 *
 * await counters.request("counter-1", 2);
 * assertEquals(await counters.request("counter-1", 3), 5);
 * ```
 */
export class ClusterManager implements AsyncDisposable {
  /** Which cluster the node joins. */
  readonly cluster: string;
  /** What others know the node by. */
  readonly nodeId: string;
  /**
   * Resolves when the cluster has settled for the first time, as far as this
   * node knows; not before {@linkcode start}. It stays resolved whatever comes. Rejects with a
   * {@linkcode NodeLeftError} if the node leaves before, and with what has
   * ended it.
   */
  readonly ready: Promise<void>;
  /**
   * Resolves when the node has left, by {@linkcode leave}; rejects with what
   * has ended it otherwise, such as a {@linkcode ConnectionClosedError}.
   */
  readonly left: Promise<void>;
  readonly #parts: ManagerParts;
  readonly #registrations: Registrations;
  readonly #life: ManagerLife;

  /**
   * Makes a node of a cluster over NATS; nothing is sent before it starts.
   *
   * @param nc An open connection, from whichever transport fits; best with
   * `timeout: 2000` and `maxReconnectAttempts: -1`. It stays the caller's.
   * @throws {TypeError | RangeError} If `nc` or an option is not valid.
   */
  constructor(nc: NatsConnection, options?: ClusterManagerOptions);
  constructor(
    nc: NatsConnection | ManagerParts,
    options?: ClusterManagerOptions,
  ) {
    const parts = nc instanceof LocalParts
      ? nc
      : natsParts(nc as NatsConnection, options);
    this.#parts = parts;
    this.#registrations = new Registrations(parts.node.role === "client");
    this.#life = new ManagerLife(parts, this.#registrations);
    this.cluster = parts.node.cluster;
    this.nodeId = parts.node.nodeId;
    this.ready = this.#life.ready;
    this.left = this.#life.left;
  }

  /**
   * Makes a node of a cluster within this process, for tests and for programs
   * of one process. It needs no server.
   *
   * @throws {TypeError | RangeError} If an option is not valid.
   */
  static local(options?: LocalClusterManagerOptions): ClusterManager {
    const parts = new LocalParts(options) as unknown as NatsConnection;
    return new ClusterManager(parts);
  }

  /**
   * Registers what handles the requests of a kind of actors. Every member of
   * the cluster has to host the same kinds; actors of different kinds need ids
   * of their own, such as `account-7` and `order-7`.
   *
   * @param kind The kind: 1 to 256 characters.
   * @throws {TypeError} If the kind is registered already, the node is a
   * client, or the cluster was started: no node is to own actors that it can't
   * serve.
   * @throws {TypeError | RangeError} If an argument is not valid.
   */
  handle<Payload = unknown, Reply = unknown>(
    kind: string,
    handler: Handler<Payload, Reply>,
    options?: HandleOptions,
  ): Actors<Payload, Reply> {
    this.#registrations.handle(kind, handler, options);
    return this.actors<Payload, Reply>(kind);
  }

  /**
   * Registers a kind of actors by its definition, such as `eventSourced()`
   * makes: {@linkcode handle} with what a node keeps of them in memory.
   *
   * @throws {TypeError | RangeError} As {@linkcode handle}.
   */
  host<Payload, Reply>(
    kind: string,
    definition: ActorDefinition<Payload, Reply>,
  ): Actors<Payload, Reply> {
    this.#registrations.host(kind, definition);
    return this.actors(kind, definition);
  }

  /**
   * Registers work that each member does for the shards that it owns, such as
   * {@linkcode eachEvent} makes. As shards move, the work moves along: the next
   * owner begins when the one before has stopped and written down how far it
   * is, or when its lease is over.
   *
   * @param name What the work is known by in the whole cluster, such as the
   * projection's name: its checkpoints are kept under it. 1 to 256 characters.
   * @throws {TypeError} If the name is registered already, or the cluster was
   * started.
   * @throws {TypeError | RangeError} If an argument is not valid.
   */
  forOwnedShards(name: string, work: ShardWork): void {
    this.#registrations.work(name, work);
  }

  /**
   * The actors of a kind, whether this node hosts it or not.
   *
   * @param _definition Its definition, if there is one at hand: it types
   * requests and replies, and is not used otherwise.
   * @throws {TypeError | RangeError} If the kind is not valid.
   */
  actors<Payload = unknown, Reply = unknown>(
    kind: string,
    _definition?: ActorDefinition<Payload, Reply>,
  ): Actors<Payload, Reply> {
    checkText(kind, "get actors", "kind");
    return Object.freeze<Actors<Payload, Reply>>({
      kind,
      request: async (actorId, payload, options) => {
        const action = "request actor";
        checkActorId(actorId, action);
        const resolved = resolveRequest(options, action);
        const { requester } = this.#life.node(action);
        const { activeSpan } = this.#parts.limits;
        const trace = activeTrace(activeSpan, () => {});
        const call = { kind, actorId, payload, trace, ...resolved };
        return await requester.request(call) as Reply;
      },
    });
  }

  /**
   * Joins the cluster: resolves when this node takes part. A member is given
   * shards a moment later; {@linkcode ready} tells when all has settled.
   *
   * @throws {NodeIdTakenError} If a process that is alive has the same id, or
   * the lease of one that was killed has not lapsed within `startTimeout`.
   * @throws {ClusterMismatchError} If the cluster has other settings.
   * @throws {StreamSetupError} If the bucket is not there and may not be made,
   * can't be made, or has other settings than needed.
   * @throws {JetStreamUnavailableError} If JetStream does not answer.
   * @throws {PermissionDeniedError} If the connection's user lacks a right.
   * @throws {ConnectionClosedError | ConnectionLostError} If the connection is
   * closed, or down.
   * @throws {NodeLeftError} If it has left already.
   * @throws The signal's reason, if it is aborted.
   */
  start(): Promise<void> {
    return this.#life.start();
  }

  /** Whether this node leads the cluster at this very moment. */
  isLeader(): boolean {
    return this.#life.running?.engine.membership.isLeader ?? false;
  }

  /** The members as far as this node knows, in the order in which they joined. */
  nodes(): readonly ClusterNode[] {
    return this.#life.nodes.nodes;
  }

  /** The shards that this node serves at this very moment, by number. */
  shards(): ShardEpoch[] {
    const owned = this.#life.running?.engine.owned() ?? [];
    return owned.sort((a, b) => a.shard - b.shard);
  }

  /**
   * Who owns the shard of an actor, as far as this node knows; undefined while
   * nobody does.
   *
   * @throws {ClusterUnknownError} On a client that has not seen the cluster yet.
   * @throws {TypeError | RangeError} If the id is not valid, or the cluster was
   * not started.
   */
  ownerOf(actorId: string): ShardOwner | undefined {
    const action = "get owner";
    checkActorId(actorId, action);
    const { engine } = this.#life.node(action);
    const count = engine.shardCount;
    if (count === undefined) throw new ClusterUnknownError(action);
    const shard = shardOf(actorId, count);
    const owner = engine.ownerOf(shard);
    return owner && { shard, ...owner };
  }

  /**
   * The members: now, and each time that something about them changes. It ends
   * when the node has left.
   */
  changes(
    options?: FollowClusterOptions,
  ): AsyncIterableIterator<readonly ClusterNode[], undefined> {
    return this.#life.nodes.follow(options);
  }

  /** How the node is, such as for a probe of readiness or liveness. */
  health(): ClusterHealth {
    return this.#life.health();
  }

  /**
   * What the node has counted so far, and how it is right now.
   *
   * @throws {TypeError} If the cluster was not started.
   */
  get metrics(): ClusterMetrics {
    const { meter, requester, host, works } = this.#life
      .node("get metrics", true);
    return Object.freeze({
      ...meter.snapshot(),
      ...requester.counters,
      ...host.counters,
      waiting: requester.waiting,
      pending: host.load,
      active: this.#registrations.active,
      work: works.metrics,
    });
  }

  /**
   * Hands all actors over and leaves: what is being handled comes to its end,
   * what waits goes to the next owners. Harmless the second time.
   *
   * Call it when the process is told to end, and end it afterwards.
   *
   * @throws {TypeError | RangeError} If an option is not valid.
   */
  async leave(options?: LeaveOptions): Promise<void> {
    const action = "leave cluster";
    const { timeout = 2 * this.#parts.node.settings.lease } = optionsOf(
      options,
      { timeout: true },
      action,
    );
    checkDuration(timeout, action, "timeout", 0);
    await this.#life.leave(timeout);
  }

  /** As {@linkcode leave}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.leave();
  }
}
