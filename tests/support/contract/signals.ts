/**
 * AbortSignals.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import type { EventStore } from "../../../store/event_store.ts";
import type { Contract } from "./fixture.ts";
import {
  assertHistory,
  collect,
  makeEvent,
  makeEvents,
  reasonOf,
} from "./helpers.ts";

/** Every method that takes a signal, as a call that would succeed. */
const calls: Readonly<
  Record<string, (store: EventStore, signal: AbortSignal) => Promise<unknown>>
> = {
  saveEvent: (store, signal) =>
    store.saveEvent(makeEvent("new", 1), { signal }),
  saveEvents: (store, signal) =>
    store.saveEvents(makeEvents("newer", 1, 2), { signal }),
  getEvents: (store, signal) => store.getEvents("a", { signal }),
  getEventsWithErrors: (store, signal) =>
    store.getEventsWithErrors("a", { signal }),
  getLatestVersion: (store, signal) => store.getLatestVersion("a", { signal }),
  getLatestVersions: (store, signal) =>
    store.getLatestVersions(["a", "b"], { signal }),
  readEvents: (store, signal) => collect(store.readEvents("a", { signal })),
  getLatestSnapshot: (store, signal) =>
    store.getLatestSnapshot("a", { signal }),
  saveSnapshot: (store, signal) =>
    store.saveSnapshot({
      actorId: "a",
      version: 2,
      state: {},
      timestamp: "2024-01-01T00:00:00Z",
    }, { signal }),
  subscribe: (store, signal) =>
    collect(store.subscribe({ live: false, signal })),
};

/** A signal that knows how many listeners it has. */
export function countedSignal(): {
  signal: AbortSignal;
  listeners: Set<unknown>;
} {
  const { signal } = new AbortController();
  const listeners = new Set<unknown>();
  const { addEventListener, removeEventListener } = signal;
  signal.addEventListener = (
    type: string,
    listener: EventListenerOrEventListenerObject,
    options?: boolean | AddEventListenerOptions,
  ) => {
    listeners.add(listener);
    if (typeof options === "object") {
      options.signal?.addEventListener(
        "abort",
        () => listeners.delete(listener),
        { once: true },
      );
    }
    addEventListener.call(signal, type, listener, options);
  };
  signal.removeEventListener = (
    type: string,
    listener: EventListenerOrEventListenerObject,
    options?: boolean | EventListenerOptions,
  ) => {
    listeners.delete(listener);
    removeEventListener.call(signal, type, listener, options);
  };
  return { signal, listeners };
}

/** Registers the tests. */
export function signalsContract({ test }: Contract): void {
  for (const [name, call] of Object.entries(calls)) {
    test(`${name}() rejects with the signal's reason when it is aborted already`, async ({ store }) => {
      await store.saveEvents(makeEvents("a", 1, 2));
      for (const reason of [new Error("given up"), "a text", null]) {
        const signal = AbortSignal.abort(reason);
        assertEquals(await reasonOf(() => call(store, signal)), reason);
      }
      const { signal } = new AbortController();
      const aborted = AbortSignal.abort();
      assertEquals(
        await reasonOf(() => call(store, aborted)),
        aborted.reason,
      );
      await assertHistory(store, "new", []);
      await assertHistory(store, "newer", []);
      assertEquals(await store.getLatestSnapshot("a"), undefined);
      await call(store, signal);
    });

    test(`${name}() leaves no listener on the signal`, async ({ store }) => {
      await store.saveEvents(makeEvents("a", 1, 2));
      const { signal, listeners } = countedSignal();
      await call(store, signal);
      assertEquals(listeners.size, 0);
    });
  }

  test("saveEvent() leaves no listener on the signal when the actor is known", async ({ store }) => {
    await store.saveEvent(makeEvent("a", 1));
    const { signal, listeners } = countedSignal();
    await Promise.all([
      store.saveEvent(makeEvent("a", 2), { signal }),
      store.saveEvent(makeEvent("a", 3), { signal }),
    ]);
    assertEquals(listeners.size, 0);
    const other = makeEvent("b", 1);
    await store.saveEvent(other);
    const { id } = other;
    await reasonOf(() =>
      store.saveEvent(makeEvent("a", 4, { id }), { signal })
    );
    assertEquals(listeners.size, 0);
  });

  test("saveEvent() leaves no listener on the signal when it fails", async ({ store }) => {
    await store.saveEvent(makeEvent("a", 1));
    const { signal, listeners } = countedSignal();
    await reasonOf(() => store.saveEvent(makeEvent("a", 1), { signal }));
    await reasonOf(() => store.saveEvents(makeEvents("a", 1), { signal }));
    await reasonOf(() => store.saveEvent(makeEvent("a", -1), { signal }));
    assertEquals(listeners.size, 0);
  });

  test("readEvents() leaves no listener on the signal when the consumer stops", async ({ store }) => {
    await store.saveEvents(makeEvents("a", 1, 2, 3));
    const { signal, listeners } = countedSignal();
    for await (const _ of store.readEvents("a", { signal })) break;
    assertEquals(listeners.size, 0);
  });

  test("readEvents() fails with the signal's reason when it is aborted on the way", async ({ store }) => {
    await store.saveEvents(makeEvents("a", 1, 2, 3));
    const reason = new Error("given up");
    const controller = new AbortController();
    const { signal } = controller;
    const seen: number[] = [];
    const run = async () => {
      for await (const { version } of store.readEvents("a", { signal })) {
        seen.push(version);
        controller.abort(reason);
      }
    };
    assertEquals(await reasonOf(run), reason);
    assertEquals(seen, [1]);
  });

  test("subscribe() leaves no listener on the signal, however it ends", async ({ store }) => {
    await store.saveEvents(makeEvents("a", 1, 2));
    const { signal, listeners } = countedSignal();
    for await (const _ of store.subscribe({ signal })) break;
    assertEquals(listeners.size, 0);
    await store.subscribe({ signal })[Symbol.asyncDispose]();
    assertEquals(listeners.size, 0);
    await reasonOf(() => collect(store.subscribe({ signal, after: "bad" })));
    assertEquals(listeners.size, 0);
    const left = store.subscribe({ signal });
    await store[Symbol.asyncDispose]();
    await collect(left);
    assertEquals(listeners.size, 0);
  });
}
