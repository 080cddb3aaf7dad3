/**
 * Versions and what is expected of them.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { VersionConflictError } from "../../../store/errors.ts";
import type { Contract } from "./fixture.ts";
import {
  assertErrorIs,
  assertHistory,
  assertRefused,
  makeEvent,
  makeEvents,
  reasonOf,
} from "./helpers.ts";

/** Registers the tests. */
export function versionsContract({ test }: Contract): void {
  test("saveEvent() says version and sequence when it stored the event", async ({ store }) => {
    const sequences: number[] = [];
    for (const event of makeEvents("a", 1, 2, 3)) {
      const result = await store.saveEvent(event);
      assertEquals(Object.keys(result).sort(), [
        "duplicate",
        "sequence",
        "version",
      ]);
      assertEquals(result.version, event.version);
      assertEquals(result.duplicate, false);
      sequences.push(result.sequence);
    }
    assertEquals(sequences.every(Number.isSafeInteger), true);
    assertEquals(sequences[0]! > 0, true);
    assertEquals(sequences, sequences.toSorted((a, b) => a - b));
    assertEquals(new Set(sequences).size, 3);
  });

  test("saveEvent() takes gaps when versions rise", async ({ store }) => {
    const events = makeEvents("a", 7, 8, 100, 2 ** 32, Number.MAX_SAFE_INTEGER);
    for (const event of events) await store.saveEvent(event);
    await assertHistory(store, "a", events);
  });

  test("saveEvent() rejects a version when it is not above the latest", async ({ store }) => {
    const events = makeEvents("a", 3, 7);
    for (const event of events) await store.saveEvent(event);
    for (const version of [7, 6, 5, 3, 2, 1]) {
      const event = makeEvent("a", version);
      assertErrorIs(
        await reasonOf(() => store.saveEvent(event)),
        VersionConflictError,
        {
          actorId: "a",
          attemptedVersion: version,
          currentVersion: 7,
          expectedVersion: undefined,
        },
      );
    }
    await assertHistory(store, "a", events);
  });

  test("saveEvent() counts versions for each actor when there are several", async ({ store }) => {
    await store.saveEvent(makeEvent("a", 9));
    await store.saveEvent(makeEvent("a.b", 1));
    await store.saveEvent(makeEvent("b", 1));
    await store.saveEvent(makeEvent("a", 10));
    assertEquals(await store.getLatestVersion("a"), 10);
    assertEquals(await store.getLatestVersion("a.b"), 1);
    assertEquals(await store.getLatestVersion("b"), 1);
    assertEquals(await store.getLatestVersion("c"), 0);
  });

  test("saveEvent() saves when the actor is at expectedVersion", async ({ store }) => {
    const events = makeEvents("a", 2, 3, 10);
    const [first, second, third] = events;
    await store.saveEvent(first!, { expectedVersion: 0 });
    await store.saveEvent(second!, { expectedVersion: 2 });
    await store.saveEvent(third!, { expectedVersion: 3 });
    await assertHistory(store, "a", events);
  });

  test("saveEvent() rejects when the actor is not at expectedVersion", async ({ store }) => {
    const rejects = async (version: number, expectedVersion: number) => {
      const event = makeEvent("a", version);
      const currentVersion = await store.getLatestVersion("a");
      assertErrorIs(
        await reasonOf(() => store.saveEvent(event, { expectedVersion })),
        VersionConflictError,
        {
          actorId: "a",
          attemptedVersion: version,
          currentVersion,
          expectedVersion,
        },
      );
    };
    await rejects(1, 1);
    await rejects(6, 5);
    const events = makeEvents("a", 3, 5);
    for (const event of events) await store.saveEvent(event);
    await rejects(6, 0);
    await rejects(6, 3);
    await rejects(6, 4);
    await rejects(6, 6);
    await rejects(6, Number.MAX_SAFE_INTEGER);
    const never = { expectedVersion: 6 };
    assertErrorIs(
      await reasonOf(() => store.saveEvent(makeEvent("a", 6), never)),
      VersionConflictError,
      {
        message:
          'Cannot save event: expected actor "a" at version 6 before version 6, but it is at 5; what is expected is the version before the event\'s own',
      },
    );
    // With a gap, the event's own version says more.
    for (const [version, before] of [[4, ""], [7, " before version 7"]]) {
      const event = makeEvent("a", Number(version));
      assertErrorIs(
        await reasonOf(() => store.saveEvent(event, { expectedVersion: 3 })),
        VersionConflictError,
        {
          message:
            `Cannot save event: expected actor "a" at version 3${before}, but it is at 5`,
        },
      );
    }
    await rejects(4, 3);
    // Expected rightly, and still not above the latest.
    const event = makeEvent("a", 4);
    assertErrorIs(
      await reasonOf(() => store.saveEvent(event, { expectedVersion: 5 })),
      VersionConflictError,
      {
        message:
          'Cannot save event: version 4 of actor "a" is not greater than 5',
        attemptedVersion: 4,
        currentVersion: 5,
        expectedVersion: 5,
      },
    );
    await assertHistory(store, "a", events);
  });

  test("saveEvents() saves when every actor is at its expected version", async ({ store }) => {
    const before = makeEvent("a", 4);
    await store.saveEvent(before);
    const events = [...makeEvents("a", 6, 7), ...makeEvents("b", 1, 5)];
    const result = await store.saveEvents(events, {
      expectedVersions: new Map([["a", 4], ["b", 0]]),
    });
    assertEquals(result.versions, new Map([["a", 7], ["b", 5]]));
    await assertHistory(store, "a", [before, ...events.slice(0, 2)]);
    await assertHistory(store, "b", events.slice(2));
  });

  test("saveEvents() takes expectedVersion when all events are of one actor", async ({ store }) => {
    const events = makeEvents("a", 1, 2);
    await store.saveEvents(events, { expectedVersion: 0 });
    const more = makeEvents("a", 3, 4);
    assertErrorIs(
      await reasonOf(() => store.saveEvents(more, { expectedVersion: 1 })),
      VersionConflictError,
      { attemptedVersion: 3, currentVersion: 2, expectedVersion: 1 },
    );
    await store.saveEvents(more, { expectedVersion: 2 });
    const last = makeEvent("a", 9);
    await store.saveEvent(last, { expectedVersion: "any" });
    await assertHistory(store, "a", [...events, ...more, last]);
    const two = [makeEvent("a", 10), makeEvent("b", 1)];
    await assertRefused(() => store.saveEvents(two, { expectedVersion: 9 }));
    await assertHistory(store, "b", []);
  });

  test("saveEvents() saves nothing when one actor is not at its expected version", async ({ store }) => {
    const before = makeEvent("b", 2);
    await store.saveEvent(before);
    const events = [...makeEvents("a", 1, 2), ...makeEvents("b", 3, 4)];
    for (
      const [actorId, expected, current] of [["a", 1, 0], ["b", 1, 2]] as const
    ) {
      const expectedVersions = new Map([[actorId, expected]]);
      assertErrorIs(
        await reasonOf(() => store.saveEvents(events, { expectedVersions })),
        VersionConflictError,
        {
          actorId,
          attemptedVersion: actorId === "a" ? 1 : 3,
          currentVersion: current,
          expectedVersion: expected,
        },
      );
    }
    await assertHistory(store, "a", []);
    await assertHistory(store, "b", [before]);
  });

  test("saveEvents() saves nothing when one version is not above its actor's latest", async ({ store }) => {
    const before = makeEvent("b", 2);
    await store.saveEvent(before);
    for (const version of [1, 2]) {
      const events = [...makeEvents("a", 1, 2), makeEvent("b", version)];
      assertErrorIs(
        await reasonOf(() => store.saveEvents(events)),
        VersionConflictError,
        {
          actorId: "b",
          attemptedVersion: version,
          currentVersion: 2,
          expectedVersion: undefined,
        },
      );
    }
    await assertHistory(store, "a", []);
    await assertHistory(store, "b", [before]);
  });

  test("saveEvents() rejects when an actor's versions do not rise in the call", async ({ store }) => {
    for (const [first, second] of [[2, 2], [3, 2]] as const) {
      const events = [
        makeEvent("a", first),
        makeEvent("b", 1),
        makeEvent("a", second),
      ];
      assertErrorIs(
        await reasonOf(() => store.saveEvents(events)),
        RangeError,
        {
          message:
            `Cannot save events: version ${second} of actor "a" comes after version ${first} in the call, and must be greater`,
        },
      );
    }
    await assertHistory(store, "a", []);
    await assertHistory(store, "b", []);
  });
}
