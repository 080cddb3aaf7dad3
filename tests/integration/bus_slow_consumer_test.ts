import { assert, assertEquals } from "@std/assert";
import { NatsEventBus } from "../../bus/mod.ts";
import {
  BusReader,
  inPlace,
  makeEvent,
  upTo,
} from "../support/bus_contract/helpers.ts";
import { waitFor } from "../support/conditions.ts";
import { connect } from "../support/nats_connect.ts";
import { NatsServer } from "../support/nats_server.ts";
import { TcpProxy } from "../support/tcp_proxy.ts";

Deno.test("a server that drops a slow consumer is a gap", async () => {
  await using stack = new AsyncDisposableStack();
  const config = 'max_pending: 1MB\nwrite_deadline: "500ms"';
  const server = stack.use(
    await NatsServer.start({ jetstream: false, config }),
  );
  const upstream = { port: server.port };
  const proxy = stack.use(await TcpProxy.start({ upstream }));
  const nc = stack.adopt(await connect(proxy), (nc) => nc.close());
  const near = stack.adopt(await connect(server), (nc) => nc.close());
  const bus = stack.use(new NatsEventBus(nc));
  const other = stack.use(new NatsEventBus(near));
  const subscription = bus.subscribe("orders", { buffer: 1_000_000 });
  await inPlace(subscription);

  // It is as if this process read nothing any more.
  proxy.pause("serverToClient");
  const data = { text: "x".repeat(100_000) };
  let published = 0;
  await waitFor(async () => {
    for (const _ of upTo(20)) {
      await other.publish("orders", makeEvent("o", ++published, { data }));
    }
    await near.flush();
    return (await server.logs()).includes("Slow Consumer Detected");
  });
  assertEquals(subscription.gaps, 0);
  proxy.unpause();

  await waitFor(() => subscription.gaps === 1);
  await nc.flush();
  const { pending } = subscription;
  assert(pending < published, `${pending} of ${published} came`);
  const reader = new BusReader(subscription);
  assertEquals(await reader.versions(pending), upTo(pending));
  await other.publish("orders", makeEvent("o", ++published));
  assertEquals(await reader.versions(1), [published]);
  assertEquals(subscription.dropped, 0);
});

Deno.test("a subscriber that is too slow for its buffer is no gap and costs others nothing", async () => {
  await using stack = new AsyncDisposableStack();
  const server = stack.use(await NatsServer.start({ jetstream: false }));
  const nc = stack.adopt(await connect(server), (nc) => nc.close());
  const near = stack.adopt(await connect(server), (nc) => nc.close());
  const bus = stack.use(new NatsEventBus(nc));
  const other = stack.use(new NatsEventBus(near));
  const slow = bus.subscribe("orders", { buffer: 10 });
  const fast = bus.subscribe("orders", { buffer: 10_000 });
  await inPlace(slow, fast);
  const count = 5_000;
  for (const version of upTo(count)) {
    await other.publish("orders", makeEvent("o", version));
  }
  await waitFor(() => fast.pending === count);
  assertEquals([slow.pending, slow.dropped, slow.gaps], [10, count - 10, 0]);
  assertEquals([fast.dropped, fast.gaps], [0, 0]);
  assertEquals(await new BusReader(slow).versions(10), upTo(10));
});
