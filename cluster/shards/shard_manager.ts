/**
 * Shards with one owner.
 *
 * What is built on shards (requests, hosts) uses {@linkcode ShardEngine} in
 * `shard_engine.ts`, of which the manager is the public face:
 *
 * - `ownerOf(shard)`: `{ nodeId, incarnation, epoch }` by the newest map;
 * - `admits(shard, epoch)` and `epochOf(shard)`: whether, and at which epoch,
 *   this node may begin something at this very moment; asked at each call, as
 *   they compare clocks;
 * - hooks: `applied(map)` for newer maps, `changed()` for whatever else may
 *   have changed, `drain({ shard, epoch })` to let what was begun end after
 *   nothing more is admitted, between `acquired` and `released`;
 * - `membership`: the node among the others, its errors and its end.
 *
 * @module
 */

import type { NatsConnection } from "@nats-io/nats-core";
import {
  badType,
  checkDuration,
  checkInteger,
  optionsOf,
} from "../../internal/arguments.ts";
import { shardOf } from "../../internal/hash.ts";
import type { OpenClusterLink } from "../lease/cluster_link.ts";
import type { ShardEpoch } from "../map/held_shards.ts";
import type {
  ClusterNode,
  FollowClusterOptions,
} from "../members/cluster_node.ts";
import type { ResolvedNode } from "../members/discovery_options.ts";
import { ClusterUnknownError, NodeLeftError } from "../members/errors.ts";
import { openLocalLink } from "../members/local_key_values.ts";
import { NodeList } from "../members/node_list.ts";
import { openMemberLink } from "../members/open_link.ts";
import { ShardMeter } from "./meter.ts";
import type { ShardMetrics } from "./metrics.ts";
import { ShardEngine, type ShardOwnership } from "./shard_engine.ts";
import {
  type LocalShardManagerOptions,
  type ResolvedShards,
  resolveJoin,
  resolveLocal,
  type ShardManagerOptions,
} from "./shard_options.ts";

const ACTION = "join cluster";

/** Options of {@linkcode ShardManager.leave}. */
export interface LeaveOptions {
  /**
   * How long handing over may take, in milliseconds: 0 to 2,147,483,647. What
   * is not handed over by then is stopped, and others go on with it.
   * @default twice `lease`: {30_000}
   */
  timeout?: number | undefined;
}

/** Who owns the shard of an actor. */
export interface ShardOwner extends ShardOwnership {
  /** The number of the shard. */
  readonly shard: number;
}

/**
 * Shares shards out among the nodes of a cluster, so that each has one owner.
 *
 * An actor id belongs to a shard, the same one in every process. **At no moment
 * do two nodes own a shard**, by {@linkcode isOwner}: a shard moves when its
 * owner has let go of it, or when its lease has gone by, and an owner that
 * can't renew its lease, or can't read who owns what, stops before that. Once
 * the cluster has settled, each shard has an owner that is alive.
 *
 * What an owner has begun when its time ends may still be under way when the
 * next one begins, in a process that was stopped, say: stop when the signal is
 * aborted, and let the store's version check decide about events.
 *
 * A member that joins gets its share of the shards, by weight, and one that
 * leaves gives its own away; no other shards move.
 *
 * @example Serve shards
 * ```ts
 * import { ShardManager } from "@flowmade-one/aether/cluster";
 * import { assert, assertEquals } from "@std/assert";
 *
 * const loaded = new Set<number>();
 * await using manager = await ShardManager.local({
 *   shards: 16,
 *   onShardAcquired: ({ shard }) => void loaded.add(shard),
 *   onShardReleased: ({ shard }) => void loaded.delete(shard),
 * });
 * await manager.ready;
 *
 * const shard = manager.shardOf("order-1");
 * assert(manager.isOwner(shard)); // there is no other node
 * assertEquals(manager.ownerOf("order-1")?.nodeId, manager.nodeId);
 *
 * await manager.leave();
 * assertEquals(loaded.size, 0);
 * ```
 */
export class ShardManager implements AsyncDisposable {
  /** Which cluster the node has joined. */
  readonly cluster: string;
  /** What others know the node by, if it is a member. */
  readonly nodeId: string;
  /**
   * Resolves when the cluster has settled for the first time, as far as this
   * node knows: each shard is where it is to be, and this node serves its own.
   * It stays resolved whatever comes: an outage of NATS is no reason to restart
   * a process.
   *
   * Rejects with a {@linkcode NodeLeftError} if the node leaves before, and
   * with what has ended it, such as a {@linkcode ConnectionClosedError}.
   */
  readonly ready: Promise<void>;
  readonly #ready = Promise.withResolvers<void>();
  #isReady = false;
  readonly #nodes = new NodeList();
  readonly #leaveTimeout: number;
  #engine!: ShardEngine;
  #meter!: ShardMeter;
  #left: Promise<void> | undefined;

  private constructor({ cluster, nodeId, settings }: ResolvedNode) {
    this.cluster = cluster;
    this.nodeId = nodeId;
    this.#leaveTimeout = 2 * settings.lease;
    this.ready = this.#ready.promise;
    this.ready.catch(() => {}); // whoever awaits it hears of it
  }

  /**
   * Joins a cluster over NATS, and makes its bucket if it is not there.
   *
   * A member has joined when it has its lease; it is given shards a moment
   * later. In a new bucket that takes a lease longer: it may have been made
   * anew while nodes were at work.
   *
   * @param nc An open connection, from whichever transport fits; best with
   * `timeout: 2000` and `maxReconnectAttempts: -1`. It stays the caller's.
   * @throws {NodeIdTakenError} If a process that is alive has the same id, or
   * the lease of one that was killed has not lapsed within `startTimeout`.
   * @throws {ClusterMismatchError} If the cluster has other settings, such as
   * another number of shards.
   * @throws {StreamSetupError} If the bucket is not there and may not be made,
   * can't be made, or has other settings than needed.
   * @throws {JetStreamUnavailableError} If JetStream does not answer.
   * @throws {PermissionDeniedError} If the connection's user lacks a right.
   * @throws {ConnectionClosedError | ConnectionLostError} If the connection is
   * closed, or down.
   * @throws {TypeError | RangeError} If `nc` or an option is not valid.
   */
  static async join(
    nc: NatsConnection,
    options?: ShardManagerOptions,
  ): Promise<ShardManager> {
    const [node, shards] = resolveJoin(options, ACTION);
    const open = await openMemberLink(nc, node, ACTION);
    return await ShardManager.#join(node, shards, open, false, node.signal);
  }

  /**
   * Joins a cluster among the nodes that this process makes in the same way,
   * for tests and for programs of one process. It needs no server.
   *
   * @throws {NodeIdTakenError | ClusterMismatchError} As {@linkcode join}.
   * @throws {TypeError | RangeError} If an option is not valid.
   */
  static async local(
    options?: LocalShardManagerOptions,
  ): Promise<ShardManager> {
    const [node, shards] = resolveLocal(options, ACTION);
    const open = openLocalLink(node.cluster);
    return await ShardManager.#join(node, shards, open, true, undefined);
  }

  static async #join(
    node: ResolvedNode,
    shards: ResolvedShards,
    open: OpenClusterLink,
    isLocal: boolean,
    signal: AbortSignal | undefined,
  ): Promise<ShardManager> {
    const manager = new ShardManager(node);
    const isMember = node.role === "member";
    manager.#engine = await ShardEngine.join(open, {
      ...node,
      isLocal,
      shards: isMember ? shards.shards : undefined,
      hookTimeout: shards.hookTimeout ?? Math.ceil(node.settings.lease / 3),
    }, {
      acquired: shards.onShardAcquired,
      released: shards.onShardReleased,
      applied: ({ members }) => manager.#nodes.apply(members),
      changed: () => manager.#look(),
      failed: (reason) => manager.#end(reason),
    }, signal);
    try {
      const { meter, cluster } = node;
      manager.#meter = new ShardMeter(meter, cluster, manager.#engine);
    } catch (error) {
      await manager.#engine.leave(0);
      throw error;
    }
    manager.#look();
    return manager;
  }

  /**
   * The shard of an actor: a whole number from 0 to below the number of shards.
   * It depends on nothing but these two.
   *
   * @throws {TypeError} If the id is no string.
   * @throws {ClusterUnknownError} On a client that has not seen the cluster yet;
   * its {@linkcode ready} tells when it has.
   */
  shardOf(actorId: string): number {
    const action = "get shard";
    if (typeof actorId !== "string") {
      throw badType(action, "actorId", "a string", actorId);
    }
    return shardOf(actorId, this.#shardCount);
  }

  /**
   * Who owns the shard of an actor, as far as this node knows; undefined while
   * nobody does. It proves nothing: for that, ask the owner's own
   * {@linkcode isOwner}.
   *
   * @param actor An actor's id, or the number of a shard.
   * @throws {RangeError} If there is no shard of that number.
   * @throws As {@linkcode shardOf}.
   */
  ownerOf(actor: string | number): ShardOwner | undefined {
    const shard = typeof actor === "number"
      ? this.#checkShard(actor, "get owner")
      : this.shardOf(actor);
    const owner = this.#engine.ownerOf(shard);
    return owner && { shard, ...owner };
  }

  /**
   * Whether this node owns a shard at this very moment, by its clocks, and
   * `onShardAcquired` has settled for it.
   *
   * @throws {TypeError | RangeError} If there is no such shard.
   */
  isOwner(shard: number): boolean {
    this.#checkShard(shard, "ask for owner");
    return this.#engine.epochOf(shard) !== undefined;
  }

  /** The shards that this node owns at this very moment, by number. */
  shards(): ShardEpoch[] {
    return this.#engine.owned().sort((a, b) => a.shard - b.shard);
  }

  /**
   * The members, in the order in which they joined; empty until the first
   * answer is there, and after the node has left.
   */
  nodes(): readonly ClusterNode[] {
    return this.#nodes.nodes;
  }

  /**
   * The members: now, and each time that something about them changes. Changes
   * that follow each other faster than they are asked for come as one. It ends
   * when the node has left.
   *
   * @throws {ConnectionClosedError} From the iteration, if the connection is
   * closed for good, or whatever else has ended the node.
   */
  changes(
    options?: FollowClusterOptions,
  ): AsyncIterableIterator<readonly ClusterNode[], undefined> {
    return this.#nodes.follow(options);
  }

  /** What the node has counted so far, and how it is right now. */
  get metrics(): ShardMetrics {
    return this.#meter.snapshot();
  }

  /**
   * Hands all shards over and leaves the cluster: resolves when other nodes may
   * serve them, or when there is no other node. Harmless the second time.
   *
   * Call it when the process is told to end, and end it afterwards.
   *
   * @throws {TypeError | RangeError} If an option is not valid.
   */
  async leave(options?: LeaveOptions): Promise<void> {
    const action = "leave cluster";
    const { timeout = this.#leaveTimeout } = optionsOf(
      options,
      { timeout: true },
      action,
    );
    checkDuration(timeout, action, "timeout", 0);
    await (this.#left ??= this.#leave(timeout));
  }

  /** As {@linkcode leave}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.leave();
  }

  get #shardCount(): number {
    const count = this.#engine.shardCount;
    if (count === undefined) throw new ClusterUnknownError("get shard");
    return count;
  }

  #checkShard(shard: number, action: string): number {
    return checkInteger(shard, action, "shard", 0, this.#shardCount - 1);
  }

  async #leave(timeout: number): Promise<void> {
    await this.#engine.leave(timeout);
    this.#ready.reject(new NodeLeftError("become ready"));
    this.#nodes.end();
    this.#meter.close();
  }

  #end(reason: Error): void {
    this.#ready.reject(reason);
    this.#nodes.end(reason);
    this.#meter?.close();
    this.#left ??= Promise.resolve();
  }

  #look(): void {
    const engine = this.#engine as ShardEngine | undefined;
    if (this.#isReady || !engine?.isSettled()) return;
    this.#isReady = true;
    this.#ready.resolve();
  }
}
