/**
 * The options of cluster managers and of their requests.
 *
 * @module
 */

import {
  badRange,
  badType,
  checkBoolean,
  checkInteger,
  checkSignal,
  type OptionNames,
  optionsOf,
} from "../../internal/arguments.ts";
import { checkTelemetry } from "../../internal/telemetry/options.ts";
import type { ActiveSpan } from "../../internal/telemetry/types.ts";
import { JOIN_NAMES, LOCAL_NAMES } from "../members/discovery_options.ts";
import {
  type LocalShardManagerOptions,
  SHARD_NAMES,
  type ShardManagerOptions,
} from "../shards/shard_options.ts";
import type { RequestOptions } from "./actors.ts";
import type { HandleOptions } from "./handler.ts";
import type { QueueLimits } from "./request_host.ts";

/** How long a request may take, in milliseconds. */
const TIMEOUT_MS = 5_000;

/**
 * How long one may take that is sent again: with the default lease longer than
 * a crash of its node, or of the leader and its standbys, goes unnoticed.
 */
const REPEATABLE_TIMEOUT_MS = 40_000;

/** The most characters of a kind or a command id, inclusive. */
const MAX_NAME_LENGTH = 256;

/** What a cluster manager takes beside the options of a node. */
export interface RequestLimits {
  /**
   * Requests that may wait for one actor, beside the one that it handles: 1 or
   * more. What is beyond is refused at once. @default {1_000}
   */
  maxQueuedPerActor?: number | undefined;
  /**
   * Requests that may wait or be handled at this node, together: 1 or more.
   * @default {100_000}
   */
  maxQueued?: number | undefined;
  /**
   * Gives the span that is active when a request is sent; its trace context
   * goes to the handler. @default none
   */
  activeSpan?: ActiveSpan | undefined;
}

/** Options of {@linkcode ClusterManager.local}. */
export interface LocalClusterManagerOptions
  extends LocalShardManagerOptions, RequestLimits {}

/** Options of {@linkcode ClusterManager}. */
export interface ClusterManagerOptions
  extends ShardManagerOptions, RequestLimits {}

/** The limits, checked. */
export interface ResolvedLimits extends QueueLimits {
  readonly activeSpan: ActiveSpan | undefined;
}

const LIMIT_NAMES: OptionNames<RequestLimits> = {
  maxQueuedPerActor: true,
  maxQueued: true,
  activeSpan: true,
};

const NATS_NAMES: OptionNames<ClusterManagerOptions> = {
  ...JOIN_NAMES,
  ...SHARD_NAMES,
  ...LIMIT_NAMES,
};

const LOCAL_MANAGER_NAMES: OptionNames<LocalClusterManagerOptions> = {
  ...LOCAL_NAMES,
  ...SHARD_NAMES,
  ...LIMIT_NAMES,
};

/** Splits the options of a manager into its own and those of its node. */
export function resolveManager(
  options: ClusterManagerOptions | undefined,
  action: string,
): [ResolvedLimits, ShardManagerOptions] {
  return split(optionsOf(options, NATS_NAMES, action), action);
}

/** As {@linkcode resolveManager}, without a server. */
export function resolveLocalManager(
  options: LocalClusterManagerOptions | undefined,
  action: string,
): [ResolvedLimits, LocalShardManagerOptions] {
  return split(optionsOf(options, LOCAL_MANAGER_NAMES, action), action);
}

function split<T extends RequestLimits>(
  options: T,
  action: string,
): [ResolvedLimits, Omit<T, keyof RequestLimits>] {
  const {
    maxQueuedPerActor = 1_000,
    maxQueued = 100_000,
    activeSpan,
    ...node
  } = options;
  checkInteger(maxQueuedPerActor, action, "maxQueuedPerActor", 1);
  checkInteger(maxQueued, action, "maxQueued", 1);
  checkTelemetry({ meter: undefined, activeSpan }, action);
  return [{ maxQueuedPerActor, maxQueued, activeSpan }, node];
}

/** The options of a request, checked. */
export interface ResolvedRequest {
  readonly commandId: string | undefined;
  readonly timeout: number;
  readonly repeatable: boolean;
  readonly signal: AbortSignal | undefined;
}

const REQUEST_NAMES: OptionNames<RequestOptions> = {
  commandId: true,
  timeout: true,
  idempotent: true,
  signal: true,
};

const DEFAULTS: ResolvedRequest = {
  commandId: undefined,
  timeout: TIMEOUT_MS,
  repeatable: false,
  signal: undefined,
};

/** Checks the options of a request. */
export function resolveRequest(
  options: RequestOptions | undefined,
  action: string,
): ResolvedRequest {
  if (options === undefined) return DEFAULTS;
  const { commandId, idempotent = false, ...more } = optionsOf(
    options,
    REQUEST_NAMES,
    action,
  );
  const repeatable = idempotent || commandId !== undefined;
  const { timeout = repeatable ? REPEATABLE_TIMEOUT_MS : TIMEOUT_MS, signal } =
    more;
  if (commandId !== undefined) checkText(commandId, action, "commandId");
  checkInteger(timeout, action, "timeout", 1, 2 ** 31 - 1);
  checkBoolean(idempotent, action, "idempotent");
  return {
    commandId,
    timeout,
    repeatable,
    signal: checkSignal(signal, action),
  };
}

/** Checks the options of a handler. */
export function resolveHandle(
  options: HandleOptions | undefined,
  action: string,
): boolean {
  const { ordered = true } = optionsOf(options, { ordered: true }, action);
  checkBoolean(ordered, action, "ordered");
  return ordered;
}

/** Checks the name of a kind or a command id. */
export function checkText(
  value: unknown,
  action: string,
  name: string,
): asserts value is string {
  if (typeof value !== "string") throw badType(action, name, "a string", value);
  const must = `1 to ${MAX_NAME_LENGTH} characters without lone surrogates`;
  const isBad = value === "" || value.length > MAX_NAME_LENGTH ||
    !value.isWellFormed();
  if (isBad) throw badRange(action, name, must, value);
}
