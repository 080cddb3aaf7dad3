/**
 * How subscriptions end.
 *
 * @module
 */

import {
  assertEquals,
  assertInstanceOf,
  assertRejects,
  assertThrows,
} from "@std/assert";
import type { Contract } from "./fixture.ts";
import {
  collect,
  makeEvent,
  makeEvents,
  Reader,
  reasonOf,
  upTo,
} from "./helpers.ts";

/** Registers the tests. */
export function endingContract({ test }: Contract): void {
  test("leaving the loop closes the subscription", async ({ store }) => {
    await store.saveEvents(makeEvents("a", 1, 2, 3));
    const subscription = store.subscribe();
    const seen: number[] = [];
    for await (const { event } of subscription) {
      seen.push(event.version);
      if (event.version === 2) break;
    }
    assertEquals(seen, [1, 2]);
    const reason = await reasonOf(() => subscription.caughtUp);
    assertInstanceOf(reason, DOMException);
    assertEquals(reason.name, "AbortError");
    assertThrows(() => subscription[Symbol.asyncIterator](), TypeError);
  });

  test("closing ends an iteration that waits, and closing twice is harmless", async ({ store }) => {
    const subscription = store.subscribe();
    await subscription.caughtUp;
    const reader = new Reader(subscription);
    const waiting = reader.done();
    await subscription.close();
    assertEquals(await waiting, true);
    assertEquals(await reader.done(), true);
    await subscription.close();
    await subscription[Symbol.asyncDispose]();
    await store.saveEvent(makeEvent("a", 1));
    assertEquals(await reader.done(), true);
  });

  test("disposing ends a subscription that nobody iterates", async ({ store }) => {
    await store.saveEvents(makeEvents("a", 1, 2));
    const subscription = store.subscribe();
    await subscription[Symbol.asyncDispose]();
    await assertRejects(() => subscription.caughtUp);
    assertEquals(await collect(subscription), []);
    // Its caughtUp is looked at by nobody.
    await store.subscribe()[Symbol.asyncDispose]();
  });

  test("a subscription can be iterated once", async ({ store }) => {
    await using subscription = store.subscribe();
    subscription[Symbol.asyncIterator]();
    assertThrows(() => subscription[Symbol.asyncIterator](), TypeError);
  });

  test("next() can be called again before it resolved", async ({ store }) => {
    const subscription = store.subscribe();
    const iterator = subscription[Symbol.asyncIterator]();
    const waiting = upTo(3).map(() => iterator.next());
    await store.saveEvents(makeEvents("a", 1, 2));
    const [first, second] = await Promise.all(waiting.slice(0, 2));
    assertEquals(first!.value.event.version, 1);
    assertEquals(second!.value.event.version, 2);
    await subscription.close();
    assertEquals((await waiting[2]!).done, true);
  });

  test("subscribe() ends with the signal's reason when it is aborted", async ({ store }) => {
    await store.saveEvents(makeEvents("a", 1, 2));
    const reason = new Error("enough");
    const controller = new AbortController();
    const { signal } = controller;
    const subscription = store.subscribe({ signal });
    const reader = new Reader(subscription);
    await reader.take(2);
    await subscription.caughtUp;
    const waiting = reasonOf(() => reader.next());
    controller.abort(reason);
    assertEquals(await waiting, reason);
    assertEquals(await reader.done(), true);

    const unread = store.subscribe({ signal: AbortSignal.abort(reason) });
    assertEquals(await reasonOf(() => unread.caughtUp), reason);
    assertEquals(await reasonOf(() => collect(unread)), reason);
  });

  test("subscribe() does not end when a signal is aborted after it did", async ({ store }) => {
    await store.saveEvent(makeEvent("a", 1));
    const controller = new AbortController();
    const { signal } = controller;
    const subscription = store.subscribe({ signal, live: false });
    assertEquals((await collect(subscription)).length, 1);
    controller.abort(new Error("too late"));
    await subscription.caughtUp;
  });

  test("subscriptions do not disturb one another", async ({ store }) => {
    const subscriptions = upTo(20).map(() => store.subscribe());
    for (const { caughtUp } of subscriptions) await caughtUp;
    const readers = subscriptions.map((each) => new Reader(each));
    const [left, kept] = [readers.slice(0, 10), readers.slice(10)];
    const leaving = left.map((reader) => reader.done());
    const waiting = kept.map((reader) => reader.next());
    for (const reader of left) await reader[Symbol.asyncDispose]();
    const events = makeEvents("a", 1, 2);
    await store.saveEvents(events);
    assertEquals(await Promise.all(leaving), left.map(() => true));
    const got = await Promise.all(waiting);
    for (const { event } of got) assertEquals(event, events[0]);
    for (const reader of kept) {
      assertEquals((await reader.next()).event, events[1]);
      await reader[Symbol.asyncDispose]();
    }
  });
}
