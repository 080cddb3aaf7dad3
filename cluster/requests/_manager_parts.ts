/**
 * What a cluster manager is made of, over NATS and within this process.
 *
 * @module
 */

import type { NatsConnection } from "@nats-io/nats-core";
import { reportTo } from "../../internal/callbacks.ts";
import { checkConnection } from "../../internal/nats/connection.ts";
import { namingCall } from "../../internal/nats/errors.ts";
import type { LinkListener, OpenClusterLink } from "../lease/cluster_link.ts";
import { openLocalLink } from "../members/local_key_values.ts";
import { openMemberLink } from "../members/open_link.ts";
import { resolveJoin, resolveLocal } from "../shards/shard_options.ts";
import { checkpointKey } from "./_bucket_checkpoints.ts";
import {
  type ClusterManagerOptions,
  type LocalClusterManagerOptions,
  type ResolvedLimits,
  resolveLocalManager,
  resolveManager,
} from "./cluster_options.ts";
import {
  LocalTransport,
  NatsTransport,
  type RequestTransport,
} from "./transport.ts";

/** What starting is called in errors. */
export const START = "start cluster";

/** How a manager gets at its cluster; made when it starts. */
export interface Ways {
  readonly open: OpenClusterLink;
  readonly transport: RequestTransport;
}

/** What a manager is made of, for either kind of cluster. */
export interface ManagerParts {
  readonly node: ReturnType<typeof resolveLocal>[0];
  readonly shards: ReturnType<typeof resolveLocal>[1];
  readonly limits: ResolvedLimits;
  readonly isLocal: boolean;
  /** Aborts the start. */
  readonly signal: AbortSignal | undefined;
  /** @param works The names of the works that the node does. */
  connect(works: Iterable<string>): Promise<Ways>;
}

/** The parts of a manager over NATS. */
export function natsParts(
  nc: NatsConnection,
  options: ClusterManagerOptions | undefined,
): ManagerParts {
  const action = "make cluster manager";
  checkConnection(nc, action);
  const [limits, rest] = resolveManager(options, action);
  const [node, shards] = resolveJoin(rest, action);
  const { cluster, prefix, inboxPrefix, onError } = node;
  return {
    node,
    shards,
    limits,
    isLocal: false,
    signal: node.signal,
    connect: async (works) => {
      const keys = [...works].map((name) => ({
        key: checkpointKey(name, 0),
        writes: true,
      }));
      const open = await openMemberLink(nc, node, START, keys);
      const report = reportTo(onError);
      const options = { cluster, prefix, inboxPrefix, report };
      let transport: NatsTransport | undefined;
      try {
        transport = new NatsTransport(nc, options);
        await transport.check(node, node.startTimeout, node.signal);
        return { open, transport };
      } catch (error) {
        await transport?.close();
        await open(NOBODY).close();
        throw namingCall(START, error);
      }
    },
  };
}

/** Hears nothing of a link that is only closed. */
const NOBODY: LinkListener = {
  up: () => {},
  over: () => {},
  report: () => {},
  reconnected: () => {},
};

/** The parts of a manager within this process. */
export class LocalParts implements ManagerParts {
  readonly node: ManagerParts["node"];
  readonly shards: ManagerParts["shards"];
  readonly limits: ResolvedLimits;
  readonly isLocal = true;
  readonly signal: undefined;

  constructor(options: LocalClusterManagerOptions | undefined) {
    const action = "make cluster manager";
    const [limits, rest] = resolveLocalManager(options, action);
    this.limits = limits;
    [this.node, this.shards] = resolveLocal(rest, action);
  }

  readonly connect = (): Promise<Ways> => {
    const { cluster } = this.node;
    return Promise.resolve({
      open: openLocalLink(cluster),
      transport: new LocalTransport(cluster),
    });
  };
}
