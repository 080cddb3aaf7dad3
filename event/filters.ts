/**
 * Filters of events: the same words for subscriptions of stores and buses, and
 * for reads of all events.
 *
 * @module
 */

import {
  badType,
  checkInteger,
  type OptionNames,
  optionsOf,
} from "../internal/arguments.ts";
import { shardOf } from "../internal/hash.ts";
import {
  checkActorId,
  checkEventType,
  decodeActorId,
  encodeActorId,
} from "../internal/nats/names.ts";
import {
  coverPatterns,
  encodeActorPattern,
  mergePatterns,
  patternTest,
} from "../internal/nats/patterns.ts";
import type { AnyEvent } from "./event.ts";

/** A share of all actors, for readers that divide the work among them. */
export interface Partition {
  /** How many partitions there are: 1 to 4,294,967,296. */
  count: number;
  /** Which of them are wanted: each from 0 to `count` - 1. Not empty. */
  indexes: readonly number[];
}

/**
 * Which events are wanted. Every part that is given must match.
 *
 * @typeParam Type The event types it may name.
 */
export interface EventFilter<Type extends string = string> {
  /**
   * NATS patterns over actor ids, one or several, of which one must match:
   * tokens divided by `.`, `*` for any one token, `>` last for one or more.
   * Not empty. @default every actor
   */
  actors?: string | readonly string[] | undefined;
  /**
   * Actor ids, one or several, taken literally: what comes from outside, such
   * as an id from a URL, is never a pattern here. Not empty.
   * @default every actor
   */
  actorIds?: string | readonly string[] | undefined;
  /** Any of these event types. Not empty. @default every type */
  eventTypes?: readonly Type[] | undefined;
  /**
   * A share of the actors: readers with the same `count` and different
   * `indexes` have no actor in common, and all events of an actor are in one
   * partition. A server sends the events of all partitions, and those of the
   * others are skipped without being decoded. An actor's partition never
   * changes: it is fmix32 of the 32-bit FNV-1a hash of the id's UTF-8 bytes,
   * modulo `count`. @default every actor
   */
  partition?: Partition | undefined;
}

/** The names of the parts of a filter. */
export const FILTER_OPTIONS: OptionNames<EventFilter> = {
  actors: true,
  actorIds: true,
  eventTypes: true,
  partition: true,
};

/** A filter, checked. */
export interface ResolvedFilter {
  /** Undefined if every actor is wanted. */
  readonly actors: ActorFilter | undefined;
  /** An own copy; undefined if every type is wanted. */
  readonly eventTypes: ReadonlySet<string> | undefined;
}

/**
 * Checks the parts of a filter.
 *
 * @throws {TypeError} If a part is of another type, or a pattern can't match
 * what its writer means.
 * @throws {RangeError} If a part is empty or out of bounds.
 */
export function resolveFilter(
  { actors, actorIds, eventTypes, partition }: EventFilter,
  action: string,
): ResolvedFilter {
  return {
    actors: resolveActors({ actors, actorIds, partition }, action),
    eventTypes: copyEventTypes(eventTypes, action),
  };
}

/** Checks the parts of a filter that concern actors; undefined for all. */
export function resolveActors(
  { actors, actorIds, partition }: Omit<EventFilter, "eventTypes">,
  action: string,
): ActorFilter | undefined {
  const patterns = actors === undefined
    ? undefined
    : listOf(actors, "actors", "pattern", action)
      .map((pattern) => encodeActorPattern(pattern, action));
  const ids = actorIds === undefined
    ? undefined
    : listOf(actorIds, "actorIds", "actor id", action)
      .map((actorId) => checkActorId(actorId, action));
  const share = partition === undefined
    ? undefined
    : copyPartition(partition, action);
  const isAll = ids === undefined && share === undefined &&
    (patterns === undefined || patterns.includes(">"));
  return isAll ? undefined : new ActorFilter(patterns, ids, share);
}

/** A test of events; undefined if every event is wanted. */
export function eventTest(
  { actors, eventTypes }: ResolvedFilter,
): ((event: AnyEvent) => boolean) | undefined {
  if (actors === undefined && eventTypes === undefined) return undefined;
  return ({ actorId, eventType }) =>
    (eventTypes === undefined || eventTypes.has(eventType)) &&
    (actors === undefined || actors.has(actorId));
}

/**
 * The most patterns that are given to a server: it compares each with every
 * other one, and a request has room for so many bytes.
 */
const MAX_PATTERNS = 64;
const MAX_PATTERN_BYTES = 64 * 1024;

/** Which actors are wanted. */
export class ActorFilter {
  /**
   * Subject tokens, or patterns over them, that match every wanted actor and
   * of which none overlaps another. They may match others as well.
   */
  readonly patterns: readonly string[];
  /**
   * The encoded ids of all actors that are wanted, if they are named; possibly
   * none.
   */
  readonly ids: ReadonlySet<string> | undefined;
  readonly #matches: (tokens: string) => boolean;

  /**
   * Joins the parts with and.
   *
   * @param patterns Encoded; undefined for all.
   * @param ids Encoded; undefined for all.
   */
  constructor(
    patterns: readonly string[] | undefined,
    ids: readonly string[] | undefined,
    partition: Partition | undefined,
  ) {
    const inPatterns = patterns && patternTest(patterns);
    const inPartition = partition && partitionTest(partition);
    const passes = (tokens: string) =>
      (inPatterns === undefined || inPatterns(tokens)) &&
      (inPartition === undefined || inPartition(tokens));
    const named = ids ?? (patterns?.every(isLiteral) ? patterns : undefined);
    if (named === undefined) {
      this.ids = undefined;
      this.patterns = forServer(mergePatterns(patterns ?? [">"]));
      this.#matches = passes;
    } else {
      const own = this.ids = new Set(named.filter(passes));
      // With none a server would be asked for all.
      this.patterns = forServer([...(own.size > 0 ? own : new Set(named))]);
      this.#matches = (tokens) => own.has(tokens);
    }
  }

  /** Whether an actor is wanted. */
  has(actorId: string): boolean {
    return this.#matches(encodeActorId(actorId));
  }

  /** Whether the actor whose id is spelled by subject tokens is wanted. */
  hasTokens(tokens: string): boolean {
    return this.#matches(tokens);
  }
}

function isLiteral(pattern: string): boolean {
  return !pattern.includes("*") && !pattern.includes(">");
}

function forServer(patterns: string[]): string[] {
  const bytes = patterns.reduce((sum, { length }) => sum + length, 0);
  return patterns.length <= MAX_PATTERNS && bytes <= MAX_PATTERN_BYTES
    ? patterns
    : [coverPatterns(patterns)];
}

function partitionTest(
  { count, indexes }: Partition,
): (tokens: string) => boolean {
  const wanted = new Set(indexes);
  return (tokens) => wanted.has(shardOf(actorIdOf(tokens), count));
}

/** Tokens that spell no id are in one partition as well: somebody reads them. */
function actorIdOf(tokens: string): string {
  try {
    return decodeActorId(tokens);
  } catch {
    return tokens;
  }
}

/** One text or several, as a list. */
function listOf(
  value: unknown,
  name: string,
  what: string,
  action: string,
): readonly unknown[] {
  if (typeof value === "string") return [value];
  if (!Array.isArray(value)) {
    throw badType(action, name, "a string or an array", value);
  }
  if (value.length > 0) return Array.from(value); // holes too
  throw new RangeError(
    `Cannot ${action}: ${name} must name at least one ${what}, got none`,
  );
}

function copyEventTypes(
  eventTypes: readonly string[] | undefined,
  action: string,
): ReadonlySet<string> | undefined {
  if (eventTypes === undefined) return undefined;
  if (!Array.isArray(eventTypes)) {
    throw badType(action, "eventTypes", "an array", eventTypes);
  }
  const copy = new Set<string>();
  for (const eventType of eventTypes) {
    checkEventType(eventType, action);
    copy.add(eventType);
  }
  if (copy.size > 0) return copy;
  throw new RangeError(
    `Cannot ${action}: eventTypes must name at least one type, got none`,
  );
}

const PARTITION_OPTIONS: OptionNames<Partition> = {
  count: true,
  indexes: true,
};

function copyPartition(partition: Partition, action: string): Partition {
  const { count, indexes } = optionsOf(
    partition,
    PARTITION_OPTIONS,
    action,
    "partition",
  );
  const most = checkInteger(count, action, "partition.count", 1, 2 ** 32);
  if (!Array.isArray(indexes)) {
    throw badType(action, "partition.indexes", "an array", indexes);
  }
  if (indexes.length === 0) {
    throw new RangeError(
      `Cannot ${action}: partition.indexes must name at least one partition, got none`,
    );
  }
  const copy = Array.from(
    indexes,
    (index) =>
      checkInteger(index, action, "each of partition.indexes", 0, most - 1),
  );
  return { count: most, indexes: copy };
}
