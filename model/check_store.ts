/**
 * Holds the events of a store against a model.
 *
 * @module
 */

import { optionsOf } from "../internal/arguments.ts";
import {
  checkScan,
  type EventSource,
  scan,
  type ScanOptions,
} from "./_event_source.ts";
import { eventsOf, kindsOf } from "./_graph.ts";
import type { Model } from "./model.ts";

/** Options of {@linkcode checkStore}. */
export interface CheckStoreOptions extends ScanOptions {
  /**
   * The kind of an actor: a name among the model's actors, or undefined if it
   * fits none. @default by the actors' `idPrefixes`, the longest that fits
   */
  actorKind?: ((actorId: string) => string | undefined) | undefined;
}

/** An event type in a store that its model does not know. */
export interface UnknownEventType {
  /** The event type. */
  readonly eventType: string;
  /** The kind of the actors it is of; undefined if they fit none. */
  readonly kind: string | undefined;
  /** How many events of it there are. */
  readonly count: number;
  /** The sequence of the first. */
  readonly firstSequence: number;
  /** The sequence of the last. */
  readonly lastSequence: number;
}

/** What {@linkcode checkStore} found. */
export interface StoreReport {
  /** Events that were read. */
  readonly events: number;
  /** Event types that the model does not know for their kind of actor, the most frequent first. */
  readonly unknownEventTypes: readonly UnknownEventType[];
  /** Actor ids that fit no kind, in the order of their first events; 100 at most. */
  readonly unknownActorIds: readonly string[];
  /** How many events are of actors that fit no kind. */
  readonly eventsOfUnknownActors: number;
  /** Event types of the model of which there are none, as `actor.event`. */
  readonly unusedEventTypes: readonly string[];
}

/** Unknown actor ids that a report names at most. */
const MAX_ACTOR_IDS = 100;

/**
 * Reads a store and tells which of its event types the model does not know,
 * and which actors fit no kind. It holds nothing of the events in memory but
 * counts.
 *
 * @example
 * ```ts
 * import { createEvent, InMemoryEventStore } from "@flowmade-one/aether";
 * import { checkStore, defineModel } from "@flowmade-one/aether/model";
 * import { assertEquals } from "@std/assert";
 *
 * const doors = defineModel({
 *   name: "doors",
 *   actors: {
 *     door: {
 *       commands: { Open: { by: ["Visitor"], emits: ["Opened"] } },
 *       events: { Opened: {} },
 *     },
 *   },
 * });
 * await using store = new InMemoryEventStore();
 * await store.saveEvent(createEvent({
 *   eventType: "Slammed",
 *   actorId: "door-1",
 *   version: 1,
 *   data: {},
 * }));
 *
 * const { unknownEventTypes, unusedEventTypes } = await checkStore(doors, store);
 * assertEquals(unknownEventTypes, [{
 *   eventType: "Slammed",
 *   kind: "door",
 *   count: 1,
 *   firstSequence: 1,
 *   lastSequence: 1,
 * }]);
 * assertEquals(unusedEventTypes, ["door.Opened"]);
 * ```
 *
 * @param store The store. Stored messages that are no events are passed over.
 * @throws {TypeError | RangeError} If an option is not valid.
 * @throws What reading the store fails with.
 */
export async function checkStore(
  model: Model,
  store: EventSource,
  options?: CheckStoreOptions,
): Promise<StoreReport> {
  const action = "check store";
  const { actorKind = kindFinder(model), ...given } = optionsOf(
    options,
    { actorKind: true, limit: true, onProgress: true, signal: true },
    action,
  );
  const unused = new Set(
    eventsOf(model).map(({ kind, type }) => `${kind}.${type}`),
  );
  const known = new Set(unused);
  const unknown = new Map<string, UnknownEventType>();
  const unknownActorIds = new Set<string>();
  let [events, eventsOfUnknownActors] = [0, 0];
  for await (
    const { event, sequence } of scan(store, checkScan(given, action))
  ) {
    events++;
    const { actorId, eventType } = event;
    const kind = actorKind(actorId);
    if (kind === undefined) {
      eventsOfUnknownActors++;
      if (unknownActorIds.size < MAX_ACTOR_IDS) unknownActorIds.add(actorId);
    }
    const name = `${kind}.${eventType}`;
    if (kind !== undefined && known.has(name)) {
      unused.delete(name);
      continue;
    }
    const key = JSON.stringify([kind, eventType]);
    const before = unknown.get(key);
    unknown.set(key, {
      eventType,
      kind,
      count: (before?.count ?? 0) + 1,
      firstSequence: before?.firstSequence ?? sequence,
      lastSequence: sequence,
    });
  }
  return {
    events,
    unknownEventTypes: [...unknown.values()].sort((a, b) => b.count - a.count),
    unknownActorIds: [...unknownActorIds],
    eventsOfUnknownActors,
    unusedEventTypes: [...unused],
  };
}

/** Finds the kind of an actor by the prefixes of ids, the longest first. */
function kindFinder(model: Model): (actorId: string) => string | undefined {
  const prefixes = kindsOf(model).flatMap(({ kind, actor }) =>
    (actor.idPrefixes ?? [`${kind}-`, `${kind}.`])
      .map((prefix) => ({ prefix, kind }))
  ).sort((a, b) => b.prefix.length - a.prefix.length);
  return (actorId) =>
    prefixes.find(({ prefix }) => actorId.startsWith(prefix))?.kind;
}
