/**
 * The options an election is joined with.
 *
 * @module
 */

import {
  checkBoolean,
  checkFunction,
  checkInteger,
  checkSignal,
  type OptionNames,
  optionsOf,
} from "../../internal/arguments.ts";
import { checkInboxPrefix } from "../lease/link_options.ts";
import { checkName, checkPrefix } from "../../internal/nats/names.ts";
import { checkTelemetry } from "../../internal/telemetry/options.ts";
import type { ActiveSpan, Meter } from "../../internal/telemetry/types.ts";
import {
  type LeaseDurations,
  type LeaseSettings,
  resolveDurations,
} from "../lease/settings.ts";

/** Options of {@linkcode LeaderElection.local}, and of every election. */
export interface LocalElectionOptions extends LeaseDurations {
  /**
   * Which cluster elects: nodes of different clusters know nothing of each
   * other. At most 128 bytes when encoded. @default {"default"}
   */
  cluster?: string | undefined;
  /**
   * Which of the cluster's elections this is, such as the name of a task that
   * one node at a time is to do. At most 128 bytes when encoded.
   * @default {"leader"}
   */
  name?: string | undefined;
  /**
   * What others know this node by. It need not be unique: two that share an id
   * still take turns. At most 128 bytes when encoded. @default random
   */
  nodeId?: string | undefined;
  /**
   * Where counters are reported as instruments; OpenTelemetry's `Meter` is one.
   * @default nowhere
   */
  meter?: Meter | undefined;
  /**
   * Gives the span that is active when the election is joined or the
   * leadership is released; what is stored then bears its trace context.
   * @default none
   */
  activeSpan?: ActiveSpan | undefined;
  /**
   * Told of what goes wrong beside the calls and does not pass by itself, such
   * as a right that was taken away. What it throws is ignored.
   * @default {console.error}
   */
  onError?: ((error: unknown) => void) | undefined;
}

/** Options of {@linkcode LeaderElection.join}. */
export interface LeaderElectionOptions extends LocalElectionOptions {
  /**
   * What streams, buckets and subjects begin with: a lower-case letter, then
   * at most 31 of lower-case letters, digits and `-`. @default {"aether"}
   */
  prefix?: string | undefined;
  /**
   * Whether to make the cluster's bucket if it is not there, also later.
   * `false` needs no right to create anything. @default {true}
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
   * election once that is joined.
   */
  signal?: AbortSignal | undefined;
}

/** The options of every election, checked. */
export interface ResolvedElection {
  readonly cluster: string;
  readonly name: string;
  readonly nodeId: string;
  readonly settings: LeaseSettings;
  readonly meter: Meter | undefined;
  readonly activeSpan: ActiveSpan | undefined;
  readonly onError: ((error: unknown) => void) | undefined;
}

/** The options of `join`, checked. */
export interface ResolvedJoin extends ResolvedElection {
  readonly prefix: string;
  readonly create: boolean;
  readonly replicas: number | undefined;
  readonly reconnect: boolean;
  readonly inboxPrefix: string | undefined;
  readonly signal: AbortSignal | undefined;
}

const LOCAL_OPTIONS: OptionNames<LocalElectionOptions> = {
  cluster: true,
  name: true,
  nodeId: true,
  lease: true,
  renewDeadline: true,
  renewEvery: true,
  retry: true,
  meter: true,
  activeSpan: true,
  onError: true,
};

const OPTIONS: OptionNames<LeaderElectionOptions> = {
  ...LOCAL_OPTIONS,
  prefix: true,
  create: true,
  replicas: true,
  reconnect: true,
  inboxPrefix: true,
  signal: true,
};

/** Checks the options of `local`. */
export function resolveLocal(
  options: LocalElectionOptions | undefined,
  action: string,
): ResolvedElection {
  return resolveElection(optionsOf(options, LOCAL_OPTIONS, action), action);
}

/** Checks the options of `join`. */
export function resolveJoin(
  options: LeaderElectionOptions | undefined,
  action: string,
): ResolvedJoin {
  const {
    prefix = "aether",
    create = true,
    replicas,
    reconnect = true,
    inboxPrefix,
    signal,
    ...election
  } = optionsOf(options, OPTIONS, action);
  checkPrefix(prefix, action);
  checkBoolean(create, action, "create");
  checkBoolean(reconnect, action, "reconnect");
  if (replicas !== undefined) checkInteger(replicas, action, "replicas", 1, 5);
  checkInboxPrefix(inboxPrefix, action);
  checkSignal(signal, action);
  const resolved = resolveElection(election, action);
  const own = { prefix, create, replicas, reconnect, inboxPrefix, signal };
  return { ...resolved, ...own };
}

function resolveElection(
  {
    cluster = "default",
    name = "leader",
    nodeId = crypto.randomUUID(),
    meter,
    activeSpan,
    onError,
    ...durations
  }: LocalElectionOptions,
  action: string,
): ResolvedElection {
  checkName(cluster, "cluster", action);
  checkName(name, "name", action);
  checkName(nodeId, "nodeId", action);
  checkTelemetry({ meter, activeSpan }, action);
  checkFunction(onError, action, "onError");
  const settings = resolveDurations(durations, action);
  return { cluster, name, nodeId, settings, meter, activeSpan, onError };
}
