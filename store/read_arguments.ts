/**
 * The arguments of reads and subscriptions, checked; see `_arguments.ts`.
 *
 * @module
 */

import { checkActorId } from "../internal/nats/names.ts";
import {
  type ActorFilter,
  type EventFilter,
  FILTER_OPTIONS,
  resolveActors,
  type ResolvedFilter,
  resolveFilter,
} from "../event/filters.ts";
import {
  badType,
  checkBoolean,
  checkFunction,
  checkInteger,
  checkSchema,
  checkSignal,
  oneOf,
  type OptionNames,
  optionsOf,
} from "../internal/arguments.ts";
import type {
  ActorIdsOptions,
  Checkpoint,
  Consistency,
  GetSnapshotOptions,
  ReadAllOptions,
  ReadEventsOptions,
  ReadOptions,
  ReadWithErrorsOptions,
  ReplayErrorHandler,
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
  /** Undefined if what is no event is left out. */
  readonly onReplayError: ReplayErrorHandler | undefined;
}

/** What to read of one actor with all errors, checked. */
export interface ResolvedReadWithErrors extends ResolvedReadOptions {
  readonly actorId: string;
  /** Inclusive. */
  readonly fromVersion: number;
}

/** What subscriptions and reads of all events have in common, checked. */
interface ResolvedStreamRead {
  readonly filter: ResolvedFilter;
  /** Whether events come with `storedAt`. */
  readonly storedAt: boolean;
  readonly onReplayError: ReplayErrorHandler | undefined;
  readonly signal: AbortSignal | undefined;
}

/** Options of a subscription, checked. */
export interface ResolvedSubscribe extends ResolvedStreamRead {
  /** A text that may be no checkpoint yet; undefined for the beginning. */
  readonly after: Checkpoint | Date | "end" | undefined;
  readonly live: boolean;
}

/** Options of a read of all events, checked. */
export interface ResolvedReadAll extends ResolvedStreamRead {
  /** A text that may be no checkpoint yet; undefined for no bound. */
  readonly after: Checkpoint | Date | undefined;
  /** `Infinity` for no limit. */
  readonly limit: number;
  readonly direction: "forward" | "backward";
}

/** Options of a list of actors, checked. */
export interface ResolvedActorIds {
  /** Undefined for all. */
  readonly actors: ActorFilter | undefined;
  readonly signal: AbortSignal | undefined;
}

const READ_OPTIONS: OptionNames<ReadOptions> = {
  consistency: true,
  signal: true,
};

const SNAPSHOT_OPTIONS: OptionNames<GetSnapshotOptions> = {
  schema: true,
  ...READ_OPTIONS,
};

const READ_EVENTS_OPTIONS: OptionNames<ReadEventsOptions> = {
  fromVersion: true,
  toVersion: true,
  limit: true,
  direction: true,
  onReplayError: true,
  ...READ_OPTIONS,
};

const READ_WITH_ERRORS_OPTIONS: OptionNames<ReadWithErrorsOptions> = {
  fromVersion: true,
  ...READ_OPTIONS,
};

const SUBSCRIBE_OPTIONS: OptionNames<SubscribeOptions> = {
  ...FILTER_OPTIONS,
  after: true,
  live: true,
  storedAt: true,
  onReplayError: true,
  signal: true,
};

const READ_ALL_OPTIONS: OptionNames<ReadAllOptions> = {
  ...FILTER_OPTIONS,
  after: true,
  direction: true,
  limit: true,
  storedAt: true,
  onReplayError: true,
  signal: true,
};

const ACTOR_IDS_OPTIONS: OptionNames<ActorIdsOptions> = {
  actors: true,
  partition: true,
  signal: true,
};

/** Resolves the options every read has. */
export function resolveReadOptions(
  options: ReadOptions | undefined,
  action: string,
): ResolvedReadOptions {
  const { consistency, signal } = optionsOf(options, READ_OPTIONS, action);
  return {
    consistency: checkConsistency(consistency, action),
    signal: checkSignal(signal, action),
  };
}

/** Resolves the options of `getLatestSnapshot`. */
export function resolveGetSnapshot(
  options: GetSnapshotOptions | undefined,
  action: string,
): ResolvedReadOptions & { readonly schema: string | undefined } {
  const { schema, ...read } = optionsOf(options, SNAPSHOT_OPTIONS, action);
  return {
    ...resolveReadOptions(read, action),
    schema: checkSchema(schema, action),
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

/** Resolves the arguments of `getEvents` and `readEvents`. */
export function resolveReadEvents(
  actorId: string,
  options: ReadEventsOptions | number | undefined,
  action: string,
): ResolvedRead {
  checkActorId(actorId, action);
  const {
    fromVersion = 0,
    toVersion = Number.MAX_SAFE_INTEGER,
    limit,
    direction,
    consistency,
    onReplayError,
    signal,
  } = optionsOf(fromNumber(options), READ_EVENTS_OPTIONS, action);
  return {
    actorId,
    fromVersion: checkInteger(fromVersion, action, "fromVersion"),
    toVersion: checkInteger(toVersion, action, "toVersion"),
    limit: checkLimit(limit, action),
    direction: checkDirection(direction, action),
    consistency: checkConsistency(consistency, action),
    onReplayError: checkFunction(onReplayError, action, "onReplayError"),
    signal: checkSignal(signal, action),
  };
}

/** Resolves the arguments of `getEventsWithErrors`. */
export function resolveReadWithErrors(
  actorId: string,
  options: ReadWithErrorsOptions | number | undefined,
  action: string,
): ResolvedReadWithErrors {
  checkActorId(actorId, action);
  const { fromVersion = 0, consistency, signal } = optionsOf(
    fromNumber(options),
    READ_WITH_ERRORS_OPTIONS,
    action,
  );
  return {
    actorId,
    fromVersion: checkInteger(fromVersion, action, "fromVersion"),
    consistency: checkConsistency(consistency, action),
    signal: checkSignal(signal, action),
  };
}

/** Resolves the options of `subscribe`. */
export function resolveSubscribe(
  options: SubscribeOptions | undefined,
): ResolvedSubscribe {
  const action = "subscribe";
  const given = optionsOf(options, SUBSCRIBE_OPTIONS, action);
  const { after, live = true } = given;
  checkBoolean(live, action, "live");
  return {
    after: checkAfter(after, action),
    live,
    ...resolveStreamRead(given, action),
  };
}

/** Resolves the options of `readAll`. */
export function resolveReadAll(
  options: ReadAllOptions | undefined,
): ResolvedReadAll {
  const action = "read all events";
  const given = optionsOf(options, READ_ALL_OPTIONS, action);
  const { after, limit, direction } = given;
  return {
    after: checkAfter(after, action),
    limit: checkLimit(limit, action),
    direction: checkDirection(direction, action),
    ...resolveStreamRead(given, action),
  };
}

/** Resolves the options of `actorIds`. */
export function resolveListActors(
  options: ActorIdsOptions | undefined,
): ResolvedActorIds {
  const action = "list actors";
  const { actors, partition, signal } = optionsOf(
    options,
    ACTOR_IDS_OPTIONS,
    action,
  );
  return {
    actors: resolveActors({ actors, partition }, action),
    signal: checkSignal(signal, action),
  };
}

function resolveStreamRead(
  given: EventFilter & {
    storedAt?: boolean | undefined;
    onReplayError?: ReplayErrorHandler | undefined;
    signal?: AbortSignal | undefined;
  },
  action: string,
): ResolvedStreamRead {
  const { storedAt = false, onReplayError, signal } = given;
  checkBoolean(storedAt, action, "storedAt");
  return {
    filter: resolveFilter(given, action),
    storedAt,
    onReplayError: checkFunction(onReplayError, action, "onReplayError"),
    signal: checkSignal(signal, action),
  };
}

/** Options in whose place the version to begin at may stand. */
function fromNumber<T extends ReadWithErrorsOptions>(
  options: T | number | undefined,
): T | undefined {
  // All of the other options may be left out.
  return typeof options === "number" ? { fromVersion: options } as T : options;
}

function checkAfter<T extends string>(
  after: T | Date | null | undefined,
  action: string,
): T | Date | undefined {
  if (after === undefined || after === null) return undefined;
  if (typeof after === "string") return after;
  let time: number;
  try {
    // Also of a Date that comes from another realm.
    time = Date.prototype.getTime.call(after);
  } catch {
    throw badType(action, "after", "a checkpoint or a Date", after);
  }
  if (!Number.isNaN(time)) return new Date(time);
  throw new RangeError(`Cannot ${action}: after is an invalid Date`);
}

function checkConsistency(
  consistency: Consistency | undefined,
  action: string,
): Consistency {
  if (consistency === undefined) return "strong";
  return oneOf(consistency, ["strong", "eventual"], action, "consistency");
}

function checkLimit(limit: number | undefined, action: string): number {
  return limit === undefined || limit === Infinity
    ? Infinity
    : checkInteger(limit, action, "limit", 1);
}

function checkDirection(
  direction: "forward" | "backward" | undefined,
  action: string,
): "forward" | "backward" {
  if (direction === undefined) return "forward";
  return oneOf(direction, ["forward", "backward"], action, "direction");
}
