/** How much reads, subscriptions and snapshots ask the server for. */

import type { NatsConnection } from "@nats-io/nats-core";
import { assert, assertEquals } from "@std/assert";
import type {
  ReadEventsOptions,
  SubscribeOptions,
} from "../../store/event_store.ts";
import { JetStreamEventStore } from "../../store/jetstream/jetstream_event_store.ts";
import { collect, makeEvent, upTo } from "../support/contract/helpers.ts";
import { freshNamespace } from "../support/jetstream_backend.ts";
import { connect } from "../support/nats_connect.ts";
import { NatsServer } from "../support/nats_server.ts";
import { RequestCount } from "../support/request_count.ts";

const LENGTH = 6_000;

let server: NatsServer;
let nc: NatsConnection;
let count: RequestCount;
let namespace: string;

Deno.test.beforeAll(async () => {
  server = await NatsServer.start();
  nc = await connect(server);
  namespace = freshNamespace();
  await using store = await JetStreamEventStore.open(nc, { namespace });
  for (let done = 0; done < LENGTH; done += 250) {
    await store.saveEvents(
      upTo(250).flatMap((i) => [
        makeEvent("a", done + i),
        makeEvent("b", done + i),
      ]),
    );
  }
  await store.saveEvent(makeEvent("gaps", 5));
  await store.saveEvent(makeEvent("gaps", 9));
  count = new RequestCount(nc);
});

Deno.test.afterAll(async () => {
  await nc.close();
  await server[Symbol.asyncDispose]();
});

const open = () => JetStreamEventStore.open(nc, { namespace });

const ranges: Record<string, ReadEventsOptions> = {
  "all": {},
  "the last 2,500": { fromVersion: LENGTH - 2_499 },
  "some in the middle": { fromVersion: 1_001, toVersion: 3_500 },
  "the first 1,500": { toVersion: 1_500 },
};

for (const [what, range] of Object.entries(ranges)) {
  Deno.test(`readEvents() of ${what} asks backward for no more than forward, give or take two`, async () => {
    for (const isKnown of [false, true]) {
      await using store = await open();
      if (isKnown) await store.getLatestVersion("a");
      const read = async (direction: "forward" | "backward") => {
        const options = { ...range, direction };
        const { requests } = await count.of(async () => {
          const events = await collect(store.readEvents("a", options));
          const { fromVersion = 1, toVersion = LENGTH } = range;
          assertEquals(events.length, toVersion - fromVersion + 1);
        });
        return requests;
      };
      const backward = await read("backward");
      await using other = await open();
      if (isKnown) await other.getLatestVersion("a");
      const forward = await read("forward");
      assert(backward <= forward + 2, `${backward} against ${forward}`);
    }
  });
}

Deno.test("getEvents() of a long history asks for a page after the other, and nothing else", async () => {
  await using store = await open();
  await store.getLatestVersion("a");
  const { requests } = await count.of(() => store.getEvents("a"));
  assertEquals(requests, LENGTH / 1_000);
});

const snapshots = [
  ["of the latest version", "a", LENGTH, 3],
  ["below the latest version", "b", LENGTH - 10, 4],
  ["in a gap between versions", "gaps", 7, 7],
] as const;

for (const [what, actorId, version, expected] of snapshots) {
  Deno.test(`saveSnapshot() ${what} takes ${expected} requests at most`, async () => {
    await using store = await open();
    await store.getLatestVersion(actorId);
    const timestamp = new Date().toISOString();
    const { requests } = await count.of(() =>
      store.saveSnapshot({ actorId, version, state: {}, timestamp })
    );
    assert(requests <= expected, `${requests} requests`);
    const stored = await store.getLatestSnapshot(actorId);
    assertEquals(stored?.version, version);
  });
}

const subscriptions: Record<string, SubscribeOptions> = {
  "from the beginning": {},
  "of some actors": { actors: "a" },
  "at the end": { after: "end" },
  "of some actors at the end": { actors: "a", after: "end" },
};

for (const [what, options] of Object.entries(subscriptions)) {
  Deno.test(`subscribe() ${what} begins after three round trips at most`, async () => {
    await using store = await open();
    const subscription = store.subscribe(options);
    const iterator = subscription[Symbol.asyncIterator]();
    const { roundTrips } = await count.of(async () => {
      if (options.after === "end") await subscription.caughtUp;
      else await iterator.next();
    });
    assert(roundTrips <= 3, `${roundTrips} round trips`);
    await subscription.close();
  });
}

Deno.test("getEvents() of unknown actors asks for tail and events at once where the ones before were read in pages", async () => {
  const own = freshNamespace();
  await using store = await JetStreamEventStore.open(nc, { namespace: own });
  const actors = upTo(12).map((i) => `close-${i}`);
  await store.saveEvents(
    actors.flatMap((actorId) => upTo(10).map((v) => makeEvent(actorId, v))),
  );
  // Far apart: so they come sooner one by one.
  const apart = upTo(10).map((version) => makeEvent("apart", version));
  for (const event of apart) {
    await store.saveEvent(event);
    await store.saveEvents(
      upTo(990).map((i) => makeEvent("others", (event.version - 1) * 990 + i)),
    );
  }
  await using reader = await JetStreamEventStore.open(nc, { namespace: own });
  const tripsOf = async (actorId: string) => {
    let length = 0;
    const { roundTrips } = await count.of(async () => {
      length = (await reader.getEvents(actorId)).length;
    });
    assertEquals(length, 10);
    return roundTrips;
  };
  for (const actorId of actors.slice(0, 8)) {
    assertEquals(await tripsOf(actorId), 2);
  }
  assertEquals(await tripsOf(actors[8]!), 1);
  // The tail is known with its trail: a save goes on with it.
  const next = makeEvent(actors[8]!, 11);
  await reader.saveEvent(next, { expectedVersion: 10 });
  assertEquals((await reader.getEvents(actors[8]!)).length, 11);
  // One that was wrong makes it careful again.
  assertEquals(await reader.getEvents("apart"), apart);
  assertEquals(await tripsOf(actors[9]!), 2);
});

Deno.test("saveEvents() of what is stored already takes few requests, however many actors it has", async () => {
  const events = upTo(900).map((n) =>
    makeEvent(`again-${n % 300}`, Math.ceil(n / 300))
  );
  const other = freshNamespace();
  {
    await using store = await JetStreamEventStore.open(nc, {
      namespace: other,
    });
    await store.saveEvents(events);
  }
  await using store = await JetStreamEventStore.open(nc, { namespace: other });
  const { requests } = await count.of(async () => {
    const { duplicate } = await store.saveEvents(events);
    assert(duplicate);
  });
  assert(requests <= 5, `${requests} requests`);
  // Those that were stored one by one, or lie apart, are found all the same.
  const mixed = [
    ...upTo(20).map((n) => makeEvent(`apart-${n}`, 1)),
    ...events.slice(0, 20),
    ...upTo(20).map((n) => makeEvent(`new-${n}`, 1)),
  ];
  for (const event of mixed.slice(0, 20)) {
    await store.saveEvent(event);
    await store.saveEvent(makeEvent("between", store.metrics.savedEvents));
  }
  const saved = store.metrics.savedEvents;
  await store.saveEvents(mixed);
  assertEquals(store.metrics.savedEvents, saved + 20);
});
