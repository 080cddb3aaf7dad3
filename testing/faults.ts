/**
 * Stores that fail when they are told to.
 *
 * @module
 */

import type { AnyEvent } from "../event/event.ts";
import { badType } from "../internal/arguments.ts";
import { show } from "../internal/show.ts";
import { delay } from "../internal/waiting.ts";
import {
  SaveOutcomeUnknownError,
  VersionConflictError,
} from "../store/errors.ts";
import type { EventStore, SaveEventsOptions } from "../store/event_store.ts";
import { JetStreamUnavailableError } from "../store/jetstream/errors.ts";

/**
 * What happens to one save.
 *
 * - `"unavailable"`: it fails with a {@linkcode JetStreamUnavailableError}, and
 *   nothing is stored.
 * - `"conflict"`: it fails with a {@linkcode VersionConflictError}, as if
 *   another save had just taken its version, and nothing is stored. A save
 *   without events meets none.
 * - `"unknown"`: it fails with a {@linkcode SaveOutcomeUnknownError}, and
 *   nothing is stored.
 * - `"unknown-but-stored"`: it fails in the same way, but it is stored.
 * - `delay`: it is sent so many milliseconds later.
 * - `first`: this is done before it is sent, such as the save of a competitor,
 *   with which it is a conflict.
 */
export type Fault =
  | "unavailable"
  | "conflict"
  | "unknown"
  | "unknown-but-stored"
  | { readonly delay: number }
  | { readonly first: () => unknown };

const FAULTS =
  '"unavailable", "conflict", "unknown", "unknown-but-stored", { delay } or { first }';

/**
 * A store that fails when it is told to.
 *
 * @typeParam Store The store, whose other members it keeps.
 */
export type FaultyStore<Store extends EventStore<AnyEvent>> = Store & {
  /** What happens to the next saves, the first of it to the next one. */
  readonly faults: Fault[];
};

/** The calls that save, as errors name them. */
const SAVES: ReadonlyMap<PropertyKey, string> = new Map([
  ["append", "append"],
  ["saveEvent", "save event"],
  ["saveEvents", "save events"],
]);

/** A save that meets a fault. */
interface Save {
  readonly store: EventStore<AnyEvent>;
  readonly action: string;
  readonly args: readonly unknown[];
  readonly send: () => Promise<unknown>;
}

/**
 * The same store, whose saves meet faults in turn: each takes the first of
 * `faults`, and goes well when there is none. What is not sent is checked by
 * nobody. Reads are those of the store. A fault that there is not fails the save
 * with a TypeError.
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
export function withFaults<Store extends EventStore<AnyEvent>>(
  store: Store,
): FaultyStore<Store> {
  const faults: Fault[] = [];
  return new Proxy(store, {
    get(target, name) {
      if (name === "faults") return faults;
      const value = Reflect.get(target, name, target);
      if (typeof value !== "function") return value;
      const method = value.bind(target);
      const action = SAVES.get(name);
      if (action === undefined) return method;
      return (...args: unknown[]) => {
        const send = () => method(...args);
        return meet(faults.shift(), { store, action, args, send });
      };
    },
  }) as FaultyStore<Store>;
}

async function meet(fault: Fault | undefined, save: Save): Promise<unknown> {
  const { action, send } = save;
  const message = `Cannot ${action}: fault ${show(fault)} of withFaults`;
  switch (fault) {
    case undefined:
      return await send();
    case "unavailable":
      throw new JetStreamUnavailableError(message);
    case "conflict":
      if (eventsOf(save).length === 0) return await send();
      throw await conflictOf(save);
    case "unknown":
      throw new SaveOutcomeUnknownError(message, idsOf(save));
    case "unknown-but-stored":
      await send();
      throw new SaveOutcomeUnknownError(message, idsOf(save));
  }
  if (typeof fault !== "object" || fault === null) {
    throw badType(action, "a fault of withFaults", FAULTS, fault);
  }
  if ("delay" in fault) await delay(fault.delay);
  else if ("first" in fault) await fault.first();
  else throw badType(action, "a fault of withFaults", FAULTS, fault);
  return await send();
}

/** The events or drafts of a save, as far as its arguments tell. */
function eventsOf({ args }: Save): Partial<AnyEvent>[] {
  const [events] = args.filter((each) => typeof each === "object");
  return [events].flat() as Partial<AnyEvent>[];
}

function idsOf(save: Save): string[] {
  return eventsOf(save).flatMap(({ id }) => id === undefined ? [] : [id]);
}

/** The conflict with another save that has just taken the version. */
async function conflictOf(save: Save): Promise<VersionConflictError> {
  const { store, action, args } = save;
  const [event] = eventsOf(save);
  const actorId = event?.actorId ?? String(args[0]);
  const options = args[action === "append" ? 2 : 1] as SaveEventsOptions;
  const { expectedVersions, expectedVersion = "any" } = options ?? {};
  const expected = expectedVersions?.get(actorId) ?? expectedVersion;
  const before = expected === "any"
    ? await store.getLatestVersion(actorId)
    : expected;
  const attemptedVersion = event?.version ?? before + 1;
  return new VersionConflictError({
    actorId,
    attemptedVersion,
    currentVersion: attemptedVersion,
    expectedVersion: expected === "any" ? undefined : expected,
    action,
  });
}
