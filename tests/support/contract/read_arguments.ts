/**
 * Degenerate arguments of reads and subscriptions are refused at the call.
 *
 * @module
 */

import { assertEquals, assertThrows } from "@std/assert";
import { inspect } from "../inspect.ts";
import { badActorIds, badBounds, badSignals } from "./bad_values.ts";
import type { Contract } from "./fixture.ts";
import { assertRefused } from "./helpers.ts";

const badPatterns: readonly unknown[] = [
  "",
  ".",
  "a..b",
  ">.a",
  "a.",
  "\ud800",
  "order-*",
  "a>",
  1,
  null,
  [],
  ["a", "b-*"],
  [undefined],
];
const badPartitions: readonly unknown[] = [
  8,
  null,
  {},
  { count: 8 },
  { count: 0, indexes: [0] },
  { count: 8, indexes: [] },
  { count: 8, indexes: [8] },
  { count: 8, indexes: [-1] },
  { count: 8, indexes: [0.5] },
  { count: 8, indexes: 0 },
  { count: 2 ** 33, indexes: [0] },
  { count: 8, indices: [0] },
];

// What the types forbid and JavaScript callers do all the same.
// deno-lint-ignore no-explicit-any
type Wrong = any;

/** Registers the tests. */
export function readArgumentsContract({ test }: Contract): void {
  test("every read refuses an actor id when it is not valid", async ({ store }) => {
    for (const value of badActorIds as Wrong[]) {
      const what = inspect(value).slice(0, 80);
      await assertRefused(() => store.getEvents(value), what);
      await assertRefused(() => store.getEventsWithErrors(value), what);
      await assertRefused(() => store.getLatestVersion(value), what);
      await assertRefused(() => store.getLatestVersions(["a", value]), what);
      await assertRefused(() => store.getLatestSnapshot(value), what);
      assertThrows(() => store.readEvents(value), Error, "Cannot ", what);
    }
  });

  test("getLatestVersions() refuses what is no array", async ({ store }) => {
    for (const value of ["a", null, undefined, 1, new Set(["a"])] as Wrong[]) {
      await assertRefused(() => store.getLatestVersions(value));
    }
  });

  test("getEvents() refuses fromVersion when it is no version", async ({ store }) => {
    for (const value of badBounds as Wrong[]) {
      await assertRefused(() => store.getEvents("a", value));
      await assertRefused(() => store.getEventsWithErrors("a", value));
    }
  });

  test("every read refuses options when they are not valid", async ({ store }) => {
    const wrong: unknown[] = [null, "strong", [1]];
    for (const signal of badSignals) wrong.push({ signal });
    for (const consistency of ["", "STRONG", 1, null]) {
      wrong.push({ consistency });
    }
    for (const options of wrong as Wrong[]) {
      await assertRefused(() => store.getEvents("a", options));
      await assertRefused(() => store.getEventsWithErrors("a", options));
      await assertRefused(() => store.getLatestVersion("a", options));
      await assertRefused(() => store.getLatestVersions(["a"], options));
      await assertRefused(() => store.getLatestSnapshot("a", options));
      assertThrows(() => store.readEvents("a", options), Error, "Cannot ");
    }
  });

  test("readEvents() throws at the call when a bound is not valid", ({ store }) => {
    const wrong: unknown[] = [];
    for (const value of badBounds) {
      wrong.push({ fromVersion: value }, { toVersion: value });
    }
    for (const limit of [0, -1, 1.5, NaN, -Infinity, "1", null]) {
      wrong.push({ limit });
    }
    for (const direction of ["", "backwards", 1, null]) {
      wrong.push({ direction });
    }
    for (const options of wrong as Wrong[]) {
      const what = inspect(options);
      assertThrows(
        () => store.readEvents("a", options),
        Error,
        "Cannot ",
        what,
      );
    }
    return Promise.resolve();
  });

  test("subscribe(), readAll() and actorIds() throw at the call when an option is not valid", ({ store }) => {
    const everywhere: unknown[] = [null, 1, "end", ["a"]];
    for (const signal of badSignals) everywhere.push({ signal });
    for (const actors of badPatterns) everywhere.push({ actors });
    for (const partition of badPartitions) everywhere.push({ partition });
    const events: unknown[] = [];
    for (const after of [0, {}, new Date(NaN)]) events.push({ after });
    for (const storedAt of [null, 0, "true"]) events.push({ storedAt });
    for (const onReplayError of [null, "continue", {}]) {
      events.push({ onReplayError });
    }
    for (const eventTypes of [[], "Happened", [""], ["a", 1], ["\ud800"]]) {
      events.push({ eventTypes });
    }
    for (const actorIds of badActorIds.slice(0, -1)) {
      events.push({ actorIds: [actorIds] });
    }
    for (const actorIds of [[], null, 1, {}, "", ["a", ""]]) {
      events.push({ actorIds });
    }
    const subscribe: unknown[] = [];
    for (const live of [null, 0, "false"]) subscribe.push({ live });
    const readAll: unknown[] = [{ after: 7 }];
    for (const limit of [0, -1, 1.5, NaN, "1", null]) readAll.push({ limit });
    for (const direction of ["", "back", 1, null]) readAll.push({ direction });
    const calls: [(options: Wrong) => unknown, unknown[]][] = [
      [(options) => store.subscribe(options), [
        ...everywhere,
        ...events,
        ...subscribe,
      ]],
      [(options) => store.readAll(options), [
        ...everywhere,
        ...events,
        ...readAll,
      ]],
      [(options) => store.actorIds(options), everywhere],
    ];
    for (const [call, wrong] of calls) {
      for (const options of wrong) {
        const what = inspect(options);
        const error = assertThrows(() => call(options), Error, "Cannot ", what);
        const right = error instanceof TypeError || error instanceof RangeError;
        assertEquals(right, true, what);
      }
    }
    return Promise.resolve();
  });
}
