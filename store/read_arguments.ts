/**
 * The arguments of reads and subscriptions, checked; see `_arguments.ts`.
 *
 * @module
 */

import { checkActorId, encodeActorPattern } from "../internal/nats/names.ts";
import { copyEventTypes } from "../event/filters.ts";
import {
  badType,
  checkBoolean,
  checkFunction,
  checkInteger,
  checkSignal,
  oneOf,
  type OptionNames,
  optionsOf,
} from "../internal/arguments.ts";
import type { ReplayError } from "./errors.ts";
import type {
  Checkpoint,
  Consistency,
  ReadEventsOptions,
  ReadOptions,
  SubscribeFilter,
  SubscribeOptions,
} from "./event_store.ts";

/** Options of a read, checked. */
export interface ResolvedReadOptions {
  readonly consistency: Consistency;
  readonly signal: AbortSignal | undefined;
}

/** What to read of one actor, checked. */
export interface ResolvedRead extends ResolvedReadOptions {
  readonly actorId: string;
  /** Inclusive. */
  readonly fromVersion: number;
  /** Inclusive; may be lower than `fromVersion`. */
  readonly toVersion: number;
  /** `Infinity` for no limit. */
  readonly limit: number;
  readonly direction: "forward" | "backward";
}

/** Options of a subscription, checked. */
export interface ResolvedSubscribe {
  /** A text that may be no checkpoint yet; undefined for the beginning. */
  readonly after: Checkpoint | "end" | undefined;
  /** A valid pattern over actor ids, not encoded; `">"` for all. */
  readonly actors: string;
  /** Own copy; undefined for all. */
  readonly eventTypes: ReadonlySet<string> | undefined;
  readonly live: boolean;
  readonly onReplayError:
    | ((error: ReplayError) => "continue" | "fail")
    | undefined;
  readonly signal: AbortSignal | undefined;
}

const READ_OPTIONS: OptionNames<ReadOptions> = {
  consistency: true,
  signal: true,
};

const READ_EVENTS_OPTIONS: OptionNames<ReadEventsOptions> = {
  fromVersion: true,
  toVersion: true,
  limit: true,
  direction: true,
  ...READ_OPTIONS,
};

const SUBSCRIBE_OPTIONS: OptionNames<SubscribeOptions> = {
  after: true,
  filter: true,
  live: true,
  onReplayError: true,
  signal: true,
};

const FILTER_OPTIONS: OptionNames<SubscribeFilter> = {
  actors: true,
  eventTypes: true,
};

/** Resolves the options every read has. */
export function resolveReadOptions(
  options: ReadOptions | undefined,
  action: string,
): ResolvedReadOptions {
  const { consistency, signal } = optionsOf(options, READ_OPTIONS, action);
  return {
    consistency: consistency === undefined ? "strong" : oneOf(
      consistency,
      ["strong", "eventual"],
      action,
      "consistency",
    ),
    signal: checkSignal(signal, action),
  };
}

/** The actors of `getLatestVersions`, each once. */
export function resolveActorIds(
  actorIds: readonly string[],
  action: string,
): string[] {
  if (!Array.isArray(actorIds)) {
    throw badType(action, "actorIds", "an array", actorIds);
  }
  const unique = new Set<string>();
  for (const actorId of actorIds) {
    checkActorId(actorId, action);
    unique.add(actorId);
  }
  return [...unique];
}

/** Resolves the arguments of `getEvents` and `getEventsWithErrors`. */
export function resolveGetEvents(
  actorId: string,
  fromVersion: number,
  options: ReadOptions | undefined,
): ResolvedRead {
  const action = "get events";
  checkActorId(actorId, action);
  const from = checkInteger(fromVersion, action, "fromVersion");
  const { consistency, signal } = resolveReadOptions(options, action);
  return {
    actorId,
    fromVersion: from,
    toVersion: Number.MAX_SAFE_INTEGER,
    limit: Infinity,
    direction: "forward",
    consistency,
    signal,
  };
}

/** Resolves the arguments of `readEvents`. */
export function resolveReadEvents(
  actorId: string,
  options: ReadEventsOptions | undefined,
): ResolvedRead {
  const action = "read events";
  checkActorId(actorId, action);
  const {
    fromVersion = 0,
    toVersion = Number.MAX_SAFE_INTEGER,
    limit = Infinity,
    direction = "forward",
    consistency,
    signal,
  } = optionsOf(options, READ_EVENTS_OPTIONS, action);
  if (limit !== Infinity) checkInteger(limit, action, "limit", 1);
  return {
    actorId,
    fromVersion: checkInteger(fromVersion, action, "fromVersion"),
    toVersion: checkInteger(toVersion, action, "toVersion"),
    limit,
    direction: oneOf(direction, ["forward", "backward"], action, "direction"),
    ...resolveReadOptions({ consistency, signal }, action),
  };
}

/** Resolves the options of `subscribe`. */
export function resolveSubscribe(
  options: SubscribeOptions | undefined,
): ResolvedSubscribe {
  const action = "subscribe";
  const { after, filter, live = true, onReplayError, signal } = optionsOf(
    options,
    SUBSCRIBE_OPTIONS,
    action,
  );
  if (after !== undefined && typeof after !== "string") {
    throw badType(action, "after", "a string", after);
  }
  checkBoolean(live, action, "live");
  checkFunction(onReplayError, action, "onReplayError");
  const { actors = ">", eventTypes } = optionsOf(
    filter,
    FILTER_OPTIONS,
    action,
    "filter",
  );
  encodeActorPattern(actors, action);
  return {
    after,
    actors,
    eventTypes: copyEventTypes(eventTypes, action),
    live,
    onReplayError,
    signal: checkSignal(signal, action),
  };
}
