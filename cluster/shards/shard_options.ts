/**
 * The options of nodes that serve shards.
 *
 * @module
 */

import {
  checkDuration,
  checkFunction,
  checkInteger,
  type OptionNames,
  optionsOf,
} from "../../internal/arguments.ts";
import { MAX_SHARDS } from "../map/cluster_map.ts";
import type { ShardEpoch } from "../map/held_shards.ts";
import {
  JOIN_NAMES,
  LOCAL_NAMES,
  type LocalDiscoveryOptions,
  type NodeDiscoveryOptions,
  type ResolvedJoin,
  type ResolvedNode,
  resolveJoining,
  resolveLocalNode,
} from "../members/discovery_options.ts";
import type { AcquiredShard } from "./_tenancy.ts";

/** What a node is told of its shards, and how many there are. */
export interface ShardOptions {
  /**
   * How many shards the cluster has: 1 to 65,536 (inclusive), the same for all
   * its members, for ever. A client takes what the cluster has.
   * @default {1024}
   */
  shards?: number | undefined;
  /**
   * Called when the node has come to own a shard, such as to load what it needs
   * for it. The node serves the shard when this has settled, whatever comes of
   * it; its signal is aborted when the node must stop.
   *
   * Of one shard each call is followed by one of `onShardReleased`, before the
   * next one comes.
   */
  onShardAcquired?:
    | ((shard: AcquiredShard) => void | PromiseLike<void>)
    | undefined;
  /**
   * Called when the node serves a shard no more. The next owner begins when
   * this has settled, or when the node's lease is over: what is to be handed
   * over has to be stored by then.
   */
  onShardReleased?:
    | ((shard: ShardEpoch) => void | PromiseLike<void>)
    | undefined;
  /**
   * How long each call of a hook may take, in milliseconds: 1 to 2,147,483,647.
   * What takes longer is passed to `onError`, and waited for no more.
   * @default a third of `lease`: {5_000}
   */
  hookTimeout?: number | undefined;
}

/** Options of {@linkcode ShardManager.local}. */
export interface LocalShardManagerOptions
  extends LocalDiscoveryOptions, ShardOptions {}

/** Options of {@linkcode ShardManager.join}. */
export interface ShardManagerOptions
  extends NodeDiscoveryOptions, ShardOptions {}

/** The options of shards, checked. */
export interface ResolvedShards {
  readonly shards: number;
  readonly onShardAcquired: ShardOptions["onShardAcquired"];
  readonly onShardReleased: ShardOptions["onShardReleased"];
  /** Undefined for the default. */
  readonly hookTimeout: number | undefined;
}

/** The names of the options of shards. */
export const SHARD_NAMES: OptionNames<ShardOptions> = {
  shards: true,
  onShardAcquired: true,
  onShardReleased: true,
  hookTimeout: true,
};

/** Checks the options of `ShardManager.local`. */
export function resolveLocal(
  options: LocalShardManagerOptions | undefined,
  action: string,
): [ResolvedNode, ResolvedShards] {
  const names = { ...LOCAL_NAMES, ...SHARD_NAMES };
  const [own, rest] = split(optionsOf(options, names, action), action);
  return [resolveLocalNode(rest, own.shards, action), own];
}

/** Checks the options of `ShardManager.join`. */
export function resolveJoin(
  options: ShardManagerOptions | undefined,
  action: string,
): [ResolvedJoin, ResolvedShards] {
  const names = { ...JOIN_NAMES, ...SHARD_NAMES };
  const [own, rest] = split(optionsOf(options, names, action), action);
  return [resolveJoining(rest, own.shards, action), own];
}

/** Checks those of shards, and gives the others. */
function split<T extends ShardOptions>(
  options: T,
  action: string,
): [ResolvedShards, Omit<T, keyof ShardOptions>] {
  const {
    shards = 1024,
    onShardAcquired,
    onShardReleased,
    hookTimeout,
    ...rest
  } = options;
  checkInteger(shards, action, "shards", 1, MAX_SHARDS);
  checkFunction(onShardAcquired, action, "onShardAcquired");
  checkFunction(onShardReleased, action, "onShardReleased");
  if (hookTimeout !== undefined) {
    checkDuration(hookTimeout, action, "hookTimeout");
  }
  return [{ shards, onShardAcquired, onShardReleased, hookTimeout }, rest];
}
