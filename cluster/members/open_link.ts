/**
 * How a node reaches its cluster over NATS.
 *
 * @module
 */

import type { NatsConnection } from "@nats-io/nats-core";
import type { OpenClusterLink } from "../lease/cluster_link.ts";
import { openNatsLink } from "../lease/nats_link.ts";
import { MAP_KEY } from "./_contender.ts";
import type { ResolvedJoin } from "./discovery_options.ts";
import { nodeKey } from "./lease_watch.ts";

/**
 * Opens the cluster's bucket with the rights that the node needs.
 *
 * @param more Keys that it needs beside those of its lease and of the map.
 */
export function openMemberLink(
  nc: NatsConnection,
  options: ResolvedJoin,
  action: string,
  more: readonly { readonly key: string; readonly writes: boolean }[] = [],
): Promise<OpenClusterLink> {
  const { role, nodeId, settings: { retry } } = options;
  const keys = role === "member"
    ? [{ key: nodeKey(nodeId), writes: true }, { key: MAP_KEY, writes: true }]
    : [{ key: MAP_KEY, writes: false }];
  return openNatsLink(
    nc,
    { ...options, retry, keys: [...keys, ...more] },
    action,
  );
}
