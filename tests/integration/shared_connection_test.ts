import { assert, assertEquals, assertRejects } from "@std/assert";
import type { NatsConnection } from "@nats-io/nats-core";
import { NatsEventBus } from "../../bus/nats_event_bus.ts";
import { ConnectionClosedError } from "../../internal/nats/errors.ts";
import { Multiplexer } from "../../internal/nats/multiplexer.ts";
import { StoreClosedError } from "../../store/errors.ts";
import { JetStreamEventStore } from "../../store/jetstream/jetstream_event_store.ts";
import { makeEvent } from "../support/contract/helpers.ts";
import { freshNamespace } from "../support/jetstream_backend.ts";
import { connect } from "../support/nats_connect.ts";
import { NatsServer } from "../support/nats_server.ts";
import { TcpProxy } from "../support/tcp_proxy.ts";

let server: NatsServer;

Deno.test.beforeAll(async () => {
  server = await NatsServer.start();
});

Deno.test.afterAll(() => server[Symbol.asyncDispose]());

/** What a connection is subscribed to, as the server knows it. */
async function subscriptionsOf(nc: NatsConnection): Promise<string[]> {
  await nc.flush();
  const query = `cid=${nc.info!.client_id}&subs=1`;
  const reply = await fetch(`${server.monitorUrl}/connz?${query}`);
  const { connections } = await reply.json();
  return connections[0].subscriptions_list ?? [];
}

/** A subject whose requests are answered only when the test says so. */
async function slowService() {
  const nc = await connect(server);
  const subject = crypto.randomUUID();
  const { promise: answered, resolve: answer } = Promise.withResolvers<void>();
  nc.subscribe(subject, {
    callback: (_, msg) => void answered.then(() => msg.respond(msg.data)),
  });
  await nc.flush();
  return { subject, answer, [Symbol.asyncDispose]: () => nc.close() };
}

Deno.test("multiplexers share one subscription, until the last is closed", async () => {
  await using nc = await connect(server);
  await using service = await slowService();
  const first = new Multiplexer(nc);
  const second = new Multiplexer(nc);
  const third = new Multiplexer(nc, "_OTHER");
  const subjects = await subscriptionsOf(nc);
  assertEquals(subjects.map((subject) => subject.split(".")[0]).sort(), [
    "_INBOX",
    "_OTHER",
  ]);

  const options = { timeout: 60_000 };
  const lost = first.request(service.subject, "first", options);
  const kept = second.request(service.subject, "second", options);
  const failed = assertRejects(() => lost, ConnectionClosedError);
  await first[Symbol.asyncDispose]();
  await failed;
  await assertRejects(
    () => first.request(service.subject, "", options),
    ConnectionClosedError,
  );
  await assertRejects(() => first.watch.connected(), ConnectionClosedError);
  service.answer();
  assertEquals(new TextDecoder().decode((await kept).data), "second");

  await first[Symbol.asyncDispose](); // twice is harmless
  await second.request(service.subject, "", options);
  await second[Symbol.asyncDispose]();
  await third[Symbol.asyncDispose]();
  assertEquals(await subscriptionsOf(nc), []);

  await using again = new Multiplexer(nc);
  await again.request(service.subject, "", options);
});

Deno.test("a multiplexer made while the connection is down knows it", async () => {
  await using proxy = await TcpProxy.start({ upstream: server });
  await using nc = await connect(proxy.url);
  await using first = new Multiplexer(nc);
  const down = Promise.withResolvers<void>();
  first.watch.listen({ down: () => down.resolve() });
  await proxy.refuse();
  proxy.cut();
  await down.promise;
  await using second = new Multiplexer(nc);
  assert(!second.watch.isUp);
  await proxy.accept();
  await second.watch.connected({ timeout: 10_000 });
  assert(first.watch.isUp);
});

Deno.test("closing a store fails no other store or bus of its connection", async () => {
  await using nc = await connect(server);
  const namespace = freshNamespace();
  const closing = await JetStreamEventStore.open(nc, { namespace });
  await using store = await JetStreamEventStore.open(nc, { namespace });
  await using bus = new NatsEventBus(nc);
  await using told = bus.subscribe("orders");
  await told.ready;
  await using events = store.subscribe();
  const next = events[Symbol.asyncIterator]();
  await events.caughtUp;

  const saves = Array.from(
    { length: 100 },
    (_, n) => store.saveEvent(makeEvent(`a-${n}`, 1)),
  );
  const ended = closing.subscribe();
  await closing.close();
  await assertRejects(
    () => closing.getEvents("a-0"),
    StoreClosedError,
  );
  assertEquals(await Array.fromAsync(ended), []);

  assertEquals((await Promise.all(saves)).length, 100);
  for (let n = 0; n < 100; n++) assert(!(await next.next()).done);
  await bus.publish("orders", makeEvent("a-0", 2));
  const heard = told[Symbol.asyncIterator]();
  assertEquals((await heard.next()).value!.event.version, 2);
  assertEquals(await store.getLatestVersion("a-99"), 1);
});
