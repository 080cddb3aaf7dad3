/**
 * Appending drafts.
 *
 * @module
 */

import { assert, assertEquals, assertNotEquals } from "@std/assert";
import type { EventDraft } from "../../../event/event_draft.ts";
import {
  DuplicateEventError,
  VersionConflictError,
} from "../../../store/errors.ts";
import type { AppendOptions } from "../../../store/event_store.ts";
import { inspect } from "../inspect.ts";
import type { Contract } from "./fixture.ts";
import {
  assertErrorIs,
  assertHistory,
  assertRefused,
  makeEvent,
  makeEvents,
  reasonOf,
  upTo,
} from "./helpers.ts";

/** A draft whose data tells it from others. */
export function makeDraft(
  n: number,
  overrides: Partial<EventDraft> = {},
): EventDraft {
  return { eventType: "Happened", data: { n, list: [n] }, ...overrides };
}

/** Registers the tests. */
export function appendingContract(contract: Contract): void {
  const { test } = contract;

  test("append() gives ids, versions and a timestamp", async ({ store }) => {
    const before = makeEvent("a", 7);
    await store.saveEvent(before);
    const drafts = [
      makeDraft(1, { metadata: { userId: "jane", left: undefined } }),
      makeDraft(2, { id: "own", eventType: "Other" }),
    ];
    const result = await store.append("a", drafts);
    const [first, second] = result.events;
    assertEquals(first, {
      id: first!.id,
      eventType: "Happened",
      actorId: "a",
      version: 8,
      data: { n: 1, list: [1] },
      metadata: { userId: "jane" },
      timestamp: first!.timestamp,
    });
    assert(/^[0-9a-f-]{36}$/.test(first!.id));
    assert(Math.abs(Date.now() - Date.parse(first!.timestamp)) < 60_000);
    assertEquals([second!.id, second!.version], ["own", 9]);
    assertEquals(second!.timestamp, first!.timestamp);
    const [one, two] = result.sequences;
    assert(one! > 0 && two! > one!);
    const { version, sequence, duplicate } = result;
    assertEquals([version, sequence, duplicate], [9, two, false]);
    await assertHistory(store, "a", [before, ...result.events]);
  });

  test("append() reads drafts once and gives frozen events", async ({ store }) => {
    const drafts = [makeDraft(1)];
    const appending = store.append("a", drafts);
    (drafts[0]!.data as { list: number[] }).list.push(2);
    drafts.push(makeDraft(2));
    const { events } = await appending;
    assertEquals(events.map(({ data }) => data), [{ n: 1, list: [1] }]);
    for (const part of [events[0]!, events[0]!.data, events[0]!.data.list]) {
      assertEquals(Object.isFrozen(part), true);
    }
  });

  test("append() appends behind versions with gaps", async ({ store }) => {
    await store.saveEvents(makeEvents("a", 3, 90));
    const { version } = await store.append("a", [makeDraft(1), makeDraft(2)]);
    assertEquals(version, 92);
    const { events } = await store.append(
      "a",
      upTo(3).map((n) => makeDraft(n)),
      {
        expectedVersion: 92,
      },
    );
    assertEquals(events.map(({ version }) => version), [93, 94, 95]);
    assertEquals(await store.getLatestVersion("a"), 95);
  });

  test("append() takes 1,000 drafts and refuses more", async ({ store }) => {
    const drafts = upTo(1000).map((n) => makeDraft(n));
    const { events, sequences, version } = await store.append("a", drafts);
    assertEquals([events.length, sequences.length, version], [
      1000,
      1000,
      1000,
    ]);
    assertEquals(new Set(sequences).size, 1000);
    await assertRefused(() => store.append("a", [...drafts, makeDraft(0)]));
    assertEquals(await store.getLatestVersion("a"), 1000);
  });

  test("append() conflicts when the actor is not at expectedVersion", async ({ store }) => {
    const { events } = await store.append("a", [makeDraft(1), makeDraft(2)], {
      expectedVersion: 0,
    });
    for (const drafts of [[], [makeDraft(3)], [makeDraft(3), makeDraft(4)]]) {
      for (const expectedVersion of [0, 1, 3]) {
        const reason = await reasonOf(() =>
          store.append("a", drafts, { expectedVersion })
        );
        assertErrorIs(reason, VersionConflictError, {
          actorId: "a",
          attemptedVersion: expectedVersion + 1,
          currentVersion: 2,
          expectedVersion,
          message:
            `Cannot append: expected actor "a" at version ${expectedVersion}, but it is at 2`,
        });
      }
    }
    assertErrorIs(
      await reasonOf(() => store.append("b", [], { expectedVersion: 1 })),
      VersionConflictError,
      { currentVersion: 0 },
    );
    await assertHistory(store, "a", events);
  });

  test("append() of no drafts stores nothing and says where the actor is", async ({ store }) => {
    const nothing = {
      events: [],
      sequences: [],
      sequence: 0,
      duplicate: false,
    };
    const anywhere: AppendOptions[] = [{}, { expectedVersion: "any" }];
    for (const options of [...anywhere, { expectedVersion: 0 }]) {
      const result = await store.append("a", [], options);
      assertEquals(result, { ...nothing, version: 0 });
    }
    await store.saveEvent(makeEvent("a", 4));
    for (const options of [...anywhere, { expectedVersion: 4 }]) {
      const result = await store.append("a", [], options);
      assertEquals(result, { ...nothing, version: 4 });
    }
    assertEquals(await store.getLatestVersion("a"), 4);
  });

  test("append() refuses what is not valid and stores nothing", async ({ store }) => {
    const good = makeDraft(1);
    const calls: [unknown, unknown, unknown?][] = [
      ["", [good]],
      [7, [good]],
      ["a", undefined],
      ["a", good],
      ["a", [undefined]],
      ["a", [null]],
      ["a", [[]]],
      ["a", [{ ...good, data: undefined }]],
      ["a", [{ ...good, data: [] }]],
      ["a", [{ ...good, data: { when: new Date() } }]],
      ["a", [{ ...good, eventType: "" }]],
      ["a", [{ ...good, id: "" }]],
      ["a", [{ ...good, id: 7 }]],
      ["a", [good, { ...good, version: 1 }]],
      ["a", [{ ...good, metadata: { n: 1 } }]],
      ["a", [good], null],
      ["a", [good], { expectedVersion: -1 }],
      ["a", [good], { expectedVersion: "all" }],
      ["a", [good], { expectedVersion: 1.5 }],
      ["a", [good], { expectVersion: 0 }],
      ["a", [good], { commandId: "" }],
      ["a", [good], { commandId: 7 }],
      ["a", [good], { commandId: "\ud800" }],
      ["a", [{ ...good, id: "own" }], { commandId: "command" }],
      ["a", [good], { signal: {} }],
      ["a", [good], { expectedVersion: Number.MAX_SAFE_INTEGER }],
    ];
    for (const [actorId, drafts, options] of calls) {
      await assertRefused(
        () =>
          store.append(actorId as "", drafts as [], options as AppendOptions),
        inspect([actorId, drafts, options]),
      );
    }
    const twice = [makeDraft(1, { id: "x" }), makeDraft(2, { id: "x" })];
    assertErrorIs(
      await reasonOf(() => store.append("a", twice)),
      DuplicateEventError,
      { eventId: "x", actorId: "a" },
    );
    await assertHistory(store, "a", []);
  });

  test("append() refuses an id when another event has it", async ({ store }) => {
    const { sequences } = await store.append("a", [makeDraft(1, { id: "x" })]);
    const companion = makeDraft(0);
    for (const actorId of ["a", "b"]) {
      for (const more of [[], [companion]]) {
        const drafts = [...more, makeDraft(1, { id: "x" })];
        const reason = await reasonOf(() => store.append(actorId, drafts));
        assertErrorIs(reason, DuplicateEventError, { eventId: "x", actorId });
        const { storedSequence } = reason as DuplicateEventError;
        assert([undefined, sequences[0]].includes(storedSequence));
      }
    }
    assertEquals(await store.getLatestVersion("a"), 1);
    assertEquals(await store.getLatestVersion("b"), 0);
  });

  test("append() finds its events again when ids and expectation are the same", async ({ store }) => {
    const drafts = [makeDraft(1, { id: "x" }), makeDraft(2, { id: "y" })];
    const first = await store.append("a", drafts, { expectedVersion: 0 });
    await store.append("a", [makeDraft(3)]);
    const again = await store.append("a", drafts, { expectedVersion: 0 });
    assertEquals(again, { ...first, duplicate: true });
    assertEquals(await store.getLatestVersion("a"), 3);
  });

  test("append() fails with the signal's reason and stores nothing when aborted before", async ({ store }) => {
    const signal = AbortSignal.abort(new Error("changed my mind"));
    for (const expectedVersion of ["any", 0] as const) {
      const reason = await reasonOf(() =>
        store.append("a", [makeDraft(1)], { signal, expectedVersion })
      );
      assertEquals(reason, signal.reason);
    }
    await assertHistory(store, "a", []);
  });

  contract.testTwo(
    "append() goes on from what another instance stored",
    async (store, other) => {
      for (const n of upTo(20)) {
        const writer = n % 3 === 0 ? store : other;
        const { version } = await writer.append("a", [makeDraft(n)]);
        assertEquals(version, n);
      }
      const { version } = await store.append("a", [makeDraft(0)], {
        expectedVersion: 20,
      });
      assertNotEquals(version, 20);
      assertEquals(await other.getLatestVersion("a"), 21);
    },
  );
}
