/**
 * Derives a first model from the events of a store.
 *
 * @module
 */

import { badType, optionsOf } from "../internal/arguments.ts";
import { DataShape } from "./_data_shape.ts";
import {
  checkScan,
  type EventSource,
  scan,
  type ScanOptions,
} from "./_event_source.ts";
import { Flowchart } from "./_flowchart.ts";
import { readModel } from "./_read_model.ts";
import type { EventModel, Model } from "./model.ts";

/** Options of {@linkcode discoverModel}. */
export interface DiscoverOptions extends ScanOptions {
  /** The name of the model. @default {"discovered"} */
  name?: string | undefined;
  /**
   * The kind of an actor; undefined leaves its events out.
   * @default what its id has before the first `-`, `.`, `:`, `/` or digit
   */
  actorKind?: ((actorId: string) => string | undefined) | undefined;
}

/** How often one event type directly follows another of the same actor. */
export interface EventFollow {
  /** The event type before; undefined where a history begins. */
  readonly from: string | undefined;
  /** The event type after; undefined where a history ends. */
  readonly to: string | undefined;
  /** How often. */
  readonly count: number;
}

/** What there is of one kind of actor. */
export interface DiscoveredKind {
  /** How many actors there are. */
  readonly actors: number;
  /** How many events there are of each type, in the order of their first. */
  readonly eventTypes: Readonly<Record<string, number>>;
  /** Which event types follow which, the most frequent first. */
  readonly follows: readonly EventFollow[];
}

/** What {@linkcode discoverModel} found. */
export interface Discovery {
  /** Events that were read. */
  readonly events: number;
  /**
   * The kinds and their event types, the latter with the shape of their data.
   * It has no commands: a store does not know why things happened.
   */
  readonly model: Model;
  /** What there is of each kind. */
  readonly kinds: Readonly<Record<string, DiscoveredKind>>;
}

/**
 * Derives a model from a store that has events and no description: kinds of
 * actors, event types, the shape of their data, and which event follows which
 * and how often (a process map: see {@linkcode toProcessMap}).
 *
 * It remembers one event type for each actor, and no events.
 *
 * @example
 * ```ts
 * import { createEvent, InMemoryEventStore } from "@flowmade-one/aether";
 * import { discoverModel } from "@flowmade-one/aether/model";
 * import { assertEquals } from "@std/assert";
 *
 * await using store = new InMemoryEventStore();
 * for (const [version, eventType] of [[1, "Opened"], [2, "Closed"]] as const) {
 *   await store.saveEvent(
 *     createEvent({ eventType, actorId: "door-1", version, data: {} }),
 *   );
 * }
 *
 * const { kinds } = await discoverModel(store);
 * assertEquals(kinds.door?.follows, [
 *   { from: undefined, to: "Opened", count: 1 },
 *   { from: "Opened", to: "Closed", count: 1 },
 *   { from: "Closed", to: undefined, count: 1 },
 * ]);
 * ```
 *
 * @param store The store. Stored messages that are no events are passed over.
 * @throws {TypeError | RangeError} If an option is not valid.
 * @throws What reading the store fails with.
 */
export async function discoverModel(
  store: EventSource,
  options?: DiscoverOptions,
): Promise<Discovery> {
  const action = "discover model";
  const { name = "discovered", actorKind = prefixOf, ...given } = optionsOf(
    options,
    {
      name: true,
      actorKind: true,
      limit: true,
      onProgress: true,
      signal: true,
    },
    action,
  );
  if (typeof actorKind !== "function") {
    throw badType(action, "actorKind", "a function", actorKind);
  }
  const kinds = new Map<string, KindStatistics>();
  let events = 0;
  for await (const { event } of scan(store, checkScan(given, action))) {
    events++;
    const { actorId, eventType, data } = event;
    const kind = actorKind(actorId);
    if (kind === undefined) continue;
    const statistics = kinds.get(kind) ?? new KindStatistics();
    kinds.set(kind, statistics);
    statistics.add(actorId, eventType, data);
  }
  const found = [...kinds];
  const actors = found.map(([kind, statistics]) => [kind, {
    commands: {},
    events: statistics.events(),
  }]);
  return {
    events,
    model: readModel({ name, actors: Object.fromEntries(actors) }, action),
    kinds: Object.fromEntries(
      found.map(([kind, statistics]) => [kind, statistics.summary()]),
    ),
  };
}

function prefixOf(actorId: string): string | undefined {
  return /^[^-.:/\d]+/.exec(actorId)?.[0];
}

/** Counts the events of one kind of actor. */
class KindStatistics {
  readonly #shapes = new Map<string, DataShape>();
  /** The last event type of each actor. */
  readonly #last = new Map<string, string>();
  /** By event type before, undefined at the beginning, and event type after. */
  readonly #follows = new Map<string | undefined, Map<string, number>>();

  add(actorId: string, eventType: string, data: object): void {
    const shape = this.#shapes.get(eventType) ?? new DataShape();
    this.#shapes.set(eventType, shape);
    shape.add(data);
    const last = this.#last.get(actorId);
    this.#last.set(actorId, eventType);
    const after = this.#follows.get(last) ?? new Map<string, number>();
    this.#follows.set(last, after);
    after.set(eventType, (after.get(eventType) ?? 0) + 1);
  }

  events(): Record<string, EventModel> {
    return Object.fromEntries(
      Array.from(this.#shapes, ([type, shape]) => {
        const fields = shape.fields();
        return [type, Object.keys(fields).length > 0 ? { data: fields } : {}];
      }),
    );
  }

  summary(): DiscoveredKind {
    const ends = new Map<string, number>();
    for (const type of this.#last.values()) {
      ends.set(type, (ends.get(type) ?? 0) + 1);
    }
    const follows: EventFollow[] = [];
    for (const [from, after] of this.#follows) {
      for (const [to, count] of after) follows.push({ from, to, count });
    }
    for (const [from, count] of ends) {
      follows.push({ from, to: undefined, count });
    }
    return {
      actors: this.#last.size,
      eventTypes: Object.fromEntries(
        Array.from(this.#shapes, ([type, { count }]) => [type, count]),
      ),
      follows: follows.sort((a, b) => b.count - a.count),
    };
  }
}

/** Options of {@linkcode toProcessMap}. */
export interface ProcessMapOptions {
  /** Leaves out what follows less often than this. @default {1} */
  minCount?: number | undefined;
}

/**
 * Draws which event follows which, and how often, as a Mermaid flowchart with
 * a frame for each kind of actor.
 *
 * @returns The diagram, without a line break at its end.
 * @throws {TypeError | RangeError} If an option is not valid.
 */
export function toProcessMap(
  { kinds }: Discovery,
  options?: ProcessMapOptions,
): string {
  const action = "draw process map";
  const { minCount = 1 } = optionsOf(options, { minCount: true }, action);
  if (typeof minCount !== "number" || !(minCount >= 0)) {
    throw badType(action, "minCount", "a number of at least 0", minCount);
  }
  const chart = new Flowchart();
  for (const [kind, { actors, eventTypes, follows }] of Object.entries(kinds)) {
    const nodeOf = (type: string) =>
      chart.node(
        "event",
        `${kind}.${type}`,
        `${type} (${eventTypes[type]})`,
      );
    chart.frame(`${kind} (${actors})`, () => {
      for (const { from, to, count } of follows) {
        if (count < minCount) continue;
        const begin = from === undefined
          ? chart.node("start", `${kind} begins`, "begins")
          : nodeOf(from);
        const end = to === undefined
          ? chart.node("start", `${kind} ends`, "ends")
          : nodeOf(to);
        chart.arrow(begin, end, String(count));
      }
    });
  }
  return chart.toString();
}
