/**
 * Which of several reasons to refuse a save comes first.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { VersionConflictError } from "../../../store/errors.ts";
import type { Event } from "../../../event/event.ts";
import type { Contract } from "./fixture.ts";
import {
  assertErrorIs,
  assertHistory,
  instances,
  makeEvent,
  reasonOf,
  upTo,
} from "./helpers.ts";

/** Registers the tests. */
export function orderOfChecksContract({ test, race }: Contract): void {
  test("saveEvent() conflicts when another event has the id at the same version", async ({ store }) => {
    const event = makeEvent("a", 2, { data: { amount: 1, list: [1] } });
    await store.saveEvent(event);
    const others: Event[] = [
      { ...event, data: { amount: 2, list: [1] } },
      { ...event, data: { amount: 1, list: [1, 1] } },
      { ...event, data: { amount: 1 } },
      { ...event, data: { amount: 1, list: [1], more: null } },
      { ...event, data: { amount: "1", list: [1] } },
      { ...event, eventType: "HappenedAgain" },
    ];
    for (const other of others) {
      for (
        const save of [
          () => store.saveEvent(other),
          () => store.saveEvents([other]),
          () => store.saveEvents([makeEvent("b", 1), other]),
        ]
      ) {
        assertErrorIs(await reasonOf(save), VersionConflictError, {
          actorId: "a",
          attemptedVersion: 2,
          currentVersion: 2,
        });
      }
    }
    await assertHistory(store, "a", [event]);
    await assertHistory(store, "b", []);
  });

  test("saveEvent() conflicts before it looks whose the id is", async ({ store }) => {
    const event = makeEvent("a", 2);
    await store.saveEvent(event);
    const later = { ...event, version: 3 };
    const companion = makeEvent("b", 1);
    const expectedVersions = new Map([["a", 1]]);
    for (
      const save of [
        () => store.saveEvent(later, { expectedVersion: 1 }),
        () => store.saveEvents([companion, later], { expectedVersions }),
      ]
    ) {
      assertErrorIs(await reasonOf(save), VersionConflictError, {
        attemptedVersion: 3,
        currentVersion: 2,
        expectedVersion: 1,
      });
    }
    await assertHistory(store, "b", []);
  });

  test("saveEvent() lets a loop win when ids are made of actor and version", async (fixture) => {
    const stores = await instances(fixture, race.connections);
    const writers = 6;
    const each = 5;
    const write = async (writer: number) => {
      const store = stores[writer % stores.length]!;
      let version = 1;
      for (let won = 0; won < each; version++) {
        const event = makeEvent("a", version, {
          id: `a/${version}`,
          data: { writer },
        });
        try {
          await store.saveEvent(event, { expectedVersion: version - 1 });
          won++;
        } catch (error) {
          if (!(error instanceof VersionConflictError)) throw error;
          version = error.currentVersion;
        }
      }
    };
    await Promise.all(upTo(writers).map(write));
    const events = await fixture.store.getEvents("a");
    assertEquals(
      events.map(({ id }) => id),
      upTo(writers * each).map((version) => `a/${version}`),
    );
  });
}
