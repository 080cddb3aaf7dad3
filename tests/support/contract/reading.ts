/**
 * Reading one actor.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import type { ReadEventsOptions } from "../../../store/event_store.ts";
import type { Contract } from "./fixture.ts";
import { collect, makeEvent, makeEvents, upTo } from "./helpers.ts";

/** What readEvents() yields, said as simply as can be. */
function reference(
  versions: readonly number[],
  {
    fromVersion = 0,
    toVersion = Number.MAX_SAFE_INTEGER,
    limit = Infinity,
    direction = "forward",
  }: ReadEventsOptions,
): number[] {
  const within = versions.filter((v) => v >= fromVersion && v <= toVersion);
  return (direction === "forward" ? within : within.toReversed())
    .slice(0, limit);
}

/** Registers the tests. */
export function readingContract({ test, testTwo, runs }: Contract): void {
  test("readEvents() reads anew in each iteration", async ({ store }) => {
    const [first, second] = makeEvents("a", 1, 2);
    await store.saveEvent(first!);
    const reading = store.readEvents("a");
    assertEquals(await collect(reading), [first]);
    await store.saveEvent(second!);
    assertEquals(await collect(reading), [first, second]);
    for await (const event of reading) {
      assertEquals(event, first);
      break;
    }
    assertEquals(await collect(reading), [first, second]);
  });

  test("every read finds nothing when the actor has no events", async ({ store }) => {
    await store.saveEvent(makeEvent("a.b", 1));
    for (const actorId of ["a", "a.b.c", "b", "a.*", ">"]) {
      assertEquals(await store.getEvents(actorId), []);
      assertEquals(await store.getEvents(actorId, 5), []);
      assertEquals(await store.getLatestVersion(actorId), 0);
      assertEquals(await collect(store.readEvents(actorId)), []);
      const backward = { direction: "backward", limit: 1 } as const;
      assertEquals(await collect(store.readEvents(actorId, backward)), []);
      assertEquals(await store.getEventsWithErrors(actorId), {
        events: [],
        errors: [],
        hasErrors: false,
        truncated: false,
      });
    }
  });

  test("getEvents() begins at fromVersion when it is given", async ({ store }) => {
    const events = makeEvents("a", 2, 3, 7, 8);
    await store.saveEvents(events);
    const expected: [from: number, count: number][] = [
      [0, 4],
      [1, 4],
      [2, 4],
      [3, 3],
      [4, 2],
      [7, 2],
      [8, 1],
      [9, 0],
      [Number.MAX_SAFE_INTEGER, 0],
    ];
    for (const consistency of ["strong", "eventual", undefined] as const) {
      for (const [from, count] of expected) {
        const wanted = events.slice(4 - count);
        const options = { fromVersion: from, consistency };
        assertEquals(await store.getEvents("a", options), wanted);
        assertEquals(await store.getEvents("a", from), wanted);
        const result = await store.getEventsWithErrors("a", options);
        assertEquals(result, {
          events: wanted,
          errors: [],
          hasErrors: false,
          truncated: false,
        });
      }
      assertEquals(await store.getLatestVersion("a", { consistency }), 8);
    }
  });

  test("getLatestVersions() tells the versions of many actors", async ({ store }) => {
    const none: string[] = [];
    assertEquals(await store.getLatestVersions(none), new Map());
    assertEquals(
      await store.getLatestVersions(["a", "b"]),
      new Map([["a", 0], ["b", 0]]),
    );
    const actorIds = upTo(1_001).map((i) => `order.${i}`);
    const events = actorIds.map((actorId, i) => makeEvent(actorId, i + 1));
    await store.saveEvents(events.slice(0, 500));
    await store.saveEvents(events.slice(500));
    const expected = new Map(events.map((e) => [e.actorId, e.version]));
    for (const consistency of ["strong", "eventual"] as const) {
      const found = await store.getLatestVersions(actorIds, { consistency });
      assertEquals(found, expected);
      assertEquals([...found.keys()], actorIds);
    }
    assertEquals(
      await store.getLatestVersions(["order.7", "none", "order.7", "order.8"]),
      new Map([["order.7", 7], ["none", 0], ["order.8", 8]]),
    );
  });

  test("readEvents() yields what the bounds say, in both directions", async ({ store }) => {
    const versions = [1, 2, 3, 5, 8, 13, 21, 34, 55, 89];
    const events = makeEvents("a", ...versions);
    await store.saveEvents([...events, ...makeEvents("b", ...upTo(90))]);
    const bound = fc.option(
      fc.oneof(fc.nat(92), fc.constant(Number.MAX_SAFE_INTEGER)),
      { nil: undefined },
    );
    const options = fc.record({
      fromVersion: bound,
      toVersion: bound,
      limit: fc.option(
        fc.oneof(fc.integer({ min: 1, max: 12 }), fc.constant(Infinity)),
        {
          nil: undefined,
        },
      ),
      direction: fc.constantFrom("forward", "backward", undefined),
      consistency: fc.constantFrom("strong", "eventual", undefined),
    });
    await fc.assert(
      fc.asyncProperty(options, async (options) => {
        const read = await collect(store.readEvents("a", options));
        assertEquals(
          read.map(({ version }) => version),
          reference(versions, options),
        );
        for (const event of read) {
          assertEquals(event, events.find(({ id }) => id === event.id));
        }
      }),
      { numRuns: runs },
    );
  });

  test("readEvents() stops when the consumer does", async ({ store }) => {
    await store.saveEvents(makeEvents("a", ...upTo(1000)));
    for (const direction of ["forward", "backward"] as const) {
      const seen: number[] = [];
      for await (const { version } of store.readEvents("a", { direction })) {
        seen.push(version);
        if (seen.length === 3) break;
      }
      const [first, last] = direction === "forward" ? [1, 3] : [1000, 998];
      assertEquals([seen[0], seen.at(-1)], [first, last]);
    }
  });

  test("readEvents() yields long histories whole", async ({ store }) => {
    const events = makeEvents("a", ...upTo(2500));
    for (let i = 0; i < events.length; i += 1000) {
      await store.saveEvents(events.slice(i, i + 1000));
    }
    assertEquals(await store.getEvents("a"), events);
    assertEquals(await collect(store.readEvents("a")), events);
    const direction = "backward";
    assertEquals(
      await collect(store.readEvents("a", { direction })),
      events.toReversed(),
    );
    assertEquals(await store.getEvents("a", 1999), events.slice(1998));
    const tail = { direction, limit: 10 } as const;
    assertEquals(
      await collect(store.readEvents("a", tail)),
      events.slice(-10).toReversed(),
    );
  });

  test("readEvents() yields what the bounds say of a long history", async ({ store }) => {
    const versions = upTo(600);
    const events = makeEvents("a", ...versions);
    for (let i = 0; i < 500; i += 50) {
      await store.saveEvents(events.slice(i, i + 50));
    }
    for (const event of events.slice(500)) await store.saveEvent(event);
    const bounds = fc.record({
      fromVersion: fc.nat(620),
      // Also below, where there is nothing.
      span: fc.oneof(fc.integer({ min: -50, max: 50 }), fc.nat(620)),
      limit: fc.oneof(fc.integer({ min: 1, max: 40 }), fc.constant(Infinity)),
      direction: fc.constantFrom("forward", "backward"),
    });
    await fc.assert(
      fc.asyncProperty(bounds, async ({ span, ...bounds }) => {
        const toVersion = Math.max(0, bounds.fromVersion + span);
        const options = { ...bounds, toVersion };
        const read = await collect(store.readEvents("a", options));
        assertEquals(
          read.map(({ version }) => version),
          reference(versions, options),
        );
      }),
      { numRuns: runs },
    );
  });

  test("readEvents() can be begun many times at once", async ({ store }) => {
    const events = makeEvents("a", ...upTo(50));
    await store.saveEvents(events);
    const reads = await Promise.all(
      upTo(10).map((from) =>
        collect(store.readEvents("a", { fromVersion: from }))
      ),
    );
    for (const [i, read] of reads.entries()) {
      assertEquals(read, events.slice(i));
    }
  });

  test("every read sees a save when it was acknowledged before", async ({ store }) => {
    for (const event of makeEvents("a", ...upTo(30))) {
      await store.saveEvent(event);
      assertEquals(await store.getLatestVersion("a"), event.version);
      assertEquals((await store.getEvents("a", event.version)).length, 1);
      const tail = { direction: "backward", limit: 1 } as const;
      assertEquals(await collect(store.readEvents("a", tail)), [event]);
      // This instance never goes back.
      const eventual = { consistency: "eventual" } as const;
      const version = await store.getLatestVersion("a", eventual);
      assert(version >= event.version);
      const events = await store.getEvents("a", eventual);
      assert(events.length >= event.version);
    }
  });

  testTwo(
    "every read sees a save that another instance was told of",
    async (store, other) => {
      for (const event of makeEvents("a", ...upTo(100))) {
        const [writer, reader] = event.version % 2 === 0
          ? [store, other]
          : [other, store];
        await writer.saveEvent(event);
        if (event.version % 3 === 0) {
          assertEquals(await reader.getLatestVersion("a"), event.version);
        } else if (event.version % 3 === 1) {
          assertEquals((await reader.getEvents("a")).length, event.version);
        } else {
          const tail = { direction: "backward", limit: 1 } as const;
          assertEquals(await collect(reader.readEvents("a", tail)), [event]);
        }
      }
    },
  );
}
