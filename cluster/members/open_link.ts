/**
 * How a node reaches its cluster over NATS.
 *
 * @module
 */

import type { NatsConnection } from "@nats-io/nats-core";
import { StreamSetupError } from "../../internal/nats/stream_errors.ts";
import { delay } from "../../internal/waiting.ts";
import type { OpenClusterLink } from "../lease/cluster_link.ts";
import { openNatsLink } from "../lease/nats_link.ts";
import { MAP_KEY } from "./_contender.ts";
import type { ResolvedJoin } from "./discovery_options.ts";
import { nodeKey } from "./lease_watch.ts";

/**
 * Opens the cluster's bucket with the rights that the node needs. A client waits
 * for it until its start times out: the first member makes it.
 *
 * @param more Keys that it needs beside those of its lease and of the map.
 */
export async function openMemberLink(
  nc: NatsConnection,
  options: ResolvedJoin,
  action: string,
  more: readonly { readonly key: string; readonly writes: boolean }[] = [],
): Promise<OpenClusterLink> {
  const { role, nodeId, settings: { retry }, startTimeout, signal } = options;
  const keys = role === "member"
    ? [{ key: nodeKey(nodeId), writes: true }, { key: MAP_KEY, writes: true }]
    : [{ key: MAP_KEY, writes: false }];
  const asked = { ...options, retry, keys: [...keys, ...more] };
  const deadline = performance.now() + startTimeout;
  for (;;) {
    try {
      return await openNatsLink(nc, asked, action);
    } catch (error) {
      const isEarly = role === "client" && error instanceof StreamSetupError &&
        error.code === "not-found" && performance.now() < deadline;
      if (!isEarly) throw error;
      await delay(retry, signal);
    }
  }
}
