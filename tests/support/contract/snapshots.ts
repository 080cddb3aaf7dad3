/**
 * Snapshots.
 *
 * @module
 */

import { assertEquals, assertRejects } from "@std/assert";
import type { ActorSnapshot } from "../../../store/event_store.ts";
import { inspect } from "../inspect.ts";
import type { Contract } from "./fixture.ts";
import { assertRefused, makeEvent, makeEvents } from "./helpers.ts";
import { oddActorIds } from "./limits.ts";

function makeSnapshot(
  version: number,
  overrides: Partial<ActorSnapshot> = {},
): ActorSnapshot {
  return {
    actorId: "a",
    version,
    state: { version, list: [{ deep: 1 }] },
    timestamp: "2024-02-29T12:34:56.123456789-03:30",
    ...overrides,
  };
}

/** Registers the tests. */
export function snapshotsContract({ test, testTwo }: Contract): void {
  test("getLatestSnapshot() gives undefined when there is none", async ({ store }) => {
    assertEquals(await store.getLatestSnapshot("a"), undefined);
    await store.saveEvent(makeEvent("a", 1));
    await store.saveSnapshot(makeSnapshot(1));
    assertEquals(await store.getLatestSnapshot("b"), undefined);
    assertEquals(await store.getLatestSnapshot("a.b"), undefined);
  });

  test("getLatestSnapshot() gives a frozen one", async ({ store }) => {
    await store.saveEvent(makeEvent("a", 1));
    await store.saveSnapshot(makeSnapshot(1));
    const found = await store.getLatestSnapshot("a");
    const { list } = found!.state as { list: unknown[] };
    for (const part of [found, found!.state, list, list[0]]) {
      assertEquals(Object.isFrozen(part), true);
    }
  });

  test("getLatestSnapshot() gives the newest one", async ({ store }) => {
    await store.saveEvents(makeEvents("a", 2, 5, 9));
    for (const version of [2, 9]) {
      const snapshot = makeSnapshot(version);
      await store.saveSnapshot(snapshot);
      assertEquals(await store.getLatestSnapshot("a"), snapshot);
      for (const consistency of ["strong", "eventual"] as const) {
        const found = await store.getLatestSnapshot("a", { consistency });
        assertEquals(found, snapshot);
      }
    }
    // Never backwards.
    await store.saveSnapshot(makeSnapshot(5));
    await store.saveSnapshot(makeSnapshot(2));
    assertEquals(await store.getLatestSnapshot("a"), makeSnapshot(9));
  });

  test("saveSnapshot() never goes back, nor between the same two events", async ({ store }) => {
    await store.saveEvents(makeEvents("a", 1, 50));
    for (const version of [46, 37, 1]) {
      await store.saveSnapshot(makeSnapshot(version));
      assertEquals(await store.getLatestSnapshot("a"), makeSnapshot(46));
    }
    await store.saveSnapshot(makeSnapshot(47));
    assertEquals(await store.getLatestSnapshot("a"), makeSnapshot(47));
  });

  test("saveSnapshot() replaces one of the same version", async ({ store }) => {
    await store.saveEvents(makeEvents("a", 1, 2));
    await store.saveSnapshot(makeSnapshot(2));
    const corrected = makeSnapshot(2, { state: "corrected" });
    await store.saveSnapshot(corrected);
    assertEquals(await store.getLatestSnapshot("a"), corrected);
  });

  test("saveSnapshot() says whether it kept the snapshot", async ({ store }) => {
    await store.saveEvents(makeEvents("a", 1, 2, 3));
    assertEquals(await store.saveSnapshot(makeSnapshot(2)), { saved: true });
    assertEquals(await store.saveSnapshot(makeSnapshot(1)), { saved: false });
    assertEquals(await store.saveSnapshot(makeSnapshot(2)), { saved: true });
    assertEquals(await store.saveSnapshot(makeSnapshot(3)), { saved: true });
  });

  test("getLatestSnapshot() gives one of the schema that is asked for", async ({ store }) => {
    await store.saveEvents(makeEvents("a", 1, 2, 3));
    const plain = makeSnapshot(1);
    await store.saveSnapshot(plain);
    assertEquals(await store.getLatestSnapshot("a"), plain);
    const schema = "order-2";
    assertEquals(await store.getLatestSnapshot("a", { schema }), undefined);
    const newer = makeSnapshot(2, { schema });
    await store.saveSnapshot(newer);
    assertEquals(await store.getLatestSnapshot("a", { schema }), newer);
    assertEquals(await store.getLatestSnapshot("a"), newer);
    const other = { schema: "order-1" };
    assertEquals(await store.getLatestSnapshot("a", other), undefined);
    // Not even of another schema does it go back.
    const old = makeSnapshot(1, { schema: "order-3" });
    assertEquals(await store.saveSnapshot(old), { saved: false });
    assertEquals(await store.getLatestSnapshot("a", { schema }), newer);
    await store.saveSnapshot(makeSnapshot(3));
    assertEquals(await store.getLatestSnapshot("a", { schema }), undefined);
    for (const bad of ["", "\ud800", 2, null]) {
      await assertRefused(
        () => store.getLatestSnapshot("a", { schema: bad as string }),
        inspect(bad),
      );
    }
  });

  test("saveSnapshot() refuses a version when it is above the actor's latest", async ({ store }) => {
    await assertRejects(() => store.saveSnapshot(makeSnapshot(1)), RangeError);
    await store.saveEvents(makeEvents("a", 1, 2));
    for (const version of [3, 100, Number.MAX_SAFE_INTEGER]) {
      await assertRejects(
        () => store.saveSnapshot(makeSnapshot(version)),
        RangeError,
      );
    }
    assertEquals(await store.getLatestSnapshot("a"), undefined);
    await store.saveSnapshot(makeSnapshot(2));
    await assertRejects(() => store.saveSnapshot(makeSnapshot(3)), RangeError);
    assertEquals(await store.getLatestSnapshot("a"), makeSnapshot(2));
  });

  test("saveSnapshot() takes every JSON as state", async ({ store }) => {
    const states: unknown[] = [
      null,
      0,
      "",
      "text",
      false,
      [],
      {},
      [null, { a: [1, "\u{1F600}"] }],
      { "": { " ": null } },
      "x".repeat(100_000),
    ];
    await store.saveEvents(
      makeEvents("a", ...states.map((_, i) => i + 1)),
    );
    for (const [i, state] of states.entries()) {
      const snapshot = makeSnapshot(i + 1, { state });
      await store.saveSnapshot(snapshot);
      assertEquals(await store.getLatestSnapshot("a"), snapshot);
    }
  });

  test("saveSnapshot() refuses a snapshot when it is not valid", async ({ store }) => {
    await store.saveEvent(makeEvent("a", 1));
    const good = makeSnapshot(1);
    const wrong: unknown[] = [undefined, null, 1, "snapshot"];
    for (const version of [0, -1, 1.5, 2 ** 53, NaN, "1", null, undefined]) {
      wrong.push({ ...good, version });
    }
    for (const actorId of ["", "a".repeat(2049), "\ud800", 1, undefined]) {
      wrong.push({ ...good, actorId });
    }
    for (const state of [undefined, NaN, () => {}, new Date(), [undefined]]) {
      wrong.push({ ...good, state });
    }
    for (const timestamp of ["", "today", "2024-01-01", 0, undefined]) {
      wrong.push({ ...good, timestamp });
    }
    for (const schema of ["", "\ud800", 2, null]) {
      wrong.push({ ...good, schema });
    }
    wrong.push({ ...good, scheme: "order-1" }, { ...good, sequence: 1 });
    for (const snapshot of wrong) {
      await assertRefused(
        () => store.saveSnapshot(snapshot as ActorSnapshot),
        inspect(snapshot),
      );
    }
    for (const options of [null, 1, { signal: {} }]) {
      await assertRejects(
        // deno-lint-ignore no-explicit-any
        () => store.saveSnapshot(good, options as any),
        TypeError,
      );
    }
    assertEquals(await store.getLatestSnapshot("a"), undefined);
  });

  test("saveSnapshot() keeps actors apart when their ids are odd", async ({ store }) => {
    const events = oddActorIds.map((actorId, i) => makeEvent(actorId, i + 1));
    await store.saveEvents(events);
    for (const { actorId, version } of events) {
      await store.saveSnapshot(makeSnapshot(version, { actorId }));
    }
    for (const { actorId, version } of events) {
      const expected = makeSnapshot(version, { actorId });
      assertEquals(await store.getLatestSnapshot(actorId), expected);
    }
  });

  test("snapshots are copied in and out", async ({ store }) => {
    await store.saveEvents(makeEvents("a", 1, 2));
    const state = { list: [1] };
    const before = makeSnapshot(1, { state: structuredClone(state) });
    const saving = store.saveSnapshot(makeSnapshot(1, { state }));
    state.list.push(2);
    await saving;
    const found = await store.getLatestSnapshot("a");
    assertEquals(found, before);
    Reflect.set(found!, "version", 2);
    Reflect.set((found!.state as typeof state).list, "0", "changed");
    assertEquals(await store.getLatestSnapshot("a"), before);
  });

  testTwo(
    "getLatestSnapshot() gives what another instance saved",
    async (store, other) => {
      await store.saveEvents(makeEvents("a", 1, 2, 3));
      await store.saveSnapshot(makeSnapshot(1));
      assertEquals(await other.getLatestSnapshot("a"), makeSnapshot(1));
      await other.saveSnapshot(makeSnapshot(3));
      await store.saveSnapshot(makeSnapshot(2));
      assertEquals(await store.getLatestSnapshot("a"), makeSnapshot(3));
      assertEquals(await other.getLatestSnapshot("a"), makeSnapshot(3));
    },
  );
}
