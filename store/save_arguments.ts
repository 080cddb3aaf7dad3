/**
 * The arguments of saves, checked; see `_arguments.ts`.
 *
 * @module
 */

import { checkActorId } from "../internal/nats/names.ts";
import { show } from "../internal/show.ts";
import {
  badRange,
  badType,
  checkBoolean,
  checkInteger,
  checkKeys,
  checkSchema,
  checkSignal,
  type OptionNames,
  optionsOf,
} from "../internal/arguments.ts";
import { copyJson } from "../event/json.ts";
import { isTimestamp } from "../event/timestamp.ts";
import { DuplicateEventError } from "./errors.ts";
import type { AnyEvent } from "../event/event.ts";
import type {
  ActorSnapshot,
  SaveEventsOptions,
  SaveOptions,
} from "./event_store.ts";

/** The most events one call may save, inclusive. */
export const maxBatchEvents = 1000;

/** Options of a save, checked. */
export interface ResolvedSave {
  readonly expectedVersion: number | undefined;
  readonly signal: AbortSignal | undefined;
}

/**
 * What a call of `saveEvents` expects: the version of its one actor, or those
 * of the actors that are named.
 */
export type Expectation = number | ReadonlyMap<string, number>;

/** Options of a save of several events, checked; a map is an own copy. */
export interface ResolvedSaveEvents {
  readonly expected: Expectation;
  readonly allNew: boolean;
  readonly signal: AbortSignal | undefined;
}

const SAVE_OPTIONS: OptionNames<SaveOptions> = {
  expectedVersion: true,
  signal: true,
};
const SAVE_EVENTS_OPTIONS: OptionNames<SaveEventsOptions> = {
  expectedVersion: true,
  expectedVersions: true,
  allNew: true,
  signal: true,
};

const noSaveOptions: ResolvedSave = Object.freeze({
  expectedVersion: undefined,
  signal: undefined,
});
const noExpectations: ReadonlyMap<string, number> = new Map();

/** Resolves the options of `saveEvent`. */
export function resolveSave(options: SaveOptions | undefined): ResolvedSave {
  if (options === undefined) return noSaveOptions;
  const action = "save event";
  const { expectedVersion, signal } = optionsOf(options, SAVE_OPTIONS, action);
  return {
    expectedVersion: checkExpectedVersion(expectedVersion, action),
    signal: checkSignal(signal, action),
  };
}

/** Resolves the options of `saveEvents`. */
export function resolveSaveEvents(
  options: SaveEventsOptions | undefined,
): ResolvedSaveEvents {
  const action = "save events";
  const { expectedVersion, expectedVersions, allNew = false, signal } =
    optionsOf(options, SAVE_EVENTS_OPTIONS, action);
  const one = checkExpectedVersion(expectedVersion, action);
  const several = copyExpectations(expectedVersions, action);
  if (one !== undefined && expectedVersions !== undefined) {
    throw new TypeError(
      `Cannot ${action}: give expectedVersion or expectedVersions, not both`,
    );
  }
  checkBoolean(allNew, action, "allNew");
  return {
    expected: one ?? several,
    allNew,
    signal: checkSignal(signal, action),
  };
}

/**
 * The version an actor must be at; undefined for any.
 *
 * @throws {TypeError | RangeError} If it is no version, and not `"any"`.
 */
export function checkExpectedVersion(
  expectedVersion: unknown,
  action: string,
): number | undefined {
  if (expectedVersion === undefined || expectedVersion === "any") {
    return undefined;
  }
  const name = "expectedVersion";
  if (typeof expectedVersion !== "number") {
    throw badType(action, name, 'a number or "any"', expectedVersion);
  }
  return checkInteger(expectedVersion, action, name);
}

function copyExpectations(
  map: ReadonlyMap<string, number> | undefined,
  action: string,
): ReadonlyMap<string, number> {
  if (map === undefined) return noExpectations;
  if (
    typeof map !== "object" || map === null ||
    typeof map.get !== "function" || typeof map.entries !== "function"
  ) throw badType(action, "expectedVersions", "a Map", map);
  const copy = new Map<string, number>();
  for (const [actorId, version] of map.entries()) {
    const name = `the expected version of actor ${show(actorId)}`;
    copy.set(actorId, checkInteger(version, action, name));
  }
  return copy;
}

/**
 * The events of a `saveEvents` call as an own array, each passed through
 * `seal`, with the action to name in an error.
 *
 * @throws {TypeError} If it is no array.
 * @throws {RangeError} If it has more than 1,000 events.
 */
export function resolveBatch<In, Out>(
  events: readonly In[],
  seal: (event: In, action: string) => Out,
): Out[] {
  const action = "save events";
  if (!Array.isArray(events)) {
    throw badType(action, "events", "an array", events);
  }
  const { length } = events as readonly In[];
  if (length > maxBatchEvents) {
    throw new RangeError(
      `Cannot ${action}: one call takes at most ${maxBatchEvents} events, got ${length}`,
    );
  }
  const sealed: Out[] = [];
  for (let i = 0; i < length; i++) {
    sealed.push(seal(events[i]!, `save event ${i + 1} of ${length}`));
  }
  return sealed;
}

/** Valid events of a `saveEvents` call, and what is expected of their actors. */
export interface GroupedBatch<E> {
  /** The events by actor, in the order given. */
  readonly actors: ReadonlyMap<string, readonly E[]>;
  readonly expectedVersions: ReadonlyMap<string, number>;
}

/**
 * The valid events of a `saveEvents` call by actor, after checking all that can
 * be told without what is stored.
 *
 * @throws {DuplicateEventError} If an id occurs twice.
 * @throws {RangeError} If an actor's versions do not strictly rise, or a
 * version is expected of an actor without events in the call, or of one that
 * is not named where there are several.
 */
export function groupBatch<
  E extends Pick<AnyEvent, "id" | "actorId" | "version">,
>(
  events: readonly E[],
  expected: Expectation,
): GroupedBatch<E> {
  const ids = new Set<string>();
  for (const { id, actorId } of events) {
    if (ids.size === ids.add(id).size) {
      throw new DuplicateEventError(
        `Cannot save events: id ${show(id)} occurs twice in the call`,
        { eventId: id, actorId },
      );
    }
  }
  const actors = new Map<string, E[]>();
  for (const event of events) {
    const { actorId, version } = event;
    const before = actors.get(actorId);
    if (before === undefined) {
      actors.set(actorId, [event]);
      continue;
    }
    const { version: lower } = before.at(-1)!;
    if (version <= lower) {
      throw new RangeError(
        `Cannot save events: version ${version} of actor ${
          show(actorId)
        } comes after version ${lower} in the call, and must be greater`,
      );
    }
    before.push(event);
  }
  return { actors, expectedVersions: expectationsOf(actors, expected) };
}

function expectationsOf(
  actors: ReadonlyMap<string, unknown>,
  expected: Expectation,
): ReadonlyMap<string, number> {
  const nothing = actors.size === 0 ? "; there is nothing to save" : "";
  if (typeof expected === "number") {
    const [actorId, another] = actors.keys();
    if (actorId !== undefined && another === undefined) {
      return new Map([[actorId, expected]]);
    }
    throw new RangeError(
      `Cannot save events: expectedVersion is of one actor, and the call has events of ${actors.size}${
        nothing || "; use expectedVersions, a Map of versions by actor id"
      }`,
    );
  }
  for (const actorId of expected.keys()) {
    if (actors.has(actorId)) continue;
    throw new RangeError(
      `Cannot save events: expectedVersions names actor ${
        show(actorId)
      }, of which the call has no event${nothing}`,
    );
  }
  return expected;
}

const SNAPSHOT_KEYS: OptionNames<ActorSnapshot> = {
  actorId: true,
  version: true,
  state: true,
  timestamp: true,
  schema: true,
};

/**
 * A snapshot as an own, deeply frozen copy.
 *
 * @throws {TypeError} If a part is of another type, or the state is not JSON.
 * @throws {RangeError} If a part is out of bounds.
 */
export function resolveSnapshot(snapshot: ActorSnapshot): ActorSnapshot {
  const action = "save snapshot";
  if (typeof snapshot !== "object" || snapshot === null) {
    throw badType(action, "snapshot", "an object", snapshot);
  }
  checkKeys(snapshot, SNAPSHOT_KEYS, action, "a snapshot has no");
  const { actorId, version, state, timestamp, schema } = snapshot;
  checkActorId(actorId, action);
  checkInteger(version, action, "version", 1);
  checkSchema(schema, action);
  if (typeof timestamp !== "string") {
    throw badType(action, "timestamp", "a string", timestamp);
  }
  if (!isTimestamp(timestamp)) {
    throw badRange(action, "timestamp", "in RFC 3339", timestamp);
  }
  const sealed = {
    actorId,
    version,
    state: copyJson(state, "state", action),
    timestamp,
  };
  return Object.freeze(schema === undefined ? sealed : { ...sealed, schema });
}
