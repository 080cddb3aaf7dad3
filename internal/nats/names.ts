/**
 * How actor ids, namespaces and event types are spelled in subjects, streams
 * and buckets. Stored history depends on every rule here, so that none can
 * ever change.
 *
 * @module
 */

import { encodeName } from "./_tokens.ts";

export {
  checkActorId,
  checkEventId,
  checkEventType,
  checkName,
  checkNamespace,
  checkPrefix,
  maxActorIdBytes,
  maxEventIdBytes,
  maxEventTypeBytes,
  maxNamespaceBytes,
} from "./_limits.ts";
export {
  decodeActorId,
  decodeName,
  decodeToken,
  encodeActorId,
  encodeName,
  encodeToken,
  plainActorId,
} from "./_tokens.ts";

/** The stream of a namespace, such as `AETHER_default`. */
export function streamName(prefix: string, namespace: string): string {
  return `${prefix.toUpperCase()}_${encodeName(namespace)}`;
}

/** The KV bucket of a namespace's snapshots, such as `AETHER_SNAPSHOTS_default`. */
export function snapshotBucket(prefix: string, namespace: string): string {
  return `${prefix.toUpperCase()}_SNAPSHOTS_${encodeName(namespace)}`;
}

/**
 * The beginning of the subjects of a namespace's events, without the dot that
 * follows: `aether.events.default`. The stream's subjects are it and `.>`, an
 * actor's is it, a dot and the actor id as {@linkcode encodeActorId} gives it:
 * `aether.events.default.order-1`.
 */
export function eventSubjectRoot(prefix: string, namespace: string): string {
  return `${prefix}.events.${encodeName(namespace)}`;
}

/** The KV bucket of a cluster, such as `AETHER_CLUSTER_default`. */
export function clusterBucket(prefix: string, cluster: string): string {
  return `${prefix.toUpperCase()}_CLUSTER_${encodeName(cluster)}`;
}

/**
 * What the subjects of a cluster's messages begin with, without the dot that
 * follows: `aether.cluster.default`.
 */
export function clusterSubjectRoot(prefix: string, cluster: string): string {
  return `${prefix}.cluster.${encodeName(cluster)}`;
}
