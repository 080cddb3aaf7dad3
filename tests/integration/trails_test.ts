import type { NatsConnection } from "@nats-io/nats-core";
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { jetstream } from "@nats-io/jetstream";
import { headers } from "@nats-io/nats-core";
import { JetStreamEventStore } from "../../store/jetstream/jetstream_event_store.ts";
import { encodeEvent } from "../../event/event_codec.ts";
import { createEvent } from "../../event/create_event.ts";
import type { AnyEvent, Event } from "../../event/event.ts";
import type { ReadEventsOptions } from "../../store/event_store.ts";
import { freshNamespace } from "../support/jetstream_backend.ts";
import { connect } from "../support/nats_connect.ts";
import { NatsServer } from "../support/nats_server.ts";

let server: NatsServer;

Deno.test.beforeAll(async () => {
  server = await NatsServer.start();
});

Deno.test.afterAll(() => server[Symbol.asyncDispose]());

/** Two stores of one namespace: one that writes, one that knows nothing yet. */
async function withStores(
  use: (
    writer: JetStreamEventStore,
    openReader: () => Promise<JetStreamEventStore>,
    connection: { nc: NatsConnection; namespace: string; requests: string[] },
  ) => Promise<void>,
): Promise<void> {
  const nc = await connect(server);
  const namespace = freshNamespace();
  const requests: string[] = [];
  const { publish } = nc;
  nc.publish = (subject, ...rest) => {
    // Besides, stores look at the stream every few seconds.
    if (!subject.includes(".STREAM.INFO.")) requests.push(subject);
    publish.call(nc, subject, ...rest);
  };
  const stores: JetStreamEventStore[] = [];
  const open = async () => {
    const store = await JetStreamEventStore.open(nc, { namespace });
    stores.push(store);
    return store;
  };
  try {
    await use(await open(), open, { nc, namespace, requests });
  } finally {
    for (const store of stores) await store[Symbol.asyncDispose]();
    await nc.close();
  }
}

const event = (actorId: string, version: number): Event =>
  createEvent({ eventType: "Happened", actorId, version, data: { version } });

/** Events of `a`, with `spacing` - 1 events of others before each. */
async function saveSpread(
  store: JetStreamEventStore,
  versions: readonly number[],
  spacing: number,
): Promise<Event[]> {
  const events: Event[] = [];
  const all: Event[] = [];
  let others = 0;
  for (const version of versions) {
    for (let i = 1; i < spacing; i++) all.push(event("other", ++others));
    events.push(event("a", version));
    all.push(events.at(-1)!);
  }
  for (let i = 0; i < all.length; i += 1_000) {
    await store.saveEvents(all.slice(i, i + 1_000));
  }
  return events;
}

const upTo = (n: number) => Array.from({ length: n }, (_, i) => i + 1);

async function collect<E extends AnyEvent>(events: AsyncIterable<E>) {
  return await Array.fromAsync(events);
}

Deno.test("getEvents() finds events that lie far apart, whatever is known of them", async () => {
  await withStores(async (writer, openReader, { requests }) => {
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
  await withStores(async (writer, openReader, { requests }) => {
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
  await withStores(async (writer, _openReader, { requests }) => {
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
  await withStores(async (writer, openReader, { requests }) => {
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
  await withStores(async (writer, openReader) => {
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
  await withStores(async (writer, openReader) => {
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

Deno.test("readEvents() finds any part of a long history", async () => {
  await withStores(async (writer, openReader, { requests }) => {
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
    withStores(async (writer, openReader, { nc }) => {
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
  await withStores(async (writer, openReader) => {
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
  await withStores(async (writer, openReader, { requests }) => {
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

Deno.test("getEvents() is right when a long history's trail is wrong", async () => {
  await withStores(async (writer, openReader, connection) => {
    const events = await saveSpread(writer, upTo(4_000), 2);
    const { sequence } = await writer.saveEvent(event("other", 5_000));
    const own = sequence - 1;
    const text = (n: number) => n.toString(36);
    const far = (...sequences: number[]) =>
      sequences.map((at, i) => `${text(4_000 - i)}:${text(at)}`).join(",");
    const wrong = [
      // Another actor's message, a place that is not where it says, and none.
      far(7_999, 7_999, 7_999, 4_607, 4_607, 4_607, 4_097),
      far(7_998, 7_998, 7_998, 1_600, 1_600, 1_600, 802, 402, 2),
      far(7_998, 7_998, 7_998, 1_536, 1_536, 1_536, 1_536),
      far(1, 1, 1, 1, 1, 1, 1, 1),
    ];
    let last = own;
    for (const trail of wrong) {
      const next = event("a", events.length + 1);
      events.push(next);
      const near = `${text(events.length)};${text(last)}`;
      last = await saveForeign(connection, next, last, `${near};${trail}`);
      const reader = await openReader();
      await reader.getLatestVersion("a"); // the tail is known, with its trail
      const versions = (await reader.getEvents("a"))
        .map(({ version }) => version);
      assertEquals(versions, upTo(events.length));
      assertEquals(
        (await collect(reader.readEvents("a"))).map(({ id }) => id),
        events.map(({ id }) => id),
      );
    }
  });
});

/** Saves as another client would, with a trail of its own making. */
async function saveForeign(
  { nc, namespace }: { nc: NatsConnection; namespace: string },
  foreign: Event,
  expected: number,
  trail: string,
): Promise<number> {
  const hdrs = headers();
  hdrs.set("Nats-Msg-Id", foreign.id);
  hdrs.set("Nats-Expected-Last-Subject-Sequence", String(expected));
  hdrs.set("Aether-Save", "foreign");
  hdrs.set("Aether-Trail", trail);
  const subject = `aether.events.${namespace}.${foreign.actorId}`;
  const { seq } = await jetstream(nc)
    .publish(subject, encodeEvent(foreign), { headers: hdrs });
  return seq;
}

Deno.test("reads are right when a trail is wrong", async () => {
  await withStores(async (writer, openReader, connection) => {
    const events = await saveSpread(writer, upTo(70), 600);
    const { sequence } = await writer.saveEvent(event("a", 71));
    events.push(event("a", 71));
    events[70] = (await writer.getEvents("a", 71))[0]!;
    const other = (n: number) => n.toString(36);
    const wrong = [
      // Another actor's messages, none at all, too few, and in a wrong order.
      `ORDINAL;${other(sequence - 1)},1,1,1;v:${other(7)}`,
      `ORDINAL;;`,
      `ORDINAL;${other(sequence)};`,
      `ORDINAL;${other(sequence)},${other(600)},${other(1_200)};v:${
        other(600)
      }`,
      `2;${other(sequence)};`,
      "no trail",
      // As if it were right, but for the actor's own events that it passes by.
      `ORDINAL;${other(sequence)},${other(1)},${other(1_200)},${other(600)},${
        other(600)
      },${other(600)},${other(600)};`,
      `ORDINAL;${other(sequence)},${other(1)},${other(1)};v:${other(1)},1s:${
        other(2)
      }`,
    ];
    let last = sequence;
    for (const trail of wrong) {
      const next = event("a", events.length + 1);
      events.push(next);
      const claimed = trail.replace("ORDINAL", next.version.toString(36));
      last = await saveForeign(connection, next, last, claimed);
      for (const store of [await openReader(), writer]) {
        for (const from of [0, 2, 40, 60, events.length - 3, events.length]) {
          assertEquals(
            (await store.getEvents("a", from)).map(({ version }) => version),
            upTo(events.length).slice(Math.max(0, from - 1)),
            `${trail} from ${from}`,
          );
        }
        for (const stored of [...events.slice(-4), events[50]!]) {
          assertEquals((await store.saveEvent(stored)).duplicate, true);
        }
        const middle = { fromVersion: 33, limit: 5 };
        assertEquals(
          await collect(store.readEvents("a", middle)),
          events.slice(32, 37),
        );
        const backward = { direction: "backward", limit: 3 } as const;
        assertEquals(
          await collect(store.readEvents("a", backward)),
          events.slice(-3).reverse(),
        );
      }
    }
    // And the next save goes on from there.
    const next = event("a", events.length + 1);
    assertEquals((await writer.saveEvent(next)).duplicate, false);
    assertEquals(await (await openReader()).getEvents("a"), [...events, next]);
  });
});

Deno.test("reads are right when a trail names a message of another subject", async () => {
  await withStores(async (writer, openReader, connection) => {
    const { nc, namespace } = connection;
    const trailTo = (ordinal: number, near: readonly number[]) => {
      const gaps = near.slice(1).map((at, i) => near[i]! - at);
      const text = [near[0]!, ...gaps].map((n) => n.toString(36)).join(",");
      return `${ordinal.toString(36)};${text};`;
    };
    const events: Event[] = [];
    const sequences: number[] = [];
    const saveUpTo = async (version: number) => {
      while (events.length < version) {
        events.push(event("a", events.length + 1));
        sequences.push((await writer.saveEvent(events.at(-1)!)).sequence);
      }
    };
    /** The last version again, as another event, with the trail of that. */
    const misplace = async () => {
      const version = events.length;
      const hdrs = headers();
      const before = sequences.slice(0, -1).slice(-16).reverse();
      hdrs.set("Aether-Trail", trailTo(version, before));
      const subject = `aether.events.${namespace}.other`;
      const data = encodeEvent(event("a", version));
      const { seq } = await jetstream(nc)
        .publish(subject, data, { headers: hdrs });
      return seq;
    };
    const saveAfter = async (near: readonly number[]) => {
      const next = event("a", events.length + 1);
      events.push(next);
      const trail = trailTo(next.version, near);
      const last = sequences.at(-1)!;
      sequences.push(await saveForeign(connection, next, last, trail));
    };
    const check = async () => {
      for (const store of [await openReader(), writer]) {
        for (const from of upTo(events.length)) {
          const expected = events.slice(from - 1);
          assertEquals(await store.getEvents("a", from), expected);
          const again = await store.saveEvent(expected[0]!);
          assertEquals(again.duplicate, true);
        }
      }
    };
    // One from which the trail would be taken up anew, and the nearest one.
    await saveUpTo(6);
    const misplaced = await misplace();
    await saveUpTo(21);
    await saveAfter([...sequences.slice(-15).reverse(), misplaced]);
    await check();
    await saveAfter([await misplace()]);
    await check();
  });
});
