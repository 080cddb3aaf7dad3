/** What trails of earlier events save a store that reads and saves. */

import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { collect, upTo } from "../support/contract/helpers.ts";
import { NatsServer } from "../support/nats_server.ts";
import { event, saveSpread, withStores } from "../support/spread_history.ts";

let server: NatsServer;

Deno.test.beforeAll(async () => {
  server = await NatsServer.start();
});

Deno.test.afterAll(() => server[Symbol.asyncDispose]());

Deno.test("getEvents() finds events that lie far apart, whatever is known of them", async () => {
  await withStores(server, async (writer, openReader, { requests }) => {
    const events = await saveSpread(writer, upTo(40), 2_000);
    const warm = await openReader();
    for (const store of [writer, await openReader(), warm, warm]) {
      for (const from of [0, 1, 2, 24, 25, 31, 39, 40, 41]) {
        const expected = events.slice(Math.max(0, from - 1));
        assertEquals(await store.getEvents("a", from), expected, `${from}`);
      }
    }
    requests.length = 0;
    await warm.getEvents("a", 31);
    // The tail and nine before it, all at once, and none by a search.
    assertEquals(requests.length, 10);
  });
});

Deno.test("getEvents() knows where the events of a batch lie", async () => {
  await withStores(server, async (writer, openReader, { requests }) => {
    // Three or four of them in each batch, and hundreds of events between.
    const events = await saveSpread(writer, upTo(60), 300);
    const reader = await openReader();
    await reader.getLatestVersion("a");
    for (const store of [writer, reader]) {
      for (const [from, expected] of [[51, 10], [46, 15], [30, 31]] as const) {
        requests.length = 0;
        assertEquals(await store.getEvents("a", from), events.slice(from - 1));
        assertEquals(requests.length, expected);
      }
    }
  });
});

Deno.test("a save, and a read of ten events that lie close, is one request when the actor is known", async () => {
  await withStores(server, async (writer, _openReader, { requests }) => {
    const events = await saveSpread(writer, upTo(10), 3);
    requests.length = 0;
    assertEquals(await writer.getEvents("a"), events);
    assertEquals(requests.length, 1);
    requests.length = 0;
    await writer.saveEvent(event("a", 11));
    await writer.saveEvent(event("a", 12), { expectedVersion: 11 });
    assertEquals(requests.length, 2);
    requests.length = 0;
    await writer.saveEvents([event("a", 13), event("other", 100)]);
    assertEquals(requests.length, 2); // its messages, and only the last asks
  });
});

Deno.test("a save that is repeated asks for its own events, among the last ones of an actor", async () => {
  await withStores(server, async (writer, openReader, { requests }) => {
    const [first, ...events] = await saveSpread(writer, upTo(17), 300);
    const cold = await openReader();
    for (const store of [writer, cold]) {
      await store.getLatestVersion("a");
      for (const stored of events) {
        requests.length = 0;
        const again = await store.saveEvent(stored);
        assertEquals(again.duplicate, true);
        const found = requests.filter((subject) => subject.includes(".GET."));
        assertEquals(found.length, 1);
        assertEquals(again.sequence, 300 * stored.version);
      }
      for (const some of [events.slice(0, 3), events.slice(-3)]) {
        requests.length = 0;
        const again = await store.saveEvents(some);
        assertEquals(again.duplicate, true);
        assertEquals(again.sequence, 300 * some.at(-1)!.version);
        assertEquals(requests.length, 3);
      }
      // Before those a server looks for it.
      assertEquals((await store.saveEvent(first!)).duplicate, true);
    }
  });
});

Deno.test("getEvents() sees what another store saved since", async () => {
  await withStores(server, async (writer, openReader) => {
    const events = await saveSpread(writer, upTo(5), 2_000);
    const reader = await openReader();
    assertEquals(await reader.getEvents("a"), events);
    for (const version of [6, 7]) {
      events.push(event("a", version));
      await writer.saveEvent(events.at(-1)!);
      await writer.saveEvent(event("b", version));
    }
    assertEquals(await reader.getEvents("a"), events);
    assertEquals(await reader.getEvents("a", 4), events.slice(3));
  });
});

Deno.test("getEvents() finds all when versions have gaps", async () => {
  await withStores(server, async (writer, openReader) => {
    const versions = upTo(40).map((i) => i * i);
    const events = await saveSpread(writer, versions, 500);
    for (const store of [writer, await openReader()]) {
      for (const from of [0, 2, 900, 901, 1_521, 1_522, 1_600, 1_601]) {
        assertEquals(
          await store.getEvents("a", from),
          events.filter(({ version }) => version >= from),
          `${from}`,
        );
      }
    }
  });
});

Deno.test("readEvents() finds any part of a scattered history, a request each", async () => {
  await withStores(server, async (writer, openReader, { requests }) => {
    const length = 250;
    const events = await saveSpread(writer, upTo(length), 160);
    const reader = await openReader();
    const bound = fc.integer({ min: 1, max: length + 5 });
    const limit = fc.integer({ min: 1, max: length });
    const direction = fc.constantFrom("forward" as const, "backward" as const);
    await fc.assert(
      fc.asyncProperty(
        bound,
        bound,
        limit,
        direction,
        fc.boolean(),
        async (from, to, limit, direction, isKnown) => {
          const [fromVersion, toVersion] = from < to ? [from, to] : [to, from];
          const within = events.slice(fromVersion - 1, toVersion);
          const ordered = direction === "forward" ? within : within.reverse();
          const options = { fromVersion, toVersion, limit, direction };
          const store = isKnown ? reader : await openReader();
          assertEquals(
            await collect(store.readEvents("a", options)),
            ordered.slice(0, limit),
          );
        },
      ),
      { numRuns: 40 },
    );
    for (const store of [reader, await openReader()]) {
      requests.length = 0;
      assertEquals(await store.getEvents("a"), events);
      // Its events, and not a page.
      assert(requests.length <= length + 1, `${requests.length} requests`);
    }
  });
});
