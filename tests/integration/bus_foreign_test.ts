import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import { headers, type NatsConnection } from "@nats-io/nats-core";
import {
  MalformedMessageError,
  NatsEventBus,
  PayloadTooLargeError,
} from "../../bus/mod.ts";
import { encodeEvent } from "../../store/mod.ts";
import {
  assertErrorIs,
  BusReader,
  inPlace,
  makeEvent,
  reasonOf,
} from "../support/bus_contract/helpers.ts";
import { connect } from "../support/nats_connect.ts";
import { NatsServer } from "../support/nats_server.ts";

let server: NatsServer;

Deno.test.beforeAll(async () => {
  const config = "max_payload: 64KB";
  server = await NatsServer.start({ jetstream: false, config });
});

Deno.test.afterAll(() => server[Symbol.asyncDispose]());

async function open(stack: AsyncDisposableStack) {
  const nc = stack.adopt(await connect(server), (nc) => nc.close());
  const other = stack.adopt(await connect(server), (nc) => nc.close());
  const errors: unknown[] = [];
  const onError = (error: unknown) => errors.push(error);
  const bus = stack.use(new NatsEventBus(nc, { onError }));
  const settle = async () => {
    await other.flush();
    await nc.flush();
  };
  return { nc, other, bus, errors, settle };
}

const subject = "aether.bus.1.OrderPlaced.orders.order-1";
const valid = encodeEvent(makeEvent());

Deno.test("messages that are no events are counted and told, and break nothing", async () => {
  await using stack = new AsyncDisposableStack();
  const { other, bus, errors, settle } = await open(stack);
  const subscription = bus.subscribe(">");
  const literal = bus.subscribe("orders");
  await inPlace(subscription, literal);
  const bad: [subject: string, data: string | Uint8Array][] = [
    [subject, ""],
    [subject, "hello"],
    [subject, "null"],
    [subject, "[]"],
    [subject, "{}"],
    [subject, new Uint8Array([0xff, 0xfe])],
    [subject, new Uint8Array(60_000)],
    [subject, "[".repeat(60_000)],
    [subject, valid.slice(0, -1)],
    [subject, `\ufeff${valid}`],
    [subject, encodeEvent(makeEvent("order-2"))],
    [subject, encodeEvent(makeEvent("order-1", 1, { eventType: "T" }))],
    [subject, valid.replace('"version":1', '"version":0')],
    [subject, valid.replace('"version":1,"data"', '"version":1e999,"data"')],
    ["aether.bus.1.OrderPlaced.orders.order=2D1", valid],
  ];
  for (const [subject, data] of bad) other.publish(subject, data);
  // Not on a subject of the literal subscription.
  const elsewhere = [
    "aether.bus.1.OrderPlaced.__x__.order-1",
    "aether.bus.2.OrderPlaced.orders.order-1.more",
    "aether.bus.1.OrderPlaced.=FF.order-1",
    "aether.bus.m.OrderPlaced.orders.order-1",
  ];
  for (const subject of elsewhere) other.publish(subject, valid);
  other.publish(subject, valid);
  await settle();
  const expected = 2 * bad.length + elsewhere.length;
  assertEquals(bus.metrics.malformed, expected);
  assertEquals(errors.length, expected);
  for (const error of errors) {
    assertInstanceOf(error, MalformedMessageError);
    assertInstanceOf(error.cause, Error);
  }
  const [first] = errors as MalformedMessageError[];
  assertEquals([first!.subject, first!.size], [subject, 0]);
  for (const each of [subscription, literal]) {
    assertEquals([each.pending, each.dropped], [1, 0]);
    assertEquals(await new BusReader(each).versions(1), [1]);
  }
});

Deno.test("messages elsewhere, with odd headers or a reply, are no trouble", async () => {
  await using stack = new AsyncDisposableStack();
  const { other, bus, errors, settle } = await open(stack);
  const subscription = bus.subscribe(">");
  await inPlace(subscription);
  for (
    const subject of ["aether.bus", "aether.bus.1", "aether.other.1.T.a.b"]
  ) {
    other.publish(subject, valid);
  }
  const traces: [string, string | undefined][] = [
    ["", undefined],
    ["00-0", undefined],
    ["00-" + "0".repeat(32) + "-b7ad6b7169203331-01", undefined],
    ["ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", undefined],
    ["01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "x"],
  ];
  for (const [traceparent] of traces) {
    const hdrs = headers();
    hdrs.set("traceparent", traceparent);
    hdrs.set("tracestate", "x".repeat(600));
    hdrs.set("Other", "ä");
    other.publish(subject, valid, { headers: hdrs, reply: "anywhere" });
  }
  await settle();
  assertEquals(errors, []);
  const reader = new BusReader(subscription);
  for (const [traceparent, expected] of traces) {
    const { trace } = await reader.next();
    assertEquals(trace, expected === undefined ? undefined : { traceparent });
  }
});

Deno.test("an error that nobody listens to is counted nevertheless", async () => {
  await using stack = new AsyncDisposableStack();
  const { nc, other, settle } = await open(stack);
  const bus = stack.use(new NatsEventBus(nc));
  const subscription = bus.subscribe("orders");
  await inPlace(subscription);
  other.publish(subject, "hello");
  await settle();
  assertEquals(bus.metrics.malformed, 1);
});

Deno.test("events of another writer's spelling are events", async () => {
  await using stack = new AsyncDisposableStack();
  const { other, bus, settle } = await open(stack);
  const subscription = bus.subscribe("orders");
  await inPlace(subscription);
  other.publish(
    subject,
    `{ "version": 1, "data": null, "metadata": {}, "commandId": "",
       "id": "e", "eventType": "OrderPlaced", "actorId": "order-1",
       "timestamp": "2024-01-01T00:00:00.123456789+02:00", "more": 1 }`,
  );
  await settle();
  const { event } = await new BusReader(subscription).next();
  assertEquals(event as unknown, {
    id: "e",
    eventType: "OrderPlaced",
    actorId: "order-1",
    version: 1,
    data: {},
    timestamp: "2024-01-01T00:00:00.123456789+02:00",
    more: 1,
  });
});

Deno.test("publish() refuses what the server does not take, and sends nothing", async () => {
  await using stack = new AsyncDisposableStack();
  const { bus, settle } = await open(stack);
  const subscription = bus.subscribe("orders");
  await inPlace(subscription);
  const limit = 64 * 1024;
  const sized = (bytes: number) => {
    const empty = encodeEvent(makeEvent("order-1", 1, { data: { text: "" } }));
    const text = "x".repeat(bytes - empty.length);
    return makeEvent("order-1", 1, { data: { text } });
  };
  const trace = {
    traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
  };
  await bus.publish("orders", sized(limit));
  const reasons = [
    await reasonOf(() => bus.publish("orders", sized(limit + 1))),
    await reasonOf(() => bus.publish("orders", sized(limit), { trace })),
  ];
  assertErrorIs(reasons[0], PayloadTooLargeError, { size: limit + 1, limit });
  assertErrorIs(reasons[1], PayloadTooLargeError, { limit });
  assert((reasons[1] as PayloadTooLargeError).size > limit);
  await settle();
  assertEquals([subscription.pending, bus.metrics.published], [1, 1]);
});

Deno.test("only what was subscribed to comes over the wire", async () => {
  await using stack = new AsyncDisposableStack();
  const { nc, other, settle } = await open(stack);
  const bus = stack.use(new NatsEventBus(nc));
  const publisher = stack.use(new NatsEventBus(other));
  await using subscription = bus.subscribe("orders.*", {
    eventTypes: ["A", "B"],
    actors: "order.*",
  });
  await using all = bus.subscribe("everything.>");
  await inPlace(subscription, all);
  await settle();
  const before = received(nc);
  for (const namespace of ["orders.eu", "orders", "stock.eu", "__internal__"]) {
    for (const eventType of ["A", "B", "C"]) {
      for (const actorId of ["order.1", "order", "other.1", "order.1.2"]) {
        const event = makeEvent(actorId, 1, { eventType });
        await publisher.publish(namespace, event);
      }
    }
  }
  await settle();
  assertEquals(subscription.pending, 2);
  assertEquals(received(nc) - before, 2);
});

function received(nc: NatsConnection): number {
  return nc.stats().inMsgs;
}
