/**
 * Nodes that share the actors of a cluster and find each of them.
 *
 * @module
 */

import type { NatsConnection } from "@nats-io/nats-core";
import { badType, checkInteger, optionsOf } from "../../internal/arguments.ts";
import { shardOf } from "../../internal/hash.ts";
import { checkActorId } from "../../internal/nats/names.ts";
import { activeTrace } from "../../internal/telemetry/trace.ts";
import type { ShardEpoch } from "../map/held_shards.ts";
import type {
  ClusterNode,
  FollowClusterOptions,
} from "../members/cluster_node.ts";
import { ClusterUnknownError, NodeLeftError } from "../members/errors.ts";
import { NodeList } from "../members/node_list.ts";
import type { LeaveOptions, ShardOwner } from "../shards/shard_manager.ts";
import type { Actors } from "./actors.ts";
import {
  checkText,
  type ClusterManagerOptions,
  type LocalClusterManagerOptions,
  resolveHandle,
  resolveRequest,
} from "./cluster_options.ts";
import { HandlerError } from "./errors.ts";
import type {
  ActorDefinition,
  HandleOptions,
  Handler,
  HostedActors,
  Registration,
} from "./handler.ts";
import {
  LocalParts,
  type ManagerParts,
  natsParts,
  START,
} from "./_manager_parts.ts";
import type { ClusterHealth, ClusterMetrics } from "./metrics.ts";
import { RunningNode } from "./_running_node.ts";

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
   * node knows. It stays resolved whatever comes. Rejects with a
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
  readonly #handlers = new Map<string, Registration>();
  readonly #hosted: HostedActors<never, unknown>[] = [];
  readonly #nodes = new NodeList();
  readonly #ready = Promise.withResolvers<void>();
  readonly #left = Promise.withResolvers<void>();
  #isReady = false;
  #starting: Promise<void> | undefined;
  #running: RunningNode | undefined;
  #leaving: Promise<void> | undefined;
  #state: ClusterHealth["state"] = "new";
  #error: Error | undefined;

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
    this.cluster = parts.node.cluster;
    this.nodeId = parts.node.nodeId;
    this.ready = this.#ready.promise;
    this.left = this.#left.promise;
    // Whoever awaits them hears of it.
    this.ready.catch(() => {});
    this.left.catch(() => {});
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
   * @throws {TypeError} If the kind is registered already, or the cluster was
   * started: no node is to own actors that it can't serve.
   * @throws {TypeError | RangeError} If an argument is not valid.
   */
  handle<Payload = unknown, Reply = unknown>(
    kind: string,
    handler: Handler<Payload, Reply>,
    options?: HandleOptions,
  ): Actors<Payload, Reply> {
    const action = "register handler";
    checkText(kind, action, "kind");
    if (typeof handler !== "function") {
      throw badType(action, "handler", "a function", handler);
    }
    const ordered = resolveHandle(options, action);
    if (this.#state !== "new") {
      throw new TypeError(
        `Cannot ${action}: the cluster was started; register every kind before`,
      );
    }
    if (this.#handlers.has(kind)) {
      throw new TypeError(
        `Cannot ${action}: kind ${JSON.stringify(kind)} is registered already`,
      );
    }
    const registration = {
      handler: handler as Handler<unknown, unknown>,
      ordered,
    };
    this.#handlers.set(kind, registration);
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
    if (typeof Object(definition).open !== "function") {
      const must = "an actor definition, such as eventSourced() makes";
      throw badType("host actors", "definition", must, definition);
    }
    const hosted = definition.open();
    this.handle(kind, hosted.handler);
    this.#hosted.push(hosted);
    return this.actors(kind, definition);
  }

  /**
   * The actors of a kind, whether this node hosts it or not.
   *
   * @param definition Its definition, if it has one, which types requests and
   * their failures.
   * @throws {TypeError | RangeError} If the kind is not valid.
   */
  actors<Payload = unknown, Reply = unknown>(
    kind: string,
    definition?: ActorDefinition<Payload, Reply>,
  ): Actors<Payload, Reply> {
    checkText(kind, "get actors", "kind");
    const failure = definition?.failure;
    return Object.freeze<Actors<Payload, Reply>>({
      kind,
      request: async (actorId, payload, options) => {
        const action = "request actor";
        checkActorId(actorId, action);
        const resolved = resolveRequest(options, action);
        const { requester } = this.#node(action);
        const { activeSpan } = this.#parts.limits;
        const trace = activeTrace(activeSpan, () => {});
        const call = { kind, actorId, payload, trace, ...resolved };
        try {
          return await requester.request(call) as Reply;
        } catch (error) {
          const isOwn = failure !== undefined && error instanceof HandlerError;
          throw isOwn ? failure(error) : error;
        }
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
    if (this.#state === "leaving" || this.#state === "left") {
      return Promise.reject(this.#error ?? new NodeLeftError(START));
    }
    return this.#starting ??= this.#start();
  }

  /** Whether this node leads the cluster at this very moment. */
  isLeader(): boolean {
    return this.#running?.engine.membership.isLeader ?? false;
  }

  /** The members as far as this node knows, in the order in which they joined. */
  nodes(): readonly ClusterNode[] {
    return this.#nodes.nodes;
  }

  /** The shards that this node serves at this very moment, by number. */
  shards(): ShardEpoch[] {
    const owned = this.#running?.engine.owned() ?? [];
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
    const { engine } = this.#node(action);
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
    return this.#nodes.follow(options);
  }

  /** How the node is, such as for a probe of readiness or liveness. */
  health(): ClusterHealth {
    const engine = this.#running?.engine;
    return Object.freeze({
      state: this.#state,
      isReady: this.#isReady,
      owned: engine?.owned().length ?? 0,
      mapAge: engine?.membership.mapAge ?? Infinity,
      error: this.#error,
    });
  }

  /**
   * What the node has counted so far, and how it is right now.
   *
   * @throws {TypeError} If the cluster was not started.
   */
  get metrics(): ClusterMetrics {
    const { meter, requester, host } = this.#node("get metrics", true);
    return Object.freeze({
      ...meter.snapshot(),
      ...requester.counters,
      ...host.counters,
      waiting: requester.waiting,
      pending: host.load,
      active: this.#hosted.reduce((sum, { active }) => sum + active, 0),
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
    checkInteger(timeout, action, "timeout");
    await (this.#leaving ??= this.#leave(timeout));
  }

  /** As {@linkcode leave}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.leave();
  }

  /** @param late Whether it may have left. */
  #node(action: string, late = false): RunningNode {
    const running = this.#running;
    if (running !== undefined && (late || this.#state !== "left")) {
      return running;
    }
    if (this.#state === "left") throw this.#error ?? new NodeLeftError(action);
    throw new TypeError(
      `Cannot ${action}: the cluster was not started; await start() before`,
    );
  }

  async #start(): Promise<void> {
    this.#state = "starting";
    try {
      this.#running = await RunningNode.start(this.#parts, this.#handlers, {
        applied: ({ members }) => this.#nodes.apply(members),
        changed: () => this.#look(),
        released: (shard) => {
          for (const hosted of this.#hosted) hosted.released(shard);
        },
        failed: (reason) => this.#end(reason),
      });
      if (this.#state === "starting") this.#state = "running";
      this.#look();
    } catch (error) {
      this.#state = "left";
      const reason = error instanceof Error ? error : new Error(String(error));
      this.#error = reason;
      this.#ready.reject(reason);
      this.#left.reject(reason);
      this.#nodes.end();
      this.#leaving ??= Promise.resolve();
      throw error;
    }
  }

  async #leave(timeout: number): Promise<void> {
    // One that is starting leaves when it has.
    await this.#starting?.catch(() => {});
    if (this.#state === "left") return;
    this.#state = "leaving";
    await this.#running?.engine.leave(timeout);
    this.#state = "left";
    await this.#stop(new NodeLeftError("request actor"));
    this.#ready.reject(new NodeLeftError("become ready"));
    this.#nodes.end();
    this.#left.resolve();
  }

  /** An error has ended it. */
  #end(reason: Error): void {
    this.#state = "left";
    this.#error = reason;
    this.#ready.reject(reason);
    this.#nodes.end(reason);
    this.#leaving ??= Promise.resolve();
    this.#stop(reason).finally(() => this.#left.reject(reason));
  }

  async #stop(reason: Error): Promise<void> {
    for (const hosted of this.#hosted) hosted.close();
    await this.#running?.stop(reason);
  }

  /** Looks what has changed. */
  #look(): void {
    this.#running?.look();
    if (this.#isReady || !this.#running?.engine.isSettled()) return;
    this.#isReady = true;
    this.#ready.resolve();
  }
}
