/**
 * Random histories of calls against a model that is obviously right.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  DuplicateEventError,
  VersionConflictError,
} from "../../../store/errors.ts";
import type { Event } from "../../../event/event.ts";
import type { EventStore } from "../../../store/event_store.ts";
import { inspect } from "../inspect.ts";
import type { Contract } from "./fixture.ts";
import { collect, makeEvent } from "./helpers.ts";

/** How one event of a save is chosen. */
interface Choice {
  readonly actor: number;
  /** Added to the actor's latest version. */
  readonly step: number;
  /** Which earlier event to take something of, if there is one. */
  readonly earlier: number;
  /** A new event, an earlier one, or a new one by an earlier one's id. */
  readonly kind: "new" | "again" | "changed" | "taken";
  /** Added to the version before, and then expected. */
  readonly expected: number | undefined;
}

/** One save: of one event by `saveEvent`, or of several by `saveEvents`. */
type Step = Choice | readonly Choice[];

const choice: fc.Arbitrary<Choice> = fc.record({
  actor: fc.nat(2),
  step: fc.oneof(
    { weight: 6, arbitrary: fc.constant(1) },
    { weight: 2, arbitrary: fc.integer({ min: -2, max: 3 }) },
  ),
  earlier: fc.nat(1000),
  kind: fc.oneof(
    { weight: 8, arbitrary: fc.constant("new" as const) },
    { weight: 3, arbitrary: fc.constant("again" as const) },
    {
      weight: 1,
      arbitrary: fc.constantFrom("changed" as const, "taken" as const),
    },
  ),
  expected: fc.oneof(
    { weight: 4, arbitrary: fc.constant(undefined) },
    { weight: 4, arbitrary: fc.constant(0) },
    { weight: 1, arbitrary: fc.constantFrom(-1, 1, 5) },
  ),
});

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: choice },
  { weight: 2, arbitrary: fc.array(choice, { maxLength: 6 }) },
);

/** What may come of a save: sets, for several things can be wrong at once. */
interface Outcome {
  /** Ids that are another event's, or that occur twice. */
  readonly taken: Set<string>;
  /** Actors with a conflict, and the versions they may be said to be at. */
  readonly conflicts: Map<string, Set<number>>;
  /** Whether an actor's versions do not rise in the call. */
  readonly isDisordered: boolean;
  /** The events that were not stored yet. */
  readonly fresh: readonly Event[];
}

function isGood({ taken, conflicts, isDisordered }: Outcome): boolean {
  return taken.size === 0 && conflicts.size === 0 && !isDisordered;
}

/** All that is stored, in stream order. */
class Model {
  readonly log: Event[] = [];

  history(actorId: string): Event[] {
    return this.log.filter((event) => event.actorId === actorId);
  }

  latest(actorId: string): number {
    return this.history(actorId).at(-1)?.version ?? 0;
  }

  /** The version before an event, stored already or new. */
  before({ id, actorId, version }: Event): number {
    const isStored = this.log.some((stored) => stored.id === id);
    return this.history(actorId)
      .filter((stored) => !isStored || stored.version < version)
      .at(-1)?.version ?? 0;
  }

  save(
    events: readonly Event[],
    expected: ReadonlyMap<string, number>,
  ): Outcome {
    const taken = new Set<string>();
    const conflicts = new Map<string, Set<number>>();
    const conflict = (actorId: string, currentVersion: number) => {
      const versions = conflicts.get(actorId) ?? new Set();
      conflicts.set(actorId, versions.add(currentVersion));
    };
    const fresh: Event[] = [];
    let isDisordered = false;
    for (const [i, event] of events.entries()) {
      const { id, actorId, version } = event;
      const earlier = events.slice(0, i);
      const stored = this.log.find((each) => each.id === id);
      if (stored === undefined) fresh.push(event);
      else if (
        stored.actorId !== actorId || stored.version !== version ||
        JSON.stringify(stored.data) !== JSON.stringify(event.data)
      ) taken.add(id);
      if (earlier.some((each) => each.id === id)) taken.add(id);
      const previous = earlier.findLast((each) => each.actorId === actorId);
      if (previous === undefined) {
        const before = this.before(event);
        if ((expected.get(actorId) ?? before) !== before) {
          conflict(actorId, this.latest(actorId));
        }
      } else if (version <= previous.version) {
        isDisordered = true;
      }
      // Which of the two is told of a taken id that is out of place is open.
      if (
        (stored === undefined || taken.has(id)) &&
        version <= this.latest(actorId)
      ) conflict(actorId, this.latest(actorId));
    }
    const outcome = { taken, conflicts, isDisordered, fresh };
    if (isGood(outcome)) this.log.push(...fresh);
    return outcome;
  }
}

/** The events a step saves, which depend on what is stored. */
function resolve(
  { actor, step, earlier, kind }: Choice,
  model: Model,
  prefix: string,
  planned: readonly Event[],
): Event {
  const actorId = `${prefix}.${actor}`;
  const latest = planned.findLast((event) => event.actorId === actorId)
    ?.version ?? model.latest(actorId);
  const fresh = makeEvent(actorId, Math.max(1, latest + step));
  if (kind === "new" || model.log.length === 0) return fresh;
  const found = model.log[earlier % model.log.length]!;
  switch (kind) {
    case "again":
      return { ...found, timestamp: "2031-01-01T00:00:00Z" };
    case "changed":
      return { ...found, data: { changed: true } };
    case "taken":
      return { ...fresh, id: found.id };
  }
}

async function runStep(
  store: EventStore,
  model: Model,
  step: Step,
  prefix: string,
): Promise<void> {
  const single = !Array.isArray(step);
  const choices: readonly Choice[] = single
    ? [step as Choice]
    : step as Choice[];
  const events: Event[] = [];
  const expected = new Map<string, number>();
  for (const choice of choices) {
    const event = resolve(choice, model, prefix, events);
    if (
      choice.expected !== undefined &&
      !events.some(({ actorId }) => actorId === event.actorId)
    ) {
      const before = model.before(event) + choice.expected;
      expected.set(event.actorId, Math.max(0, before));
    }
    events.push(event);
  }
  const run = () =>
    single
      ? store.saveEvent(events[0]!, {
        expectedVersion: expected.get(events[0]!.actorId),
      })
      : store.saveEvents(events, { expectedVersions: expected });
  const outcome = model.save(events, expected);
  if (isGood(outcome)) {
    const { duplicate } = await run();
    const stored = events.length > 0 && outcome.fresh.length === 0;
    assertEquals(duplicate, stored);
    return;
  }
  try {
    await run();
  } catch (error) {
    if (error instanceof DuplicateEventError) {
      assert(outcome.taken.has(error.eventId), error.message);
      return;
    }
    if (error instanceof VersionConflictError) {
      const versions = outcome.conflicts.get(error.actorId);
      assert(versions?.has(error.currentVersion), error.message);
      return;
    }
    if (error instanceof RangeError) {
      assert(outcome.isDisordered, error.message);
      return;
    }
    throw error;
  }
  throw new Error(`Expected a rejection, as ${inspect(outcome)}`);
}

/** Registers the tests. */
export function modelContract({ test, runs }: Contract): void {
  test("the store does what a simple model does, whatever is called", async ({ store }) => {
    let run = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 1, maxLength: 25 }),
        async (steps) => {
          const prefix = `run-${++run}`;
          const model = new Model();
          for (const step of steps) await runStep(store, model, step, prefix);
          for (const actor of [0, 1, 2]) {
            const actorId = `${prefix}.${actor}`;
            const history = model.history(actorId);
            assertEquals(await store.getEvents(actorId), history);
            assertEquals(
              await store.getLatestVersion(actorId),
              model.latest(actorId),
            );
          }
          const actors = `${prefix}.*`;
          const items = await collect(store.subscribe({ live: false, actors }));
          assertEquals(items.map(({ event }) => event), model.log);
        },
      ),
      { numRuns: runs },
    );
  });
}
