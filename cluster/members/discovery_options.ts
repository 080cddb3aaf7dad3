/**
 * The options a node joins a cluster with.
 *
 * @module
 */

import {
  badRange,
  badType,
  checkBoolean,
  checkDuration,
  checkFunction,
  checkInteger,
  checkSignal,
  oneOf,
  type OptionNames,
  optionsOf,
} from "../../internal/arguments.ts";
import { checkName, checkPrefix } from "../../internal/nats/names.ts";
import { checkTelemetry } from "../../internal/telemetry/options.ts";
import type { Meter } from "../../internal/telemetry/types.ts";
import { type LeaseDurations, resolveDurations } from "../lease/settings.ts";
import { checkInboxPrefix } from "../lease/link_options.ts";
import { checkWeight } from "../weight.ts";
import type { MembershipOptions } from "./membership.ts";

/** The most bytes of a node's description, as JSON. */
const MAX_DESCRIPTION_BYTES = 16_384;

/** Options of {@linkcode NodeDiscovery.local}, and of every node. */
export interface LocalDiscoveryOptions extends LeaseDurations {
  /**
   * Which cluster the node joins: nodes of different clusters know nothing of
   * each other. At most 128 bytes when encoded. @default {"default"}
   */
  cluster?: string | undefined;
  /**
   * Names the deployment, such as `orders-production`: nodes that name another
   * one are refused. At most 128 bytes when encoded. @default none
   */
  deployment?: string | undefined;
  /**
   * What others know this node by: no two nodes that are alive have the same.
   * Best left out: a node of a given id that was killed has to wait for its own
   * lease to lapse when it starts again. At most 128 bytes when encoded.
   * @default random
   */
  nodeId?: string | undefined;
  /**
   * A `"member"` is seen by the others; a `"client"` sees them, writes nothing
   * and needs no right to. @default {"member"}
   */
  role?: "member" | "client" | undefined;
  /**
   * How much of the work the node takes, relative to the others: 0.01 to 100
   * (inclusive). @default {1}
   */
  weight?: number | undefined;
  /**
   * The version of the program. While two are there, work goes to the newer
   * one's nodes first: the one that joined later. @default {""}
   */
  appVersion?: string | undefined;
  /** What the node is for, in your words. @default {[]} */
  roles?: readonly string[] | undefined;
  /**
   * What else others are to know of the node, such as its address. With the
   * roles and the version it takes at most 16,384 bytes as JSON. @default {{}}
   */
  metadata?: Readonly<Record<string, string>> | undefined;
  /**
   * How long a member waits for the lease of an earlier process of its id to
   * lapse, and a client for the bucket that the first member makes, in
   * milliseconds: 1 to 2,147,483,647. @default twice `lease`
   */
  startTimeout?: number | undefined;
  /**
   * How long the leader waits after a member has joined before it moves work
   * to it, in milliseconds: 0 to 2,147,483,647. Members that join meanwhile get
   * theirs at the same time. @default `renewEvery`; 0 within one process
   */
  settle?: number | undefined;
  /**
   * Where counters are reported as instruments; OpenTelemetry's `Meter` is one.
   * @default nowhere
   */
  meter?: Meter | undefined;
  /**
   * Told of what goes wrong beside the calls and does not pass by itself, such
   * as a right that was taken away. What it throws is ignored.
   * @default {console.error}
   */
  onError?: ((error: unknown) => void) | undefined;
}

/** Options of {@linkcode NodeDiscovery.join}. */
export interface NodeDiscoveryOptions extends LocalDiscoveryOptions {
  /**
   * What streams, buckets and subjects begin with: a lower-case letter, then
   * at most 31 of lower-case letters, digits and `-`. @default {"aether"}
   */
  prefix?: string | undefined;
  /**
   * Whether to make the cluster's bucket if it is not there, also later.
   * `false` needs no right to create anything.
   * @default {true} for members, `false` for clients
   */
  create?: boolean | undefined;
  /**
   * Copies of the bucket on different servers: 1 to 5. Of a bucket that exists
   * it must be what it has, unless it is left out. @default {1}
   */
  replicas?: number | undefined;
  /**
   * Whether the connection is asked to reconnect when its server answers
   * neither three requests in a row nor a ping. It is shared with whatever
   * else uses the connection. @default {true}
   */
  reconnect?: boolean | undefined;
  /**
   * What the connection's user may receive replies on, if not `_INBOX`: the
   * same as the connection's own `inboxPrefix`. @default {"_INBOX"}
   */
  inboxPrefix?: string | undefined;
  /**
   * Aborts the joining, which fails with its reason. It means nothing to the
   * node once it has joined.
   */
  signal?: AbortSignal | undefined;
}

/** The options of every node, checked. */
export type ResolvedNode = Omit<MembershipOptions, "isLocal"> & {
  readonly meter: Meter | undefined;
};

/** The options of `join`, checked. */
export interface ResolvedJoin extends ResolvedNode {
  readonly prefix: string;
  readonly create: boolean;
  readonly replicas: number | undefined;
  readonly reconnect: boolean;
  readonly inboxPrefix: string | undefined;
  readonly signal: AbortSignal | undefined;
}

/** The names of the options of every node. */
export const LOCAL_NAMES: OptionNames<LocalDiscoveryOptions> = {
  cluster: true,
  deployment: true,
  nodeId: true,
  role: true,
  weight: true,
  appVersion: true,
  roles: true,
  metadata: true,
  startTimeout: true,
  settle: true,
  lease: true,
  renewDeadline: true,
  renewEvery: true,
  retry: true,
  meter: true,
  onError: true,
};

/** The names of the options of `join`. */
export const JOIN_NAMES: OptionNames<NodeDiscoveryOptions> = {
  ...LOCAL_NAMES,
  prefix: true,
  create: true,
  replicas: true,
  reconnect: true,
  inboxPrefix: true,
  signal: true,
};

/** Checks the options of `NodeDiscovery.local`. */
export function resolveLocal(
  options: LocalDiscoveryOptions | undefined,
  action: string,
): ResolvedNode {
  return resolveLocalNode(optionsOf(options, LOCAL_NAMES, action), 0, action);
}

/** Checks the options of a node within one process: nobody waits for others. */
export function resolveLocalNode(
  options: LocalDiscoveryOptions,
  shards: number,
  action: string,
): ResolvedNode {
  const { settle = 0 } = options;
  return resolveNode({ ...options, settle }, shards, action);
}

/** Checks the options of `NodeDiscovery.join`. */
export function resolveJoin(
  options: NodeDiscoveryOptions | undefined,
  action: string,
): ResolvedJoin {
  return resolveJoining(optionsOf(options, JOIN_NAMES, action), 0, action);
}

/** Checks the options of whatever joins a cluster of so many shards. */
export function resolveJoining(
  {
    prefix = "aether",
    create,
    replicas,
    reconnect = true,
    inboxPrefix,
    signal,
    ...node
  }: NodeDiscoveryOptions,
  shards: number,
  action: string,
): ResolvedJoin {
  checkPrefix(prefix, action);
  if (create !== undefined) checkBoolean(create, action, "create");
  checkBoolean(reconnect, action, "reconnect");
  if (replicas !== undefined) checkInteger(replicas, action, "replicas", 1, 5);
  checkInboxPrefix(inboxPrefix, action);
  checkSignal(signal, action);
  const resolved = resolveNode(node, shards, action);
  return {
    ...resolved,
    prefix,
    create: create ?? resolved.role === "member",
    replicas,
    reconnect,
    inboxPrefix,
    signal,
  };
}

/** Checks the options of every node of a cluster of so many shards. */
export function resolveNode(
  {
    cluster = "default",
    deployment,
    nodeId = crypto.randomUUID(),
    role = "member",
    weight = 1,
    appVersion = "",
    roles = [],
    metadata = {},
    startTimeout,
    settle,
    meter,
    onError,
    ...durations
  }: LocalDiscoveryOptions,
  shards: number,
  action: string,
): ResolvedNode {
  checkName(cluster, "cluster", action);
  if (deployment !== undefined) checkName(deployment, "deployment", action);
  checkName(nodeId, "nodeId", action);
  oneOf(role, ["member", "client"], action, "role");
  checkWeight(weight, action);
  checkTelemetry({ meter, activeSpan: undefined }, action);
  checkFunction(onError, action, "onError");
  const settings = resolveDurations(durations, action);
  if (startTimeout !== undefined) {
    checkDuration(startTimeout, action, "startTimeout");
  }
  if (settle !== undefined) checkDuration(settle, action, "settle", 0);
  const info = { weight, appVersion, roles: roles, metadata };
  checkDescription(info, action);
  const isMember = role === "member";
  return {
    cluster,
    role,
    nodeId,
    info: Object.freeze({
      ...info,
      roles: Object.freeze([...roles]),
      metadata: Object.freeze({ ...metadata }),
    }),
    settings,
    agreed: {
      ...isMember && { shards },
      ...(isMember || deployment !== undefined) &&
        { deployment: deployment ?? "" },
    },
    settle: settle ?? settings.renewEvery,
    startTimeout: startTimeout ?? 2 * settings.lease,
    meter,
    onError,
  };
}

function checkDescription(
  { appVersion, roles, metadata }: {
    appVersion: unknown;
    roles: unknown;
    metadata: unknown;
  },
  action: string,
): void {
  const isText = (value: unknown) => typeof value === "string";
  if (!isText(appVersion)) {
    throw badType(action, "appVersion", "a string", appVersion);
  }
  if (!Array.isArray(roles) || !roles.every(isText)) {
    throw badType(action, "roles", "an array of strings", roles);
  }
  const isObject = typeof metadata === "object" && metadata !== null &&
    !Array.isArray(metadata);
  if (!isObject || !Object.values(metadata).every(isText)) {
    throw badType(action, "metadata", "an object of strings", metadata);
  }
  const text = JSON.stringify([appVersion, roles, metadata]);
  const { length } = new TextEncoder().encode(text);
  if (length <= MAX_DESCRIPTION_BYTES) return;
  const must =
    `at most ${MAX_DESCRIPTION_BYTES} bytes with roles and appVersion`;
  throw badRange(action, "metadata", must, `${length} bytes`);
}
