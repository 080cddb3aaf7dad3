/**
 * A node that has started: its shards, and both sides of requests.
 *
 * @module
 */

import { shardOf } from "../../internal/hash.ts";
import { type ClusterMap, isMember } from "../map/cluster_map.ts";
import { ShardMeter } from "../shards/meter.ts";
import { ShardEngine } from "../shards/shard_engine.ts";
import { decodeRequest, encodeReply, type Envelope } from "./envelope.ts";
import type { ManagerParts } from "./_manager_parts.ts";
import { OpenWorks } from "./_open_works.ts";
import type { Registrations } from "./_registrations.ts";
import { reportRequests } from "./_request_meter.ts";
import { RequestHost } from "./request_host.ts";
import { Requester, type RequestRouting } from "./requester.ts";
import type { RequestTransport } from "./transport.ts";

/** Hears of a node. */
export interface NodeListener {
  /** There is a newer map. */
  applied(map: ClusterMap): void;
  /** Something about it may have changed. */
  changed(): void;
  /** An error has ended it. */
  failed(reason: Error): void;
}

/** A node of a cluster, from its start to its end. */
export class RunningNode {
  readonly engine: ShardEngine;
  readonly host: RequestHost;
  readonly requester: Requester;
  readonly meter: ShardMeter;
  readonly works: OpenWorks;
  readonly #nodeId: string;
  readonly #transport: RequestTransport;
  readonly #stopReports: () => void;
  /** The life of the node that receives requests, and how to end that. */
  #served: { incarnation: string; stop: () => Promise<void> } | undefined;
  #isLeaving = false;

  private constructor(
    engine: ShardEngine,
    transport: RequestTransport,
    { node, limits, shards }: ManagerParts,
    { handlers }: Registrations,
    works: OpenWorks,
  ) {
    const { nodeId, meter, cluster } = node;
    this.engine = engine;
    this.works = works;
    works.begin(engine, { cluster, meter, shards: shards.shards });
    this.#nodeId = nodeId;
    this.#transport = transport;
    this.host = new RequestHost(
      engine,
      handlers,
      limits,
      engine.membership.report,
    );
    const routing = routingOf(engine, nodeId);
    this.requester = new Requester(routing, this.host, transport);
    this.meter = new ShardMeter(meter, cluster, engine);
    this.#stopReports = reportRequests(
      meter,
      cluster,
      this.requester,
      this.host,
    );
  }

  /** Joins a cluster; when that fails the node leaves it again. */
  static async start(
    parts: ManagerParts,
    registrations: Registrations,
    listener: NodeListener,
  ): Promise<RunningNode> {
    const { node, shards, isLocal, signal } = parts;
    const { open, transport } = await parts.connect(
      node.role === "member" ? registrations.works.keys() : [],
    );
    let running: RunningNode | undefined;
    const works = new OpenWorks(registrations.works);
    let engine: ShardEngine | undefined;
    try {
      const isMember = node.role === "member";
      engine = await ShardEngine.join(open, {
        ...node,
        isLocal,
        shards: isMember ? shards.shards : undefined,
        hookTimeout: hookTimeoutOf(parts),
      }, {
        acquired: works.any
          ? (at) =>
            works.beginAfter(
              (each) => shards.onShardAcquired?.(each),
              at,
              hookTimeoutOf(parts),
            )
          : shards.onShardAcquired,
        drain: (at) =>
          Promise.all([running?.host.drain(at), works.released(at)]),
        released: async (at) => {
          registrations.released(at.shard);
          await shards.onShardReleased?.(at);
        },
        leaving: () => running?.stopServing(),
        applied: (map) => listener.applied(map),
        changed: () => listener.changed(),
        failed: (reason) => listener.failed(reason),
      }, signal);
      return running = new RunningNode(
        engine,
        transport,
        parts,
        registrations,
        works,
      );
    } catch (error) {
      await engine?.leave(0);
      await works.close();
      await transport.close();
      throw error;
    }
  }

  /** Looks what has changed. */
  look(): void {
    this.#serve();
    this.host.changed();
    this.works.changed();
    this.requester.changed();
  }

  /**
   * Receives no more; resolves when everything that has come in is answered.
   * Callers rely on that while the node is a member.
   */
  async stopServing(): Promise<void> {
    this.#isLeaving = true;
    await this.#served?.stop();
  }

  /** Ends requests, with a reason for those that wait. */
  async stop(reason: Error): Promise<void> {
    const served = this.stopServing();
    this.host.close();
    this.requester.close(reason);
    await Promise.all([served, this.works.close()]);
    this.#stopReports();
    this.meter.close();
    await this.#transport.close();
  }

  /** Receives requests under the node's present incarnation. */
  #serve(): void {
    const { incarnation } = this.engine.membership;
    if (incarnation === undefined || this.#isLeaving) return;
    if (this.#served?.incarnation === incarnation) return;
    this.#served?.stop();
    this.#served = undefined;
    const address = { nodeId: this.#nodeId, incarnation };
    try {
      const stop = this.#transport.serve(address, this.#receive);
      this.#served = { incarnation, stop };
    } catch {
      // The connection is down or closed: it is tried again when it is back.
    }
  }

  readonly #receive = (message: Uint8Array): Promise<Uint8Array> => {
    const { maxBytes } = this.#transport;
    let envelope: Envelope;
    try {
      envelope = decodeRequest(message);
    } catch (error) {
      this.engine.membership.report(error);
      return Promise.resolve(encodeReply({ type: "unreadable" }, maxBytes));
    }
    const shard = shardOf(envelope.actorId, this.engine.shardCount ?? 1);
    return this.host.receive(envelope, shard)
      .then((reply) => encodeReply(reply, maxBytes));
  };
}

/** How long each call of a hook may take, in milliseconds. */
function hookTimeoutOf(
  { shards, node }: Pick<ManagerParts, "node" | "shards">,
): number {
  return shards.hookTimeout ?? Math.ceil(node.settings.lease / 3);
}

/** What the requester knows of an engine's shards. */
function routingOf(engine: ShardEngine, nodeId: string): RequestRouting {
  return {
    get shardCount() {
      return engine.shardCount;
    },
    ownerOf: (shard: number) => engine.ownerOf(shard),
    isMember: ({ nodeId: id, incarnation }) =>
      engine.map?.members.some((each) => isMember(each, { id, incarnation })) ??
        false,
    get self() {
      const { incarnation } = engine.membership;
      return incarnation === undefined ? undefined : { nodeId, incarnation };
    },
  };
}
