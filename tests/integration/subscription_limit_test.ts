/**
 * A server that takes no more subscriptions refuses them without naming them:
 * nobody waits in silence for what will never come.
 */

import { assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import {
  createEvent,
  JetStreamEventStore,
  NatsEventBus,
  SubscriptionLimitError,
} from "../../mod.ts";
import { connect } from "../support/nats_connect.ts";
import { NatsServer } from "../support/nats_server.ts";
import { refusalOf } from "../support/refusals.ts";

const opened = createEvent({
  eventType: "Opened",
  actorId: "door-1",
  version: 1,
  data: {},
});

Deno.test("a bus's subscription that the server refuses is never ready, and fails", async () => {
  await using server = await NatsServer.start({
    config: "max_subscriptions: 2",
  });
  await using nc = await connect(server);
  await using bus = new NatsEventBus(nc);
  await using first = bus.subscribe("doors");
  await first.ready;
  await using second = bus.subscribe("gates");
  await second.ready;
  const third = bus.subscribe("windows");
  await assertRejects(() => third.ready, SubscriptionLimitError);
  await assertRejects(() => Array.fromAsync(third), SubscriptionLimitError);

  // Those that the server has confirmed go on.
  await bus.publish("doors", opened);
  for await (const { event } of first) {
    assertEquals(event, opened);
    break;
  }
  await using fourth = bus.subscribe("windows"); // `first` has left
  await fourth.ready;
});

Deno.test("a store's subscription that the server refuses fails", async () => {
  await using server = await NatsServer.start({
    config: "max_subscriptions: 2",
  });
  await using nc = await connect(server);
  await using store = await JetStreamEventStore.open(nc); // takes one
  await store.saveEvent(opened);
  await using bus = new NatsEventBus(nc);
  await using heard = bus.subscribe("doors");
  await heard.ready;
  const error = await refusalOf(() => Array.fromAsync(store.subscribe()));
  assertInstanceOf(error, SubscriptionLimitError);
  assertEquals(await store.getEvents("door-1"), [opened]);
});

Deno.test("a store that can't receive replies is not opened", async () => {
  await using server = await NatsServer.start({
    config: "max_subscriptions: 1",
  });
  await using nc = await connect(server);
  await using bus = new NatsEventBus(nc);
  await using heard = bus.subscribe("doors");
  await heard.ready;
  const error = await refusalOf(() => JetStreamEventStore.open(nc));
  assertInstanceOf(error, SubscriptionLimitError);
  await heard.close();
  await using store = await JetStreamEventStore.open(nc);
  await store.saveEvent(opened);
});

Deno.test("subscriptions that the next server refuses fail", async () => {
  await using server = await NatsServer.start();
  await using next = await NatsServer.start({ config: "max_subscriptions: 1" });
  await using nc = await connect([server.url, next.url]);
  await using bus = new NatsEventBus(nc);
  await using doors = bus.subscribe("doors");
  await using gates = bus.subscribe("gates");
  await Promise.all([doors.ready, gates.ready]);
  await server.kill();
  // The next server does not say which one it refused.
  await assertRejects(() => Array.fromAsync(doors), SubscriptionLimitError);
  await assertRejects(() => Array.fromAsync(gates), SubscriptionLimitError);
});
