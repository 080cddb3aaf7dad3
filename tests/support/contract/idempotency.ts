/**
 * Saving again what is stored.
 *
 * @module
 */

import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  DuplicateEventError,
  VersionConflictError,
} from "../../../store/errors.ts";
import type { Event } from "../../../event/event.ts";
import type { EventStore } from "../../../store/event_store.ts";
import { waitFor } from "../conditions.ts";
import type { Contract } from "./fixture.ts";
import {
  assertErrorIs,
  assertHistory,
  makeEvent,
  makeEvents,
  reasonOf,
  upTo,
} from "./helpers.ts";

const shortWindow = 100;

/** Ids are remembered for at most about two windows. */
async function outliveWindow(): Promise<void> {
  const began = performance.now();
  await waitFor(() => performance.now() - began > 3 * shortWindow);
}

/** Saving the event is a DuplicateEventError, by both ways to save. */
async function assertDuplicate(
  store: EventStore,
  event: Event,
  stored: { version: number; sequence: number },
): Promise<void> {
  const batch = [makeEvent("companion", 1), event];
  for (
    const save of [() => store.saveEvent(event), () => store.saveEvents(batch)]
  ) {
    const reason = await reasonOf(save);
    assertErrorIs(reason, DuplicateEventError, {
      eventId: event.id,
      actorId: event.actorId,
    });
    const { storedVersion, storedSequence } = reason as DuplicateEventError;
    assert([undefined, stored.version].includes(storedVersion));
    assert([undefined, stored.sequence].includes(storedSequence));
  }
  await assertHistory(store, "companion", []);
}

/** Registers the tests. */
export function idempotencyContract({ test, testTwo }: Contract): void {
  test("saveEvent() stores nothing when the event is stored already", async ({ store }) => {
    const events = makeEvents("a", 1, 4, 5);
    const first = [];
    for (const event of events) first.push(await store.saveEvent(event));
    for (const [i, event] of events.entries()) {
      const again = await store.saveEvent(structuredClone(event));
      assertEquals(again, { ...first[i]!, duplicate: true });
    }
    await assertHistory(store, "a", events);
  });

  test("saveEvent() finds a duplicate when a retry made the rest anew", async ({ store }) => {
    const event = makeEvent("a", 1, {
      data: { a: 1, b: [{ c: 2, d: 3 }] },
      commandId: "command-1",
      metadata: { traceId: "1" },
    });
    const { sequence } = await store.saveEvent(event);
    const { commandId: _, ...bare } = event;
    const retries: Event[] = [
      { ...event, timestamp: "2030-01-01T00:00:00Z" },
      { ...event, metadata: { traceId: "2", userId: "u" } },
      { ...event, metadata: undefined },
      { ...event, commandId: "command-2" },
      bare,
      { ...event, data: { b: [{ d: 3, c: 2 }], a: 1, left: undefined } },
      { ...event, future: 1 } as Event,
    ];
    for (const retry of retries) {
      const one = await store.saveEvent(retry);
      assertEquals(one, { version: 1, sequence, duplicate: true });
      const many = await store.saveEvents([retry]);
      assertEquals(many.duplicate, true);
    }
    await assertHistory(store, "a", [event]);
  });

  test("saveEvent() rejects an id when it belongs to another event", async ({ store }) => {
    const event = makeEvent("a", 2, { data: { amount: 1, list: [1] } });
    const { sequence } = await store.saveEvent(event);
    const stored = { version: 2, sequence };
    const others: Event[] = [
      { ...event, version: 3 },
      { ...event, actorId: "b" },
      { ...event, actorId: "b", version: 7 },
    ];
    for (const other of others) await assertDuplicate(store, other, stored);
    await assertHistory(store, "a", [event]);
    await assertHistory(store, "b", []);
  });

  test("saveEvents() rejects an id when it occurs twice in the call", async ({ store }) => {
    const event = makeEvent("a", 1);
    for (
      const other of [event, { ...event, version: 2 }, {
        ...event,
        actorId: "b",
      }]
    ) {
      const batch = [event, makeEvent("c", 1), other];
      assertErrorIs(
        await reasonOf(() => store.saveEvents(batch)),
        DuplicateEventError,
        { eventId: event.id },
      );
    }
    for (const actorId of ["a", "b", "c"]) {
      await assertHistory(store, actorId, []);
    }
  });

  test("saveEvents() stores nothing when all is stored already", async ({ store }) => {
    const events = [...makeEvents("a", 1, 2), makeEvent("b", 1)];
    const first = await store.saveEvents(events);
    assertEquals(first.duplicate, false);
    const again = await store.saveEvents(structuredClone(events));
    assertEquals(again, { ...first, duplicate: true });
    const part = await store.saveEvents(events.slice(0, 2));
    assertEquals(part.versions, new Map([["a", 2]]));
    assertEquals(part.duplicate, true);
    assert(part.sequence < first.sequence);
    await assertHistory(store, "a", events.slice(0, 2));
    await assertHistory(store, "b", events.slice(2));
  });

  test("saveEvents() saves the rest when some of it is stored already", async ({ store }) => {
    const events = [...makeEvents("a", 1, 2, 3), ...makeEvents("b", 1, 2)];
    await store.saveEvent(events[0]!);
    const { sequence } = await store.saveEvent(events[3]!);
    const result = await store.saveEvents(events);
    assertEquals(result.versions, new Map([["a", 3], ["b", 2]]));
    assertEquals(result.duplicate, false);
    assert(result.sequence > sequence);
    await assertHistory(store, "a", events.slice(0, 3));
    await assertHistory(store, "b", events.slice(3));
    assertEquals((await store.saveEvents(events)).duplicate, true);
    // The highest sequence, wherever in the call it is.
    const batch = [makeEvent("c", 1), events[0]!];
    const mixed = await store.saveEvents(batch);
    assert(mixed.sequence > result.sequence);
  });

  test("saveEvents() saves nothing of events that must all be new when one is stored", async ({ store }) => {
    const [first, second] = makeEvents("a", 1, 2) as [Event, Event];
    const allNew = true;
    await store.saveEvents([first], { allNew });
    for (const events of [[first], [first, second]]) {
      const error = await assertRejects(
        () => store.saveEvents(events, { allNew, expectedVersion: 0 }),
        DuplicateEventError,
        "Cannot save events: ",
      );
      const { eventId, actorId, storedVersion, storedSequence } = error;
      assertEquals(
        { eventId, actorId, storedVersion, storedSequence },
        {
          eventId: first.id,
          actorId: "a",
          storedVersion: 1,
          storedSequence: 1,
        },
      );
    }
    assertEquals(await store.getLatestVersion("a"), 1);
    assertEquals(
      (await store.saveEvents([second], { allNew })).duplicate,
      false,
    );
    await assertRejects(
      () => store.saveEvents([second], { allNew: 1 as never }),
      TypeError,
      "allNew",
    );
  });

  test("saveEvents() saves nothing when the rest conflicts", async ({ store }) => {
    const [first, second, other] = makeEvents("a", 1, 2, 3);
    await store.saveEvent(first!);
    await store.saveEvent(other!);
    const batch = [makeEvent("b", 1), first!, second!];
    assertErrorIs(
      await reasonOf(() => store.saveEvents(batch)),
      VersionConflictError,
      { actorId: "a", attemptedVersion: 2, currentVersion: 3 },
    );
    await assertHistory(store, "a", [first!, other!]);
    await assertHistory(store, "b", []);
  });

  test("saveEvent() compares expectedVersion with the version before when the event is stored already", async ({ store }) => {
    const [first, second, third] = makeEvents("a", 2, 5, 9);
    await store.saveEvent(first!, { expectedVersion: 0 });
    await store.saveEvent(second!, { expectedVersion: 2 });
    await store.saveEvent(third!, { expectedVersion: 5 });
    for (
      const [event, before] of [[first!, 0], [second!, 2], [third!, 5]] as const
    ) {
      const again = await store.saveEvent(event, { expectedVersion: before });
      assertEquals(again.duplicate, true);
      const expectedVersions = new Map([["a", before]]);
      const many = await store.saveEvents([event], { expectedVersions });
      assertEquals(many.duplicate, true);
      for (const wrong of [1, event.version, 9].filter((v) => v !== before)) {
        assertErrorIs(
          await reasonOf(() =>
            store.saveEvent(event, { expectedVersion: wrong })
          ),
          VersionConflictError,
          { attemptedVersion: event.version, expectedVersion: wrong },
        );
      }
    }
    const batch = [second!, third!, makeEvent("a", 10)];
    const expectedVersions = new Map([["a", 2]]);
    const result = await store.saveEvents(batch, { expectedVersions });
    assertEquals(result.duplicate, false);
    assertEquals(await store.getLatestVersion("a"), 10);
  });

  test("saveEvent() stores one when the same event is saved many times at once", async ({ store }) => {
    const event = makeEvent("a", 1);
    const results = await Promise.all(
      upTo(20).map(() => store.saveEvent(event, { expectedVersion: 0 })),
    );
    assertEquals(results.filter(({ duplicate }) => !duplicate).length, 1);
    assertEquals(new Set(results.map(({ sequence }) => sequence)).size, 1);
    await assertHistory(store, "a", [event]);
  });

  test(
    "saveEvent() knows stored events long after the duplicate window",
    async ({ store }) => {
      const events = makeEvents("a", 1, 2, 3);
      const first = await store.saveEvents(events);
      await outliveWindow();
      // Makes the store look at its clock.
      await store.saveEvent(makeEvent("b", 1));
      await outliveWindow();
      const { sequence } = await store.saveEvent(makeEvent("b", 2));
      for (const event of events) {
        const again = await store.saveEvent(event);
        assertEquals([again.duplicate, again.version], [true, event.version]);
        assert(again.sequence <= first.sequence && again.sequence < sequence);
      }
      assertEquals(await store.saveEvents(events), {
        ...first,
        duplicate: true,
      });
      for (const event of events) {
        // Another event in its place.
        assertErrorIs(
          await reasonOf(() => store.saveEvent(makeEvent("a", event.version))),
          VersionConflictError,
          { attemptedVersion: event.version, currentVersion: 3 },
        );
        // Another event by its name, in its place.
        assertErrorIs(
          await reasonOf(() => store.saveEvent({ ...event, data: {} })),
          VersionConflictError,
          { attemptedVersion: event.version, currentVersion: 3 },
        );
      }
      const rest = makeEvent("a", 4);
      assertEquals(
        (await store.saveEvents([...events, rest])).duplicate,
        false,
      );
      await assertHistory(store, "a", [...events, rest]);
    },
    { duplicateWindow: shortWindow },
  );

  testTwo(
    "saveEvent() finds a duplicate when another instance stored the event",
    async (store, other) => {
      const events = [...makeEvents("a", 1, 2), makeEvent("b", 1)];
      const first = await store.saveEvents(events);
      assertEquals(await other.saveEvents(events), {
        ...first,
        duplicate: true,
      });
      for (const event of events) {
        assertEquals((await other.saveEvent(event)).duplicate, true);
        const later = { ...event, version: event.version + 5 };
        assertErrorIs(
          await reasonOf(() => other.saveEvent(later)),
          DuplicateEventError,
          { eventId: event.id },
        );
      }
      await assertHistory(other, "a", events.slice(0, 2));
    },
  );

  testTwo(
    "saveEvent() goes on from what another instance stored",
    async (store, other) => {
      const events = makeEvents("a", ...upTo(20));
      for (const [i, event] of events.entries()) {
        const writer = i % 3 === 0 ? store : other;
        const reader = i % 2 === 0 ? store : other;
        await writer.saveEvent(event, { expectedVersion: i });
        assertEquals(await reader.getLatestVersion("a"), i + 1);
        assertErrorIs(
          await reasonOf(() => reader.saveEvent(makeEvent("a", i + 1))),
          VersionConflictError,
          { currentVersion: i + 1 },
        );
      }
      await assertHistory(store, "a", events);
      await assertHistory(other, "a", events);
    },
  );
}
