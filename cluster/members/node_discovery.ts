/**
 * Who is there.
 *
 * @module
 */

import type { NatsConnection } from "@nats-io/nats-core";
import type { OpenClusterLink } from "../lease/cluster_link.ts";
import type { ClusterNode, FollowClusterOptions } from "./cluster_node.ts";
import {
  type LocalDiscoveryOptions,
  type NodeDiscoveryOptions,
  type ResolvedNode,
  resolveJoin,
  resolveLocal,
} from "./discovery_options.ts";
import { NodeLeftError } from "./errors.ts";
import { openLocalLink } from "./local_key_values.ts";
import { Membership } from "./membership.ts";
import { MembershipMeter } from "./meter.ts";
import type { DiscoveryMetrics } from "./metrics.ts";
import { NodeList } from "./node_list.ts";
import { openMemberLink } from "./open_link.ts";

const ACTION = "join cluster";

/**
 * Knows the nodes of a cluster.
 *
 * A member keeps a lease, and tells with it what it is. One of the members,
 * the leader, watches the leases and writes down who is there; all read that.
 * A member that leaves is gone at once; of one that was killed or cut off the
 * others know when its lease has lapsed. Wall clocks may show anything.
 *
 * What a node knows is at most some `renewEvery` behind while NATS answers. It
 * proves nothing: a member that is listed may be gone, and one that is not may
 * just have joined.
 *
 * @example See who is there
 * ```ts
 * import { NodeDiscovery } from "@flowmade-one/aether/cluster";
 * import { assertEquals } from "@std/assert";
 *
 * await using web = await NodeDiscovery.local({ nodeId: "web-1" });
 * await using worker = await NodeDiscovery.local({
 *   nodeId: "worker-1",
 *   roles: ["worker"],
 *   metadata: { address: "10.0.0.7:8080" },
 * });
 * await worker.ready;
 *
 * for await (const nodes of web.changes()) {
 *   const workers = nodes.filter(({ roles }) => roles.includes("worker"));
 *   if (workers.length === 0) continue; // it has not heard of it yet
 *   assertEquals(workers[0]?.metadata.address, "10.0.0.7:8080");
 *   break;
 * }
 * ```
 */
export class NodeDiscovery implements AsyncDisposable {
  /** Which cluster the node has joined. */
  readonly cluster: string;
  /** What others know the node by, if it is a member. */
  readonly nodeId: string;
  /**
   * Resolves when the others can see this node as `"ready"`, or a client knows
   * who is there; it stays resolved whatever comes.
   *
   * Rejects with a {@linkcode NodeLeftError} if the node leaves before, and
   * with what has ended it, such as a {@linkcode ConnectionClosedError}.
   */
  readonly ready: Promise<void>;
  readonly #ready = Promise.withResolvers<void>();
  readonly #nodes = new NodeList();
  #membership!: Membership;
  #meter!: MembershipMeter;
  #left: Promise<void> | undefined;

  private constructor({ cluster, nodeId }: ResolvedNode) {
    this.cluster = cluster;
    this.nodeId = nodeId;
    this.ready = this.#ready.promise;
    this.ready.catch(() => {}); // whoever awaits it hears of it
  }

  /**
   * Joins a cluster over NATS, and makes its bucket if it is not there.
   *
   * A member has joined when it has its lease; others see it a moment later.
   * In a new bucket that takes a lease longer: it may have been made anew while
   * nodes were at work.
   *
   * @param nc An open connection, from whichever transport fits; best with
   * `timeout: 2000` and `maxReconnectAttempts: -1`. It stays the caller's.
   * @throws {NodeIdTakenError} If a process that is alive has the same id, or
   * the lease of one that was killed has not lapsed within `startTimeout`.
   * @throws {ClusterMismatchError} If the cluster has other settings.
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
    options?: NodeDiscoveryOptions,
  ): Promise<NodeDiscovery> {
    const resolved = resolveJoin(options, ACTION);
    const open = await openMemberLink(nc, resolved, ACTION);
    return await NodeDiscovery.#join(resolved, open, false, resolved.signal);
  }

  /**
   * Joins a cluster among the nodes that this process makes in the same way,
   * for tests and for programs of one process. It needs no server.
   *
   * @throws {NodeIdTakenError | ClusterMismatchError} As {@linkcode join}.
   * @throws {TypeError | RangeError} If an option is not valid.
   */
  static async local(options?: LocalDiscoveryOptions): Promise<NodeDiscovery> {
    const resolved = resolveLocal(options, ACTION);
    const open = openLocalLink(resolved.cluster);
    return await NodeDiscovery.#join(resolved, open, true, undefined);
  }

  static async #join(
    resolved: ResolvedNode,
    open: OpenClusterLink,
    isLocal: boolean,
    signal: AbortSignal | undefined,
  ): Promise<NodeDiscovery> {
    const discovery = new NodeDiscovery(resolved);
    const options = { ...resolved, isLocal };
    discovery.#membership = await Membership.join(open, options, {
      applied: ({ members }) => discovery.#nodes.apply(members),
      changed: () => discovery.#look(),
      failed: (reason) => discovery.#end(reason),
    }, signal);
    const membership = discovery.#membership;
    try {
      const { meter, cluster } = resolved;
      discovery.#meter = new MembershipMeter(meter, cluster, membership);
    } catch (error) {
      await membership.leave();
      throw error;
    }
    discovery.#look();
    return discovery;
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

  /** What the node has counted so far. */
  get metrics(): DiscoveryMetrics {
    return this.#meter.snapshot();
  }

  /**
   * Leaves the cluster: the others know at once, while NATS answers, and else
   * when the lease has lapsed. Harmless the second time.
   */
  leave(): Promise<void> {
    return this.#left ??= this.#leave();
  }

  /** As {@linkcode leave}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.leave();
  }

  async #leave(): Promise<void> {
    this.#ready.reject(new NodeLeftError("become ready"));
    this.#nodes.end();
    this.#meter.close();
    await this.#membership.leave();
  }

  #end(reason: Error): void {
    this.#ready.reject(reason);
    this.#nodes.end(reason);
    this.#meter?.close();
    this.#left ??= Promise.resolve();
  }

  #look(): void {
    const membership = this.#membership as Membership | undefined;
    if (membership?.map === undefined) return;
    const isReady = membership.options.role === "client" ||
      membership.self?.state === "ready";
    if (isReady) this.#ready.resolve();
  }
}
