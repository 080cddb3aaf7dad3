/**
 * Closing a store.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { StoreClosedError } from "../../../store/errors.ts";
import type { EventStore } from "../../../store/event_store.ts";
import type { Contract } from "./fixture.ts";
import {
  assertErrorIs,
  collect,
  makeEvent,
  makeEvents,
  Reader,
  reasonOf,
} from "./helpers.ts";

const calls: ((store: EventStore) => Promise<unknown>)[] = [
  (store) => store.append("a", [{ eventType: "Happened", data: {} }]),
  (store) => store.append("a", []),
  (store) => store.saveEvent(makeEvent("a", 9)),
  (store) => store.saveEvents(makeEvents("a", 9)),
  (store) => store.saveEvents([]),
  (store) => store.getEvents("a"),
  (store) => store.getEventsWithErrors("a"),
  (store) => store.getLatestVersion("a"),
  (store) => store.getLatestVersions(["a", "b"]),
  async (store) => await collect(store.readEvents("a")),
  async (store) => await collect(store.readAll()),
  async (store) => await collect(store.actorIds()),
  (store) => store.getLatestSnapshot("a"),
  (store) =>
    store.saveSnapshot({
      actorId: "a",
      version: 1,
      state: {},
      timestamp: "2024-01-01T00:00:00Z",
    }),
  async (store) => await collect(store.subscribe()),
  async (store) => await collect(store.subscribe({ live: false })),
  async (store) => await store.subscribe({ after: "end" }).caughtUp,
];

/** Registers the tests. */
export function closingContract({ test, testTwo }: Contract): void {
  test("every method fails when the store was closed", async ({ store }) => {
    await store.saveEvent(makeEvent("a", 1));
    await store.close();
    for (const call of calls) {
      const reason = await reasonOf(() => call(store));
      assertErrorIs(reason, StoreClosedError);
    }
  });

  test("closing twice, also at once, is harmless", async ({ store }) => {
    await Promise.all([store.close(), store.close()]);
    await store.close();
    await store.close();
  });

  test("closing the store ends loops over its subscriptions", async ({ store }) => {
    await store.saveEvents(makeEvents("a", 1, 2));
    const waits = store.subscribe({ actors: "b" });
    const waiting = new Reader(waits).done();
    const half = store.subscribe();
    const reader = new Reader(half);
    await reader.next();
    const unread = store.subscribe();
    await store[Symbol.asyncDispose]();
    assertEquals(await waiting, true);
    assertEquals(await reader.done(), true);
    assertEquals(await reader.done(), true);
    assertEquals(await collect(unread), []);
    const reason = await reasonOf(() => unread.caughtUp);
    assertEquals((reason as Error).name, "AbortError");
    for (const each of [waits, half, unread]) {
      await each.close();
    }
  });

  test("closing the store before the loop is awaited leaves no rejection behind", async ({ store }) => {
    await store.saveEvent(makeEvent("a", 1));
    const seen: number[] = [];
    const loop = (async () => {
      for await (const { event } of store.subscribe()) {
        seen.push(event.version);
        if (event.version === 2) break;
      }
    })();
    await store.append("a", []);
    await store.close();
    await loop;
    assertEquals([[], [1]].some((each) => `${each}` === `${seen}`), true);
  });

  test("the iterator of a subscription can be iterated itself", async ({ store }) => {
    await store.saveEvents(makeEvents("a", 1, 2, 3));
    const iterator = store.subscribe()[Symbol.asyncIterator]();
    assertEquals((await iterator.next()).value?.event.version, 1);
    const versions: number[] = [];
    for await (const { event } of iterator) {
      versions.push(event.version);
      if (versions.length === 2) break;
    }
    assertEquals(versions, [2, 3]);
    assertEquals((await iterator.next()).done, true);
  });

  test("closing the store fails a read that is under way", async ({ store }) => {
    await store.saveEvents(makeEvents("a", 1, 2, 3));
    const reason = await reasonOf(async () => {
      for await (const _ of store.readEvents("a")) {
        await store.close();
      }
    });
    assertErrorIs(reason, StoreClosedError);
  });

  test("closing the store leaves a subscription closed that was closed before", async ({ store }) => {
    const subscription = store.subscribe();
    await subscription.close();
    await store.close();
    assertEquals(await collect(subscription), []);
  });

  testTwo(
    "closing the store leaves other instances open",
    async (store, other) => {
      await using reader = new Reader(other.subscribe());
      await store.saveEvent(makeEvent("a", 1));
      await store.close();
      assertEquals((await reader.next()).event.version, 1);
      await other.saveEvent(makeEvent("a", 2));
      assertEquals((await reader.next()).event.version, 2);
    },
  );
}
