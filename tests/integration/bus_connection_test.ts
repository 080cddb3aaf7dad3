import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  BusClosedError,
  ConnectionClosedError,
  ConnectionLostError,
  type Gap,
  NatsEventBus,
} from "../../bus/mod.ts";
import {
  assertErrorIs,
  BusReader,
  inPlace,
  makeEvent,
  reasonOf,
  upTo,
} from "../support/bus_contract/helpers.ts";
import { waitFor } from "../support/conditions.ts";
import { connect } from "../support/nats_connect.ts";
import { NatsServer } from "../support/nats_server.ts";
import { TcpProxy } from "../support/tcp_proxy.ts";

let server: NatsServer;

Deno.test.beforeAll(async () => {
  server = await NatsServer.start({ jetstream: false });
});

Deno.test.afterAll(() => server[Symbol.asyncDispose]());

/** A bus behind a proxy, and one beside it. */
async function openTwo(stack: AsyncDisposableStack) {
  const upstream = { port: server.port };
  const proxy = stack.use(await TcpProxy.start({ upstream }));
  const nc = stack.adopt(await connect(proxy), (nc) => nc.close());
  const near = stack.adopt(await connect(server), (nc) => nc.close());
  const bus = stack.use(new NatsEventBus(nc));
  const other = stack.use(new NatsEventBus(near));
  return { proxy, nc, bus, near, other };
}

Deno.test("a reconnect is a gap that is counted and told, and subscriptions go on", async () => {
  await using stack = new AsyncDisposableStack();
  const { proxy, nc, bus, near, other } = await openTwo(stack);
  const told: (Gap | number)[] = [];
  const subscriptions = ["orders", "orders.*", ">"].map((pattern) =>
    bus.subscribe(pattern, { onGap: (gap) => told.push(gap) })
  );
  await inPlace(...subscriptions);
  await other.publish("orders", makeEvent("o", 1));
  const all = new BusReader(subscriptions[2]!);
  assertEquals(await all.versions(1), [1]);

  await proxy.refuse();
  proxy.cut();
  await waitFor(() => isDown(bus));
  // Nobody hears of this one.
  await other.publish("orders", makeEvent("o", 2));
  await near.flush();
  assertEquals(told, []);
  await proxy.accept();
  await waitFor(() => subscriptions.every(({ gaps }) => gaps === 1));

  assertEquals(told.length, 3);
  for (const gap of told as Gap[]) {
    assertEquals(gap.reason, "reconnect");
    assert(gap.downtime > 0 && gap.downtime < 60_000);
    assert(Object.isFrozen(gap));
  }
  assertEquals(bus.metrics.gaps, 3);
  assertEquals(bus.metrics.namespaces.get("orders.*")?.gaps, 1);
  await nc.flush();
  await other.publish("orders", makeEvent("o", 3));
  assertEquals(await all.versions(1), [3]);
  await bus.publish("orders", makeEvent("o", 4));
  assertEquals(await all.versions(1), [4]);
  assertEquals(
    subscriptions.map(({ dropped }) => dropped),
    [0, 0, 0],
  );
});

Deno.test("an onGap that throws is reported and breaks nothing", async () => {
  await using stack = new AsyncDisposableStack();
  const upstream = { port: server.port };
  const proxy = stack.use(await TcpProxy.start({ upstream }));
  const nc = stack.adopt(await connect(proxy), (nc) => nc.close());
  const reported: unknown[] = [];
  const onError = (error: unknown) => reported.push(error);
  const bus = stack.use(new NatsEventBus(nc, { onError }));
  const thrown = new Error("no gaps, please");
  const subscriptions = [1, 2].map(() =>
    bus.subscribe("orders", {
      onGap() {
        throw thrown;
      },
    })
  );
  await inPlace(...subscriptions);
  proxy.cut();
  await waitFor(() => subscriptions.every(({ gaps }) => gaps === 1));
  assertEquals(reported, [thrown, thrown]);
  await waitFor(async () => {
    await bus.publish("orders", makeEvent("o", 1));
    return true;
  });
  for (const subscription of subscriptions) {
    assertEquals(await new BusReader(subscription).versions(1), [1]);
  }
});

Deno.test("a gap is told before what comes after it", async () => {
  await using stack = new AsyncDisposableStack();
  const { proxy, bus, other } = await openTwo(stack);
  const told: (string | number)[] = [];
  const subscription = bus.subscribe("orders", {
    onGap: () => told.push("gap"),
  });
  const reading = (async () => {
    for await (const { event } of subscription) told.push(event.version);
  })();
  await inPlace(subscription);
  let version = 0;
  let stop = false;
  const publishing = (async () => {
    while (!stop) {
      await other.publish("orders", makeEvent("o", ++version));
      await new Promise((resolve) => setTimeout(resolve));
    }
  })();
  for (const gaps of upTo(5)) {
    const before = told.length;
    await waitFor(() => told.length > before);
    proxy.cut();
    await waitFor(() => subscription.gaps === gaps);
  }
  stop = true;
  await publishing;
  await subscription.close();
  await reading;
  // A number that is not the next one comes after a gap, and only there.
  let last = 0;
  let gap = true;
  for (const each of told) {
    if (each === "gap") gap = true;
    else {
      assert(each as number > last);
      if (!gap) assertEquals(each, last + 1);
      last = each as number;
      gap = false;
    }
  }
});

Deno.test("publish() fails while the connection is down", async () => {
  await using stack = new AsyncDisposableStack();
  const { proxy, bus } = await openTwo(stack);
  await bus.publish("orders", makeEvent());
  await proxy.refuse();
  proxy.cut();
  await waitFor(() => isDown(bus));
  const reason = await reasonOf(() => bus.publish("orders", makeEvent()));
  assertErrorIs(reason, ConnectionLostError, { sent: false });
  const { published } = bus.metrics;
  await reasonOf(() => bus.publish("orders", makeEvent()));
  assertEquals(bus.metrics.published, published);
  await proxy.accept();
  await waitFor(async () => {
    await bus.publish("orders", makeEvent());
    return true;
  });
});

Deno.test("a first publish whose answer is lost with the connection fails", async () => {
  await using stack = new AsyncDisposableStack();
  const { proxy, bus } = await openTwo(stack);
  proxy.pause("serverToClient");
  const publishing = reasonOf(() => bus.publish("orders", makeEvent()));
  await waitFor(() => bus.metrics.published === 1);
  proxy.cut();
  assertErrorIs(await publishing, ConnectionLostError, { sent: true });
  proxy.unpause();
});

Deno.test("a first publish waits no more than a second for a silent server", async () => {
  await using stack = new AsyncDisposableStack();
  const { proxy, bus } = await openTwo(stack);
  await bus.publish("stock", makeEvent());
  proxy.pause("serverToClient");
  const start = performance.now();
  await bus.publish("orders", makeEvent());
  assert(performance.now() - start >= 900);
  const signal = AbortSignal.timeout(1);
  const reason = await reasonOf(() =>
    bus.publish("orders", makeEvent(), { signal })
  );
  assertEquals(reason, signal.reason);
  proxy.unpause();
});

/** Publishes more than may be on the way to the server at once: some wait. */
async function publishTooMuch(bus: NatsEventBus): Promise<Promise<void>[]> {
  const data = { text: "x".repeat(100_000) };
  let settled = 0;
  const publishing = upTo(40).map(async (version) => {
    await bus.publish("orders", makeEvent("o", version, { data }));
    settled++;
  });
  await new Promise((resolve) => setTimeout(resolve));
  assert(settled >= 15 && settled <= 25, `${settled} of 40 did not wait`);
  return publishing;
}

Deno.test("publishers wait when 2 MiB are on the way", async () => {
  await using stack = new AsyncDisposableStack();
  const { proxy, bus } = await openTwo(stack);
  await bus.publish("orders", makeEvent());
  proxy.pause("serverToClient");
  const publishing = await publishTooMuch(bus);
  const controller = new AbortController();
  const { signal } = controller;
  const aborted = reasonOf(() =>
    bus.publish("orders", makeEvent(), { signal })
  );
  controller.abort();
  assertEquals(await aborted, signal.reason);
  proxy.unpause();
  await Promise.all(publishing);
});

Deno.test("publishers that wait go on when the connection is lost", async () => {
  await using stack = new AsyncDisposableStack();
  const { proxy, bus } = await openTwo(stack);
  await bus.publish("orders", makeEvent());
  proxy.pause("serverToClient");
  const publishing = await publishTooMuch(bus);
  proxy.cut();
  proxy.unpause();
  await Promise.all(publishing);
});

Deno.test("publishers that wait fail when the bus is closed", async () => {
  await using stack = new AsyncDisposableStack();
  const { proxy, bus } = await openTwo(stack);
  await bus.publish("orders", makeEvent());
  proxy.pause("serverToClient");
  const settled = Promise.allSettled(await publishTooMuch(bus));
  await bus.close();
  const last = (await settled).at(-1) as PromiseRejectedResult;
  assertErrorIs(last.reason, BusClosedError);
  proxy.unpause();
});

Deno.test("a subscription made while the connection is down is in place after it", async () => {
  await using stack = new AsyncDisposableStack();
  const { proxy, bus, other } = await openTwo(stack);
  await proxy.refuse();
  proxy.cut();
  await waitFor(() => isDown(bus));
  await using subscription = bus.subscribe("orders");
  let ready = false;
  const waiting = subscription.ready.then(() => ready = true);
  await new Promise((resolve) => setTimeout(resolve));
  assertEquals(ready, false);
  await proxy.accept();
  await waiting;
  await other.publish("orders", makeEvent("o", 7));
  assertEquals(await new BusReader(subscription).versions(1), [7]);
});

Deno.test("ready waits for a connection that is lost meanwhile", async () => {
  await using stack = new AsyncDisposableStack();
  const { proxy, bus, other } = await openTwo(stack);
  proxy.pause("serverToClient");
  await using subscription = bus.subscribe("orders");
  const { ready } = subscription;
  await new Promise((resolve) => setTimeout(resolve));
  proxy.cut();
  proxy.unpause();
  await ready;
  await other.publish("orders", makeEvent("o", 7));
  assertEquals(await new BusReader(subscription).versions(1), [7]);
});

Deno.test("a bus opened while the connection is down works after it", async () => {
  await using stack = new AsyncDisposableStack();
  const { proxy, nc, bus } = await openTwo(stack);
  await proxy.refuse();
  proxy.cut();
  await waitFor(() => isDown(bus));
  await waitFor(() => nc.info === undefined);
  const late = stack.use(new NatsEventBus(nc));
  const reason = await reasonOf(() => late.publish("orders", makeEvent()));
  assertErrorIs(reason, ConnectionLostError, { sent: false });
  assertEquals(late.metrics.published, 0);
  const subscription = late.subscribe("orders");
  await proxy.accept();
  await inPlace(subscription);
  await late.publish("orders", makeEvent("o", 7));
  assertEquals(await new BusReader(subscription).versions(1), [7]);
});

Deno.test("a bus opened before a lost connection is dialed again loses nothing silently", async () => {
  await using stack = new AsyncDisposableStack();
  const upstream = { port: server.port };
  const proxy = stack.use(await TcpProxy.start({ upstream }));
  const options = { reconnectTimeWait: 2_500, reconnectJitter: 0 };
  const nc = stack.adopt(await connect(proxy, options), (nc) => nc.close());
  const bus = stack.use(new NatsEventBus(nc));
  await proxy.refuse();
  proxy.cut();
  await waitFor(() => isDown(bus));
  await bus.close(); // from another one on the connection it would know
  const late = stack.use(new NatsEventBus(nc));
  // Nothing tells it yet that the connection is down.
  const reason = await reasonOf(() => late.publish("orders", makeEvent()));
  assertErrorIs(reason, ConnectionLostError, { sent: true });
  await waitFor(() => nc.info === undefined);
  const next = await reasonOf(() => late.publish("orders", makeEvent()));
  assertErrorIs(next, ConnectionLostError, { sent: false });
});

Deno.test("a connection that is closed ends the subscriptions after what they hold", async () => {
  await using stack = new AsyncDisposableStack();
  const { nc, bus } = await openTwo(stack);
  const holds = bus.subscribe("orders");
  const waits = bus.subscribe("other");
  const unready = bus.subscribe("unready");
  await inPlace(holds, waits);
  await bus.publish("orders", makeEvent("o", 1));
  await nc.flush();
  const waiting = reasonOf(() => new BusReader(waits).next());
  await nc.close();
  assertErrorIs(await waiting, ConnectionClosedError);
  assertErrorIs(await reasonOf(() => unready.ready), ConnectionClosedError);
  const reader = new BusReader(holds);
  assertEquals(await reader.versions(1), [1]);
  const reason = await reasonOf(() => reader.next());
  assertErrorIs(reason, ConnectionClosedError);
  assertEquals(await reader.done(), true);
});

Deno.test("nothing works on a connection that is closed", async () => {
  await using stack = new AsyncDisposableStack();
  const { nc, bus } = await openTwo(stack);
  await nc.close();
  const reason = await reasonOf(() => bus.publish("orders", makeEvent()));
  assertErrorIs(reason, ConnectionClosedError);
  assertThrows(() => bus.subscribe("orders"), ConnectionClosedError);
  assertThrows(() => new NatsEventBus(nc), ConnectionClosedError);
  await bus.close();
});

Deno.test("a connection that gives up ends the subscriptions", async () => {
  await using stack = new AsyncDisposableStack();
  const upstream = { port: server.port };
  const proxy = stack.use(await TcpProxy.start({ upstream }));
  const options = { maxReconnectAttempts: 1 };
  const nc = stack.adopt(await connect(proxy, options), (nc) => nc.close());
  const bus = stack.use(new NatsEventBus(nc));
  const subscription = bus.subscribe("orders");
  await inPlace(subscription);
  await proxy.refuse();
  proxy.cut();
  const reason = await reasonOf(() => new BusReader(subscription).next());
  assertErrorIs(reason, ConnectionClosedError);
});

Deno.test("closing the bus leaves the connection as it was", async () => {
  await using stack = new AsyncDisposableStack();
  const { nc } = await openTwo(stack);
  // deno-lint-ignore no-explicit-any -- to look inside
  const { protocol } = nc as any;
  const before = [protocol.subscriptions.size(), protocol.listeners.length];
  const bus = new NatsEventBus(nc);
  const subscriptions = ["a", "a", "a.>", ">"].map((each) =>
    bus.subscribe(each)
  );
  await inPlace(...subscriptions);
  // `a.>` and `>` share what comes of namespaces with many tokens.
  assertEquals(protocol.subscriptions.size(), before[0] + 1 + 6 + 7 - 1);
  await subscriptions[0]!.close();
  await subscriptions[2]!.close();
  assertEquals(protocol.subscriptions.size(), before[0] + 1 + 7);
  await bus.close();
  assertEquals(
    [protocol.subscriptions.size(), protocol.listeners.length],
    before,
  );
  await nc.flush();
});

Deno.test("a server that is killed and comes back is a gap", async () => {
  await using own = await NatsServer.start({ jetstream: false });
  const nc = await connect(own);
  await using bus = new NatsEventBus(nc);
  await using subscription = bus.subscribe("orders");
  await inPlace(subscription);
  await own.kill();
  await waitFor(() => isDown(bus));
  await own.restart();
  await waitFor(() => subscription.gaps === 1);
  await bus.publish("orders", makeEvent("o", 7));
  assertEquals(await new BusReader(subscription).versions(1), [7]);
  await nc.close();
});

/** Whether a bus knows that its connection is down. */
async function isDown(bus: NatsEventBus): Promise<boolean> {
  try {
    await bus.publish("probe", makeEvent());
    return false;
  } catch (error) {
    return error instanceof ConnectionLostError && !error.sent;
  }
}
