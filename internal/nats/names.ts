/**
 * How actor ids, namespaces and event types are spelled in subjects, streams
 * and buckets. Stored history depends on every rule here, so that none can
 * ever change.
 *
 * @module
 */

import { maxActorIdBytes } from "./_limits.ts";
import { encodeActorId, encodeName, encodeToken } from "./_tokens.ts";
import { show } from "../show.ts";

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

/**
 * A NATS pattern over actor ids as one over their subjects: `*` for any one
 * token, a final `>` for one or more; every other token is a literal, encoded
 * as in actor ids. An id's `*`, `>` or dot that was encoded can't be named
 * literally, only matched by a wildcard.
 *
 * @param action What can't be done, such as `subscribe`.
 * @throws {TypeError} If it is no string, has lone surrogates or an empty
 * token, or a `>` that is not last.
 * @throws {RangeError} If its encoded form has more than 2,048 bytes.
 */
export function encodeActorPattern(
  pattern: string,
  action = "match actors",
): string {
  const refuse = (why: string): never => {
    throw new TypeError(
      `Cannot ${action}: actors ${why}, got ${show(pattern)}`,
    );
  };
  if (typeof pattern !== "string") refuse("must be a string");
  if (pattern === "") refuse("must not be empty");
  if (!pattern.isWellFormed()) refuse("must not have lone surrogates");
  const encoded = pattern.split(".").map((token, i, tokens) => {
    if (token === "") refuse("must not have empty tokens");
    if (token === "*") return token;
    if (token !== ">") return encodeToken(token);
    if (i !== tokens.length - 1) refuse("must have '>' as its last token only");
    return token;
  }).join(".");
  if (encoded.length > maxActorIdBytes) {
    throw new RangeError(
      `Cannot ${action}: actors, encoded, take ${encoded.length} bytes, the limit is ${maxActorIdBytes}, got ${
        show(pattern)
      }`,
    );
  }
  return encoded;
}

/**
 * A test of valid actor ids against a pattern: what NATS says of
 * {@linkcode encodeActorId} and {@linkcode encodeActorPattern}.
 *
 * @throws As {@linkcode encodeActorPattern}.
 */
export function actorMatcher(pattern: string): (actorId: string) => boolean {
  const encoded = encodeActorPattern(pattern);
  if (encoded === ">") return () => true;
  const source = encoded.split(".").map((token) =>
    token === "*" ? "[^.]+" : token === ">" ? ".+" : token
  );
  const regexp = new RegExp(`^${source.join("\\.")}$`);
  return (actorId) => regexp.test(encodeActorId(actorId));
}

/** The stream of a namespace, such as `AETHER_default`. */
export function streamName(prefix: string, namespace: string): string {
  return `${prefix.toUpperCase()}_${encodeName(namespace)}`;
}

/** The KV bucket of a namespace's snapshots, such as `AETHER_SNAPSHOTS_default`. */
export function snapshotBucket(prefix: string, namespace: string): string {
  return `${prefix.toUpperCase()}_SNAPSHOTS_${encodeName(namespace)}`;
}

/**
 * What the subjects of a namespace's events begin with, without the dot that
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
