/** Reading parts of histories of thousands of events. */

import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import type { ReadEventsOptions } from "../../store/event_store.ts";
import { collect, upTo } from "../support/contract/helpers.ts";
import { NatsServer } from "../support/nats_server.ts";
import { saveSpread, withStores } from "../support/spread_history.ts";

let server: NatsServer;

Deno.test.beforeAll(async () => {
  server = await NatsServer.start();
});

Deno.test.afterAll(() => server[Symbol.asyncDispose]());

Deno.test("readEvents() finds any part of a long history", async () => {
  await withStores(server, async (writer, openReader, { requests }) => {
    const events = await saveSpread(writer, upTo(3_000), 3);
    const reader = await openReader();
    const bound = fc.integer({ min: 1, max: 3_010 });
    const limit = fc.integer({ min: 1, max: 80 });
    const direction = fc.constantFrom("forward" as const, "backward" as const);
    await fc.assert(
      fc.asyncProperty(
        bound,
        bound,
        limit,
        direction,
        async (from, to, limit, direction) => {
          const [fromVersion, toVersion] = from < to ? [from, to] : [to, from];
          const within = events.slice(fromVersion - 1, toVersion);
          const ordered = direction === "forward" ? within : within.reverse();
          const options = { fromVersion, toVersion, limit, direction };
          assertEquals(
            await collect(reader.readEvents("a", options)),
            ordered.slice(0, limit),
          );
        },
      ),
      { numRuns: 60 },
    );
    const requestsOf = async (options: ReadEventsOptions) => {
      requests.length = 0;
      await collect(reader.readEvents("a", options));
      return requests.length;
    };
    const middle = await requestsOf({ fromVersion: 1_234, limit: 10 });
    assert(middle < 30, `${middle} requests`);
    assertEquals(await requestsOf({ limit: 10 }), 1);
    assertEquals(await requestsOf({ toVersion: 10 }), 1);
    assertEquals(await requestsOf({ fromVersion: 2_990, limit: 3 }), 3);
  });
});

for (
  const [what, versions] of [
    ["without gaps", upTo(4_000)],
    ["behind a gap", [...upTo(4_000), 10 ** 9]],
    ["a thousand apart", upTo(4_000).map((n) => 1_000 * n)],
  ] as const
) {
  Deno.test(`readEvents() backward reads little more than is wanted of versions ${what}`, () =>
    withStores(server, async (writer, openReader, { nc }) => {
      const events = await saveSpread(writer, versions, 1);
      for (const store of [writer, await openReader()]) {
        for (const limit of [1, 2, 50, 1_500, 4_001]) {
          const before = nc.stats().inMsgs;
          const options = { direction: "backward", limit } as const;
          assertEquals(
            await collect(store.readEvents("a", options)),
            events.slice(-limit).reverse(),
          );
          const received = nc.stats().inMsgs - before;
          assert(received < 2 * limit + 300, `${received} for ${limit}`);
        }
      }
    }));
}

Deno.test("readEvents() backward misses nothing where versions get denser", async () => {
  await withStores(server, async (writer, openReader) => {
    const sparse = upTo(300).map((n) => 3_000 + 100 * n);
    const events = await saveSpread(writer, [...upTo(3_000), ...sparse], 1);
    for (const store of [writer, await openReader()]) {
      for (const limit of [50, 1_500, 3_301]) {
        const options = { direction: "backward", limit } as const;
        assertEquals(
          await collect(store.readEvents("a", options)),
          events.slice(-limit).reverse(),
        );
      }
    }
  });
});

Deno.test("getEvents() reads a long history ahead, and less than a page too much", async () => {
  await withStores(server, async (writer, openReader, { requests }) => {
    const events = await saveSpread(writer, upTo(6_000), 2);
    const gets = () =>
      requests.filter((subject) => subject.includes("DIRECT.GET")).length;
    for (const store of [writer, await openReader()]) {
      requests.length = 0;
      assertEquals(await store.getEvents("a"), events);
      assert(gets() < 30, `${gets()} requests`);
      requests.length = 0;
      assertEquals(await collect(store.readEvents("a")), events);
      assert(gets() < 30, `${gets()} requests`);
    }
    requests.length = 0;
    for await (const { version } of writer.readEvents("a")) {
      if (version === 5) break;
    }
    assert(gets() < 16, `${gets()} requests`);
  });
});
