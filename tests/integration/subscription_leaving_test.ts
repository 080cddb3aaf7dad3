/** Store subscriptions that are left at odd moments. */

import { jetstreamManager } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/nats-core";
import { assert, assertEquals } from "@std/assert";
import type { StoredEvent } from "../../store/event_store.ts";
import { JetStreamEventStore } from "../../store/jetstream/jetstream_event_store.ts";
import { waitFor } from "../support/conditions.ts";
import { makeEvents } from "../support/contract/helpers.ts";
import { connect } from "../support/nats_connect.ts";
import { NatsServer } from "../support/nats_server.ts";
import { TcpProxy } from "../support/tcp_proxy.ts";

/** How many consumers the store's stream has. */
async function consumersOf(nc: NatsConnection): Promise<number> {
  const manager = await jetstreamManager(nc);
  return (await manager.streams.info("AETHER_default")).state.consumer_count;
}

Deno.test("a subscription that is left while its consumer is made leaves none", async () => {
  await using server = await NatsServer.start();
  await using near = await connect(server);
  const upstream = { port: server.port };
  await using proxy = await TcpProxy.start({ upstream });
  await using nc = await connect(proxy);
  await using store = await JetStreamEventStore.open(nc);
  await store.saveEvents(makeEvents("a", 1));
  proxy.delay(50);
  for (let i = 0; i < 5; i++) {
    const subscription = store.subscribe();
    await waitFor(async () => await consumersOf(near) > 0);
    // The answer is on its way.
    await subscription.close();
    assertEquals(await consumersOf(near), 0);
  }
});

Deno.test("a loop is left soon when the server is silent", async () => {
  await using server = await NatsServer.start();
  await using nc = await connect(server);
  await using store = await JetStreamEventStore.open(nc);
  await store.saveEvents(makeEvents("a", 1, 2, 3));
  let left = 0;
  for await (const { sequence } of store.subscribe()) {
    if (sequence < 3) continue;
    await server.pause();
    left = performance.now();
    break;
  }
  const took = performance.now() - left;
  server.resume();
  // A request to the server is waited for ten times as long.
  assert(took < 4_500, `it took ${took} ms`);
});

Deno.test("onReplayError may ask for the next event, and none is lost", async () => {
  await using server = await NatsServer.start();
  await using nc = await connect(server);
  await using store = await JetStreamEventStore.open(nc);
  await store.saveEvents(makeEvents("a", 1, 2, 3));
  nc.publish("aether.events.default.b", "junk");
  await nc.flush();
  await store.saveEvents(makeEvents("a", 4, 5, 6));
  let asked: Promise<IteratorResult<StoredEvent, undefined>> | undefined;
  const subscription = store.subscribe({
    // Without it, gaps between sequences would be noticed.
    actors: "*",
    onReplayError: () => {
      asked = iterator.next();
      return "continue";
    },
  });
  const iterator = subscription[Symbol.asyncIterator]();
  const versions: (number | undefined)[] = [];
  for (let i = 0; i < 5; i++) {
    versions.push((await iterator.next()).value?.event.version);
    // By now the others have come, too.
    for (let n = 0; n < 10 && i === 0; n++) await store.getLatestVersion("a");
  }
  versions.push((await asked!).value?.event.version);
  assertEquals(versions.toSorted(), [1, 2, 3, 4, 5, 6]);
  await subscription.close();
});
