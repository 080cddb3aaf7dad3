/** Subscriptions that catch up: what they ask the server for. */

import { assert, assertEquals } from "@std/assert";
import type { NatsConnection } from "@nats-io/nats-core";
import type { EventStore } from "../../store/event_store.ts";
import { JetStreamEventStore } from "../../store/jetstream/jetstream_event_store.ts";
import { waitFor } from "../support/conditions.ts";
import { makeEvent, Reader, upTo } from "../support/contract/helpers.ts";
import { connect } from "../support/nats_connect.ts";
import { NatsServer } from "../support/nats_server.ts";

/** Stores so many events of so many bytes. */
async function fill(
  store: EventStore,
  count: number,
  bytes: number,
): Promise<void> {
  const data = { text: "x".repeat(bytes) };
  const batch = Math.max(1, Math.min(500, Math.floor(4_000_000 / bytes)));
  for (let done = 0; done < count; done += batch) {
    await store.saveEvents(
      upTo(Math.min(batch, count - done)).map((i) =>
        makeEvent("a", done + i, { data })
      ),
    );
  }
}

/** Counts what is published on subjects of JetStream's API. */
function countRequests(nc: NatsConnection, subject: string): () => number {
  let count = 0;
  const publish = nc.publish.bind(nc);
  nc.publish = (to, ...rest) => {
    if (to.startsWith(subject)) count++;
    publish(to, ...rest);
  };
  return () => count;
}

/** Reads all events; the version of the last one. */
async function lastRead(store: EventStore): Promise<number> {
  let last = 0;
  for await (const { event } of store.subscribe({ live: false })) {
    assertEquals(event.version, last + 1);
    last = event.version;
  }
  return last;
}

const cases = {
  "many small events": { count: 3_000, bytes: 10, subscriptions: 1 },
  "more bytes than a pull asks for": {
    count: 600,
    bytes: 50_000,
    subscriptions: 8,
  },
  "events larger than what a pull asks for": {
    count: 10,
    bytes: 900_000,
    subscriptions: 24,
  },
};

for (const [what, { count, bytes, subscriptions }] of Object.entries(cases)) {
  Deno.test(`catching up with ${what} takes no consumer a pull, and no connection is cut`, async () => {
    await using server = await NatsServer.start();
    await using nc = await connect(server);
    // Requests wait behind the events of all subscriptions.
    const readTimeout = 60_000;
    await using store = await JetStreamEventStore.open(nc, { readTimeout });
    await fill(store, count, bytes);
    const created = countRequests(nc, "$JS.API.CONSUMER.CREATE.");
    const read = await Promise.all(
      upTo(subscriptions).map(() => lastRead(store)),
    );
    assertEquals(read, read.map(() => count));
    // One that goes silent on a busy machine is made anew, but not every one.
    assert(created() >= subscriptions, `${created()} consumers`);
    assert(created() < 2 * subscriptions + 1, `${created()} consumers`);
    const monitor = async (path: string) =>
      await (await fetch(`${server.monitorUrl}/${path}`)).json();
    const { slow_consumers } = await monitor("varz");
    assertEquals(slow_consumers, 0);
    // Sooner than the server drops what nobody uses any more.
    await waitFor(async () => (await monitor("jsz")).consumers === 0);
  });
}

Deno.test("a subscription whose reader rests holds some megabytes, however large events are", async () => {
  await using server = await NatsServer.start();
  await using nc = await connect(server);
  await using store = await JetStreamEventStore.open(nc);
  await fill(store, 60, 900_000);
  const before = nc.stats().inBytes;
  await using subscription = store.subscribe();
  const reader = new Reader(subscription);
  await reader.next();
  // What was asked for has come once the server answers behind it.
  let received = 0;
  for (let rounds = 0; rounds < 20; rounds++) {
    await store.getLatestVersion("a");
    received = nc.stats().inBytes - before;
  }
  assert(received < 40_000_000, `${received} bytes`);
  for (const version of upTo(59)) {
    assertEquals((await reader.next()).event.version, version + 1);
  }
});
