/**
 * Checkpoints: going on where a subscription was.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { CheckpointError } from "../../../store/errors.ts";
import type { Contract } from "./fixture.ts";
import { waitFor } from "../conditions.ts";
import {
  assertErrorIs,
  collect,
  makeEvent,
  makeEvents,
  Reader,
  reasonOf,
  upTo,
} from "./helpers.ts";

/** Registers the tests. */
export function checkpointsContract({ test, testTwo, open }: Contract): void {
  test("subscribe() resumes from every checkpoint", async ({ store }) => {
    for (let i = 0; i < 12; i += 3) {
      await store.saveEvents([
        ...makeEvents("a", i + 1, i + 2),
        makeEvent("b", i + 1),
      ]);
    }
    for (const filter of [undefined, { actors: "a" }, { actors: "b" }]) {
      const options = { live: false, ...filter };
      const all = await collect(store.subscribe(options));
      for (const [i, { checkpoint }] of all.entries()) {
        // Kept anywhere: it is a string and nothing else.
        const after = JSON.parse(JSON.stringify(checkpoint));
        const rest = await collect(store.subscribe({ ...options, after }));
        assertEquals(rest, all.slice(i + 1));
      }
    }
  });

  test("a subscription that fails at once keeps its checkpoint", async ({ store }) => {
    await store.saveEvents(makeEvents("a", 1, 2, 3));
    const [, second] = await collect(store.subscribe({ live: false }));
    const { checkpoint } = second!;
    const signal = AbortSignal.abort();
    for (
      const options of [
        { after: checkpoint, signal },
        { after: "no checkpoint" },
      ]
    ) {
      const subscription = store.subscribe(options);
      assertEquals(subscription.checkpoint, options.after);
      await reasonOf(() => collect(subscription));
      assertEquals(subscription.checkpoint, options.after);
    }
  });

  test("subscribe() resumes live from a checkpoint", async ({ store }) => {
    await store.saveEvents(makeEvents("a", 1, 2, 3));
    const [, second] = await collect(store.subscribe({ live: false }));
    await using reader = new Reader(
      store.subscribe({ after: second!.checkpoint }),
    );
    assertEquals((await reader.next()).event.version, 3);
    const waiting = reader.next();
    await store.saveEvent(makeEvent("a", 4));
    assertEquals((await waiting).event.version, 4);
  });

  test("subscribe() resumes from one checkpoint with another filter", async ({ store }) => {
    const events = upTo(10).map((i) => makeEvent(i % 2 ? "a" : "b", i));
    await store.saveEvents(events);
    const onlyA = { live: false, actors: "a" };
    const [, , third] = await collect(store.subscribe(onlyA));
    const after = third!.checkpoint;
    const rest = await collect(store.subscribe({ live: false, after }));
    assertEquals(rest.map(({ event }) => event), events.slice(5));
  });

  test("checkpoint moves past events that the filter left out", async ({ store }) => {
    await store.saveEvents([makeEvent("a", 1), ...makeEvents("b", 1, 2, 3)]);
    const options = { live: false, actors: "a" };
    const subscription = store.subscribe(options);
    const items = await collect(subscription);
    assertEquals(items.length, 1);
    assert(subscription.checkpoint !== items[0]!.checkpoint);
    const after = subscription.checkpoint;
    assertEquals(await collect(store.subscribe({ live: false, after })), []);
    const next = makeEvent("b", 4);
    await store.saveEvent(next);
    const rest = await collect(store.subscribe({ live: false, after }));
    assertEquals(rest.map(({ event }) => event), [next]);
  });

  test("caughtUp resolves once the last match is taken, though more is left out behind it", async ({ store }) => {
    await store.saveEvents([
      makeEvent("a", 1, { eventType: "Wanted" }),
      ...makeEvents("a", 2, 3, 4),
    ]);
    const subscription = store.subscribe({ eventTypes: ["Wanted"] });
    // By the time another one has all, this one most likely has it too.
    await collect(store.subscribe({ live: false }));
    await collect(store.subscribe({ live: false }));
    const iterator = subscription[Symbol.asyncIterator]();
    assertEquals((await iterator.next()).value?.event.version, 1);
    await subscription.caughtUp;
    await subscription.close();
  });

  test("checkpoint moves past live events that the filter left out", async ({ store }) => {
    await using subscription = store.subscribe({ actors: "a" });
    await subscription.caughtUp;
    const reader = new Reader(subscription);
    const waiting = reader.next();
    await store.saveEvents(makeEvents("b", 1, 2, 3));
    const [, , last] = await collect(store.subscribe({ live: false }));
    await waitFor(() => subscription.checkpoint === last!.checkpoint, {
      message: () => `${subscription.checkpoint} to be ${last!.checkpoint}`,
    });
    await store.saveEvent(makeEvent("a", 1));
    const item = await waiting;
    assertEquals(subscription.checkpoint, item.checkpoint);
  });

  test("checkpoint never lies beyond an event that was not delivered", async ({ store }) => {
    await store.saveEvents(upTo(9).map((i) => makeEvent(i % 3 ? "b" : "a", i)));
    const subscription = store.subscribe({ actors: "a" });
    await using reader = new Reader(subscription);
    for (let left = 3;; left--) {
      const after = subscription.checkpoint;
      const rest = await collect(
        store.subscribe({ live: false, actors: "a", after }),
      );
      assertEquals(rest.length, left);
      if (left === 0) break;
      await reader.next();
    }
  });

  test('subscribe() resumes from the checkpoint of an "end" subscription', async ({ store }) => {
    for (const before of [[], makeEvents("a", 1, 2)]) {
      await store.saveEvents(before);
      await using subscription = store.subscribe({ after: "end" });
      await subscription.caughtUp;
      const after = subscription.checkpoint;
      const event = makeEvent(`b.${before.length}`, 1);
      await store.saveEvent(event);
      const rest = await collect(store.subscribe({ live: false, after }));
      assertEquals(rest.map(({ event }) => event), [event]);
    }
  });

  test("subscribe() resumes from the checkpoint of an empty stream", async ({ store }) => {
    const subscription = store.subscribe({ live: false });
    assertEquals(await collect(subscription), []);
    const after = subscription.checkpoint;
    assertEquals(typeof after, "string");
    const event = makeEvent("a", 1);
    await store.saveEvent(event);
    const rest = await collect(store.subscribe({ live: false, after }));
    assertEquals(rest.map(({ event }) => event), [event]);
  });

  test("iterating fails when the checkpoint is none", async ({ store }) => {
    await store.saveEvent(makeEvent("a", 1));
    const [{ checkpoint } = { checkpoint: "" }] = await collect(
      store.subscribe({ live: false }),
    );
    const texts = [
      "",
      "0",
      "End",
      "end ",
      "-1",
      "@",
      "{}",
      ` ${checkpoint}`,
      `x${checkpoint}`,
      "\u{1F600}",
      "\ud800",
      "9".repeat(400),
    ];
    for (const after of texts) {
      const subscription = store.subscribe({ after });
      const properties = { code: "malformed", checkpoint: after } as const;
      assertErrorIs(
        await reasonOf(() => subscription.caughtUp),
        CheckpointError,
        properties,
      );
      const reason = await reasonOf(() => collect(subscription));
      assertErrorIs(reason, CheckpointError, properties);
      await subscription.close();
    }
  });

  test("iterating fails when the checkpoint is of another stream", async ({ store }) => {
    await using fixture = await open();
    for (const each of [store, fixture.store]) {
      await each.saveEvents(makeEvents("a", 1, 2, 3));
    }
    for (
      const { checkpoint } of await collect(
        fixture.store.subscribe({ live: false }),
      )
    ) {
      for (const live of [true, false]) {
        const subscription = store.subscribe({ after: checkpoint, live });
        const properties = { code: "other-stream", checkpoint } as const;
        const reason = await reasonOf(() => collect(subscription));
        assertErrorIs(reason, CheckpointError, properties);
        assertErrorIs(
          await reasonOf(() => subscription.caughtUp),
          CheckpointError,
          properties,
        );
      }
    }
  });

  testTwo(
    "subscribe() resumes from a checkpoint of another instance",
    async (store, other) => {
      await store.saveEvents(makeEvents("a", ...upTo(5)));
      const all = await collect(store.subscribe({ live: false }));
      for (const [i, { checkpoint }] of all.entries()) {
        const options = { live: false, after: checkpoint };
        assertEquals(await collect(other.subscribe(options)), all.slice(i + 1));
      }
    },
  );
}
