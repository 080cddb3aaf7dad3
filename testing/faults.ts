/**
 * Stores that fail when they are told to.
 *
 * @module
 */

import type { AnyEvent } from "../event/event.ts";
import { delay } from "../internal/waiting.ts";
import { SaveOutcomeUnknownError } from "../store/errors.ts";
import type { EventStore } from "../store/event_store.ts";
import { JetStreamUnavailableError } from "../store/jetstream/errors.ts";

/**
 * What happens to one save.
 *
 * - `"unavailable"`: it fails with a {@linkcode JetStreamUnavailableError}, and
 *   nothing is stored.
 * - `"unknown"`: it fails with a {@linkcode SaveOutcomeUnknownError}, and
 *   nothing is stored.
 * - `"unknown-but-stored"`: it fails in the same way, but it is stored.
 * - `delay`: it is sent so many milliseconds later.
 * - `first`: this is done before it is sent, such as the save of a competitor,
 *   with which it is a conflict.
 */
export type Fault =
  | "unavailable"
  | "unknown"
  | "unknown-but-stored"
  | { readonly delay: number }
  | { readonly first: () => unknown };

/** A store that fails when it is told to. */
export type FaultyStore<E extends AnyEvent> = EventStore<E> & {
  /** What happens to the next saves, the first of it to the next one. */
  readonly faults: Fault[];
};

const SAVES: ReadonlySet<PropertyKey> = new Set([
  "append",
  "saveEvent",
  "saveEvents",
]);

/**
 * The same store, whose saves meet faults in turn: each takes the first of
 * `faults`, and goes well when there is none. What is not sent is checked by
 * nobody. Reads are those of the store.
 *
 * @example A save of which nobody knows whether it was stored
 * ```ts
 * import {
 *   createEvent,
 *   type Event,
 *   InMemoryEventStore,
 *   SaveOutcomeUnknownError,
 * } from "@flowmade-one/aether";
 * import { withFaults } from "@flowmade-one/aether/testing";
 * import { assertEquals, assertRejects } from "@std/assert";
 *
 * await using store = withFaults(new InMemoryEventStore<Event>());
 * const placed = createEvent({
 *   eventType: "OrderPlaced",
 *   actorId: "order-1",
 *   version: 1,
 *   data: {},
 * });
 * store.faults.push("unknown-but-stored");
 * await assertRejects(() => store.saveEvent(placed), SaveOutcomeUnknownError);
 * assertEquals((await store.saveEvent(placed)).duplicate, true);
 * ```
 */
export function withFaults<E extends AnyEvent>(
  store: EventStore<E>,
): FaultyStore<E> {
  const faults: Fault[] = [];
  return new Proxy(store, {
    get(target, name) {
      if (name === "faults") return faults;
      const value = Reflect.get(target, name, target);
      if (typeof value !== "function") return value;
      const method = value.bind(target);
      if (!SAVES.has(name)) return method;
      return (...args: unknown[]) =>
        meet(faults.shift(), idsOf(args), () => method(...args));
    },
  }) as FaultyStore<E>;
}

/** The ids of the events of a save, as far as its arguments tell. */
function idsOf(args: readonly unknown[]): string[] {
  const [events] = args.filter((each) => typeof each === "object");
  const all = [events].flat() as Partial<AnyEvent>[];
  return all.flatMap(({ id }) => id === undefined ? [] : [id]);
}

async function meet<T>(
  fault: Fault | undefined,
  ids: readonly string[],
  save: () => Promise<T>,
): Promise<T> {
  if (fault === undefined) return await save();
  if (fault === "unavailable") {
    throw new JetStreamUnavailableError("Cannot save: a fault for a test");
  }
  if (typeof fault === "object") {
    if ("delay" in fault) await delay(fault.delay);
    else await fault.first();
    return await save();
  }
  if (fault === "unknown-but-stored") await save();
  throw new SaveOutcomeUnknownError("Cannot tell: a fault for a test", ids);
}
