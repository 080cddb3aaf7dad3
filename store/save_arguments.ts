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
  checkInteger,
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

/** Options of a save of several events, checked; the map is an own copy. */
export interface ResolvedSaveEvents {
  readonly expectedVersions: ReadonlyMap<string, number>;
  readonly signal: AbortSignal | undefined;
}

const SAVE_OPTIONS: OptionNames<SaveOptions> = {
  expectedVersion: true,
  signal: true,
};
const SAVE_EVENTS_OPTIONS: OptionNames<SaveEventsOptions> = {
  expectedVersions: true,
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
    expectedVersion: expectedVersion === undefined
      ? undefined
      : checkInteger(expectedVersion, action, "expectedVersion"),
    signal: checkSignal(signal, action),
  };
}

/** Resolves the options of `saveEvents`. */
export function resolveSaveEvents(
  options: SaveEventsOptions | undefined,
): ResolvedSaveEvents {
  const action = "save events";
  const { expectedVersions, signal } = optionsOf(
    options,
    SAVE_EVENTS_OPTIONS,
    action,
  );
  return {
    expectedVersions: copyExpectations(expectedVersions, action),
    signal: checkSignal(signal, action),
  };
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
 * `seal`, which is told what can't be done if the event is not valid.
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

/**
 * The valid events of a `saveEvents` call by actor, in the order given, after
 * checking all that can be told without what is stored.
 *
 * @throws {DuplicateEventError} If an id occurs twice.
 * @throws {RangeError} If an actor's versions do not strictly rise, or a
 * version is expected of an actor without events in the call.
 */
export function groupBatch<
  E extends Pick<AnyEvent, "id" | "actorId" | "version">,
>(
  events: readonly E[],
  expectedVersions: ReadonlyMap<string, number>,
): Map<string, E[]> {
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
  for (const actorId of expectedVersions.keys()) {
    if (!actors.has(actorId)) {
      throw new RangeError(
        `Cannot save events: expectedVersions names actor ${
          show(actorId)
        }, of which the call has no event${
          events.length === 0 ? "; there is nothing to save" : ""
        }`,
      );
    }
  }
  return actors;
}

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
  const { actorId, version, state, timestamp } = snapshot;
  checkActorId(actorId, action);
  checkInteger(version, action, "version", 1);
  if (typeof timestamp !== "string") {
    throw badType(action, "timestamp", "a string", timestamp);
  }
  if (!isTimestamp(timestamp)) {
    throw badRange(action, "timestamp", "in RFC 3339", timestamp);
  }
  return Object.freeze({
    actorId,
    version,
    state: copyJson(state, "state", action),
    timestamp,
  });
}
