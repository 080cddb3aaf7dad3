/**
 * Reads of all events, and lists of all actors.
 *
 * @module
 */

import { assert, assertEquals, assertRejects } from "@std/assert";
import fc from "fast-check";
import { CheckpointError, StoreClosedError } from "../../../store/errors.ts";
import type {
  ReadAllOptions,
  StoredEvent,
} from "../../../store/event_store.ts";
import { waitFor } from "../conditions.ts";
import type { Contract } from "./fixture.ts";
import { collect, makeEvent, makeEvents, Reader, upTo } from "./helpers.ts";

/** More than a page of events. */
const MANY = 2_345;

const versionsOf = (items: readonly StoredEvent[]): number[] =>
  items.map(({ event }) => event.version);

/** Registers the tests. */
export function readingAllContract(contract: Contract): void {
  const { test, testTwo, runs } = contract;

  test("readAll() gives nothing when there is nothing", async ({ store }) => {
    for (const direction of ["forward", "backward"] as const) {
      assertEquals(await collect(store.readAll({ direction })), []);
      const after = new Date(0);
      assertEquals(await collect(store.readAll({ direction, after })), []);
    }
    assertEquals(await collect(store.actorIds()), []);
  });

  test("readAll() gives what a subscription gives, either way", async ({ store }) => {
    await store.saveEvents(makeEvents("a", 1, 2, 5));
    await store.saveEvents([makeEvent("b", 1), makeEvent("a", 6)]);
    for (const storedAt of [false, true, undefined]) {
      const options = { storedAt };
      const expected = await collect(
        store.subscribe({ ...options, live: false }),
      );
      assertEquals(expected.length, 5);
      assertEquals(await collect(store.readAll(options)), expected);
      assertEquals(
        await collect(store.readAll({ ...options, direction: "backward" })),
        expected.toReversed(),
      );
      for (const item of expected) {
        assertEquals("storedAt" in item, storedAt === true);
      }
    }
  });

  test("readAll() gives any part of many pages", async ({ store }) => {
    for (let from = 1; from <= MANY; from += 1000) {
      const to = Math.min(MANY, from + 999);
      await store.saveEvents(
        upTo(to - from + 1).map((i) =>
          makeEvent(`a-${(from + i) % 7}`, from + i - 1)
        ),
      );
    }
    const all = await collect(store.readAll());
    assertEquals(versionsOf(all), upTo(MANY));
    const backward = await collect(store.readAll({ direction: "backward" }));
    assertEquals(backward, all.toReversed());
    const place = fc.oneof(
      fc.integer({ min: 1, max: MANY }),
      fc.constantFrom(1, 2, 999, 1000, 1001, 2000, MANY - 1, MANY),
    );
    const cases = fc.record({
      direction: fc.constantFrom("forward" as const, "backward" as const),
      limit: fc.option(fc.oneof(fc.integer({ min: 1, max: 9 }), place), {
        nil: undefined,
      }),
      after: fc.option(place, { nil: undefined }),
      actorIds: fc.option(fc.constantFrom("a-0", "a-6"), { nil: undefined }),
    });
    await fc.assert(
      fc.asyncProperty(cases, async ({ after, ...options }) => {
        const checkpoint = after === undefined
          ? undefined
          : all[after - 1]!.checkpoint;
        const items = await collect(
          store.readAll({ ...options, after: checkpoint }),
        );
        const isForward = options.direction === "forward";
        const expected = (isForward ? all : backward)
          .filter(({ sequence }) =>
            after === undefined ||
            (isForward ? sequence > all[after - 1]!.sequence : sequence <
              all[after - 1]!.sequence)
          )
          .filter(({ event }) =>
            options.actorIds === undefined || event.actorId === options.actorIds
          )
          .slice(0, options.limit);
        assertEquals(
          items.map(({ sequence }) => sequence),
          expected.map(({ sequence }) => sequence),
        );
      }),
      { numRuns: Math.min(runs, 30) },
    );
    assertEquals((await collect(store.actorIds())).sort(), [
      ...upTo(7).map((i) => `a-${i - 1}`),
    ]);
  });

  test("readAll() tells when events were stored, and begins there", async ({ store }) => {
    const before = new Date();
    await store.saveEvent(makeEvent("a", 1));
    const first = await store.saveEvent(makeEvent("a", 2));
    await waitForNextMillisecond();
    await waitForNextMillisecond();
    const second = await store.saveEvent(makeEvent("a", 3));
    await store.saveEvent(makeEvent("b", 1));
    const items = await collect(store.readAll({ storedAt: true }));
    const times = items.map(({ storedAt }) => {
      assert(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/.test(storedAt!));
      return Date.parse(storedAt!);
    });
    assertEquals(times, times.toSorted((a, b) => a - b));
    assert(times[0]! >= before.getTime() - 1000);
    assert(times.at(-1)! <= Date.now() + 1000);
    const between = new Date(
      Date.parse(items[second.sequence - first.sequence]!.storedAt!) + 1,
    );
    assert(between.getTime() <= times[2]!);
    const read = async (options: ReadAllOptions) =>
      versionsOf(await collect(store.readAll(options)));
    assertEquals(await read({ after: between }), [3, 1]);
    assertEquals(await read({ after: between, actorIds: "a" }), [3]);
    assertEquals(await read({ after: new Date(0) }), [1, 2, 3, 1]);
    assertEquals(await read({ after: new Date(2 ** 42) }), []);
    const direction = "backward";
    assertEquals(await read({ after: between, direction }), [2, 1]);
    assertEquals(await read({ after: new Date(0), direction }), []);
    assertEquals(
      await read({ after: new Date(2 ** 42), direction, limit: 2 }),
      [1, 3],
    );
    const live = store.subscribe({ after: between, live: false });
    assertEquals(versionsOf(await collect(live)), [3, 1]);
    const late = store.subscribe({ after: new Date(2 ** 42), live: false });
    assertEquals(await collect(late), []);
  });

  test("readAll() takes null as no checkpoint", async ({ store }) => {
    await store.saveEvent(makeEvent("a", 1));
    const options = { after: null, live: false };
    assertEquals((await collect(store.readAll({ after: null }))).length, 1);
    assertEquals((await collect(store.subscribe(options))).length, 1);
  });

  test("readAll() refuses a checkpoint that is none of this stream", async (fixture) => {
    const { store } = fixture;
    await using other = await contract.open();
    await store.saveEvent(makeEvent("a", 1));
    await other.store.saveEvents(makeEvents("a", 1, 2));
    const [, last] = await collect(other.store.readAll());
    for (const direction of ["forward", "backward"] as const) {
      for (
        const [after, code] of [
          ["nonsense", "malformed"],
          ["end", "malformed"],
          [last!.checkpoint, "other-stream"],
        ] as const
      ) {
        const error = await assertRejects(
          () => collect(store.readAll({ direction, after })),
          CheckpointError,
          "Cannot read all events",
        );
        assertEquals(error.code, code);
      }
      const [first] = await collect(store.readAll());
      const beyond = first!.checkpoint.replace(/^1@/, "2@");
      const error = await assertRejects(
        () => collect(store.readAll({ direction, after: beyond })),
        CheckpointError,
      );
      assertEquals(error.code, "beyond-end");
    }
  });

  test("readAll() ends where the stream ended when it began", async ({ store }) => {
    await store.saveEvents(makeEvents("a", ...upTo(3)));
    for (const direction of ["forward", "backward"] as const) {
      const seen: number[] = [];
      for await (const { sequence } of store.readAll({ direction })) {
        seen.push(sequence);
        await store.saveEvent(makeEvent(`b-${direction}-${sequence}`, 1));
        if (seen.length > 20) break;
      }
      assertEquals(seen.length, direction === "forward" ? 3 : 6);
    }
  });

  test("readAll() can be left, and iterated again", async ({ store }) => {
    await store.saveEvents(makeEvents("a", ...upTo(50)));
    const all = store.readAll();
    for (let i = 0; i < 3; i++) {
      for await (const { event } of all) if (event.version === 7) break;
    }
    assertEquals((await collect(all)).length, 50);
  });

  test("readAll() and actorIds() fail when the signal is aborted or the store is closed", async ({ store }) => {
    await store.saveEvents([...makeEvents("a", 1, 2), makeEvent("b", 1)]);
    const reason = new Error("enough");
    const aborted = { signal: AbortSignal.abort(reason) };
    assertEquals(
      await assertRejects(() => collect(store.readAll(aborted))),
      reason,
    );
    assertEquals(
      await assertRejects(() => collect(store.actorIds(aborted))),
      reason,
    );
    const later = new AbortController();
    const { signal } = later;
    const iterator = store.readAll({ signal })[Symbol.asyncIterator]();
    await iterator.next();
    later.abort(reason);
    assertEquals(await assertRejects(() => iterator.next()), reason);
    const open = store.readAll()[Symbol.asyncIterator]();
    const listing = store.actorIds()[Symbol.asyncIterator]();
    await open.next();
    await listing.next();
    await store.close();
    await assertRejects(() => open.next(), StoreClosedError);
    await assertRejects(() => listing.next(), StoreClosedError);
    await assertRejects(() => collect(store.readAll()), StoreClosedError);
    await assertRejects(() => collect(store.actorIds()), StoreClosedError);
  });

  test("actorIds() gives each actor once, those of a filter only", async ({ store }) => {
    const actorIds = ["a", "a.b", "a.c", "b.c", "v1.0.", ">", "ü"];
    for (const actorId of actorIds) {
      await store.saveEvents(makeEvents(actorId, 1, 2));
    }
    const list = async (options = {}) =>
      (await collect(store.actorIds(options))).sort();
    assertEquals(await list(), actorIds.toSorted());
    assertEquals(await list({ actors: "a.*" }), ["a.b", "a.c"]);
    assertEquals(await list({ actors: ["*.c", "a.>"] }), ["a.b", "a.c", "b.c"]);
    assertEquals(await list({ actors: "nobody" }), []);
    const shares = await Promise.all(
      upTo(3).map((i) => list({ partition: { count: 3, indexes: [i - 1] } })),
    );
    assertEquals(shares.flat().sort(), actorIds.toSorted());
  });

  test("a subscription tells how far it is, and how far the stream is", async ({ store }) => {
    await store.saveEvents(makeEvents("a", 1, 2, 3));
    await using reader = new Reader(store.subscribe({ actorIds: "a" }));
    const { subscription } = reader;
    const [, second] = await reader.take(2);
    assertEquals(second!.sequence, 2);
    assertEquals(await subscription.latestSequence(), 3);
    assertEquals(subscription.sequence, 2);
    await store.saveEvents([makeEvent("b", 1), makeEvent("a", 4)]);
    const latest = await subscription.latestSequence();
    assertEquals(latest - subscription.sequence, 3);
    await reader.take(2);
    assertEquals(subscription.sequence, latest);
    await using all = store.subscribe({ after: "end" });
    await all.caughtUp;
    assertEquals(all.sequence, latest);
    // Also past what its filter leaves out.
    const ended = store.subscribe({ actorIds: "nobody", live: false });
    assertEquals(await collect(ended), []);
    assertEquals(ended.sequence, latest);
  });

  test("saveEvents() tells where each event is stored", async ({ store }) => {
    const events = [...makeEvents("a", 1, 2), makeEvent("b", 1)];
    const first = await store.saveEvents(events.slice(0, 2));
    assertEquals(first.sequences, [1, 2]);
    const second = await store.saveEvents(events.toReversed().slice(0, 1));
    assertEquals(second.sequences, [3]);
    const again = await store.saveEvents([...events, makeEvent("b", 2)]);
    assertEquals(again.sequences, [1, 2, 3, 4]);
    assertEquals(again.sequence, 4);
    const items = await collect(store.readAll());
    assertEquals(
      items.slice(0, 3).map(({ event, sequence }) => [event.id, sequence]),
      events.map(({ id }, i) => [id, i + 1]),
    );
  });

  testTwo(
    "readAll() sees what another store has saved",
    async (store, other) => {
      for (const version of upTo(20)) {
        await other.saveEvent(makeEvent("a", version));
        const direction = "backward";
        const read = store.readAll({ direction, limit: 1 });
        assertEquals(versionsOf(await collect(read)), [version]);
      }
      assertEquals(versionsOf(await collect(store.readAll())), upTo(20));
    },
  );
}

/** Until the clock shows another millisecond: times of stores are compared. */
async function waitForNextMillisecond(): Promise<void> {
  const now = Date.now();
  await waitFor(() => Date.now() > now, { interval: 1 });
}
