/**
 * Namespaces are apart, whatever they are called.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { CheckpointError } from "../../../store/errors.ts";
import type { Contract } from "./fixture.ts";
import {
  assertErrorIs,
  assertHistory,
  collect,
  makeEvent,
  makeEvents,
  reasonOf,
} from "./helpers.ts";
import { oddActorIds } from "./limits.ts";

/** Registers the tests. */
export function namespacesContract({ test, open }: Contract): void {
  test("stores of different namespaces see nothing of each other", async ({ store: bait }) => {
    await bait.saveEvents(
      oddActorIds.map((actorId) => makeEvent(actorId, 1)),
    );
    const unique = crypto.randomUUID().slice(0, 8);
    const namespaces = [
      unique,
      `${unique}.a`,
      `${unique}_2Ea`,
      `${unique}=2Ea`,
      `${unique}>`,
      `${unique}.>`,
      `${unique} a`,
      `${unique}_20a`,
      `${unique.toUpperCase()}-A`,
      `${unique.toLowerCase()}-a`,
      `${unique}\u{1F600}`,
      `${unique}\n`,
    ];
    await using stack = new AsyncDisposableStack();
    const stores = [];
    for (const namespace of namespaces) {
      stores.push(stack.use(await open({ namespace })).store);
    }
    // The same ids everywhere: they are unique in a namespace only.
    const ids = makeEvents("a", 1, 2).map(({ id }) => id);
    const eventsOf = (i: number) =>
      ids.map((id, k) => makeEvent("own.>", k + 1, { id, data: { i } }));
    const saved = namespaces.map((_, i) => eventsOf(i));
    for (const [i, store] of stores.entries()) {
      const { duplicate } = await store.saveEvents(saved[i]!, {
        expectedVersions: new Map([["own.>", 0]]),
      });
      assertEquals(duplicate, false, namespaces[i]);
      await store.saveSnapshot({
        actorId: "own.>",
        version: 2,
        state: i,
        timestamp: "2024-01-01T00:00:00Z",
      });
    }
    for (const [i, store] of stores.entries()) {
      await assertHistory(store, "own.>", saved[i]!);
      for (const actorId of oddActorIds.slice(0, 20)) {
        await assertHistory(store, actorId, []);
      }
      const snapshot = await store.getLatestSnapshot("own.>");
      assertEquals(snapshot?.state, i);
      const items = await collect(store.subscribe({ live: false }));
      assertEquals(items.map(({ event }) => event), saved[i]!);
      const after = items[0]!.checkpoint;
      const other = stores[(i + 1) % stores.length]!;
      const reason = await reasonOf(() =>
        collect(other.subscribe({ live: false, after }))
      );
      assertErrorIs(reason, CheckpointError, { code: "other-stream" });
    }
    assertEquals(await bait.getLatestVersion("own.>"), 0);
  });
}
