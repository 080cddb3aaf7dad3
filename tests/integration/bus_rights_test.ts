import { assertEquals } from "@std/assert";
import { NatsEventBus, PermissionDeniedError } from "../../bus/mod.ts";
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

/** The configuration of one user who may only do this. */
function userWith(publish: string[], subscribe: string[]): string {
  const permissions = JSON.stringify({ publish, subscribe });
  return `authorization { users: [
    { user: "free", password: "free" }
    { user: "limited", password: "limited", permissions: ${permissions} }
  ] }`;
}

const limited = { user: "limited", pass: "limited" };
const free = { user: "free", pass: "free" };
const mayOrders = userWith(["aether.bus.1.*.orders.>"], [
  "aether.bus.1.*.orders.>",
]);

/** A bus of a user with these rights, and one of a user with all. */
async function openTwo(stack: AsyncDisposableStack, config: string) {
  const server = stack.use(
    await NatsServer.start({ jetstream: false, config }),
  );
  const nc = stack.adopt(await connect(server, limited), (nc) => nc.close());
  const ncFree = stack.adopt(await connect(server, free), (nc) => nc.close());
  const errors: unknown[] = [];
  const onError = (error: unknown) => errors.push(error);
  const bus = stack.use(new NatsEventBus(nc, { onError }));
  const other = stack.use(new NatsEventBus(ncFree));
  return { server, nc, bus, ncFree, other, errors };
}

Deno.test("publish() fails at once where the user has no right", async () => {
  await using stack = new AsyncDisposableStack();
  const { bus, other, errors } = await openTwo(stack, mayOrders);
  await using subscription = other.subscribe(">");
  await inPlace(subscription);
  for (const version of upTo(3)) {
    const event = makeEvent("a b", version);
    const reason = await reasonOf(() => bus.publish("stock", event));
    assertErrorIs(reason, PermissionDeniedError, {
      operation: "publish",
      subject: "aether.bus.1.OrderPlaced.stock.a=20b",
    });
    await bus.publish("orders", event);
  }
  const reasons = await Promise.all(
    upTo(20).map((i) => reasonOf(() => bus.publish(`n${i}`, makeEvent()))),
  );
  for (const reason of reasons) assertErrorIs(reason, PermissionDeniedError);
  assertEquals(await new BusReader(subscription).versions(3), [1, 2, 3]);
  assertEquals(errors, []);
});

Deno.test("a subscription fails at once where the user has no right", async () => {
  await using stack = new AsyncDisposableStack();
  const { bus, other, errors } = await openTwo(stack, mayOrders);
  const allowed = bus.subscribe("orders");
  for (const pattern of ["stock", "orders.*", ">", "__internal__"]) {
    const subscription = bus.subscribe(pattern);
    const again = bus.subscribe(pattern);
    const waiting = reasonOf(() => new BusReader(again).next());
    const reason = await reasonOf(() => subscription.ready);
    assertErrorIs(reason, PermissionDeniedError, { operation: "subscribe" });
    assertErrorIs(await waiting, PermissionDeniedError);
    const reader = new BusReader(subscription);
    assertEquals(await reasonOf(() => reader.next()), reason);
    assertEquals(await reader.done(), true);
  }
  await inPlace(allowed);
  await other.publish("orders", makeEvent("o", 1));
  assertEquals(await new BusReader(allowed).versions(1), [1]);
  assertEquals(errors, []);
});

Deno.test("the server's word on one of a subscription's subjects ends all of it", async () => {
  await using stack = new AsyncDisposableStack();
  const config = userWith([">"], ["aether.bus.1.*.*.>", "aether.bus.m.*.*.>"]);
  const { nc, bus } = await openTwo(stack, config);
  // deno-lint-ignore no-explicit-any -- to look inside
  const { subscriptions } = (nc as any).protocol;
  const before = subscriptions.size();
  const subscription = bus.subscribe(">");
  await reasonOf(() => subscription.ready);
  assertEquals(subscriptions.size(), before);
});

Deno.test("what is refused later is told, and the next publish there finds out", async () => {
  await using stack = new AsyncDisposableStack();
  const config = userWith(["aether.bus.1.OrderPlaced.orders.good"], [">"]);
  const { server, nc, bus, errors } = await openTwo(stack, config);
  await bus.publish("orders", makeEvent("good"));
  await bus.publish("orders", makeEvent("bad"));
  await waitFor(() => errors.length === 1);
  assertErrorIs(errors[0], PermissionDeniedError, {
    subject: "aether.bus.1.OrderPlaced.orders.bad",
  });
  assertEquals(bus.metrics.namespaces.get("orders")?.refused, 1);
  const publish = () => bus.publish("orders", makeEvent("bad"));
  assertErrorIs(await reasonOf(publish), PermissionDeniedError);
  assertEquals(errors.length, 1);
  assertEquals(bus.metrics.refused, 2);
  await bus.publish("orders", makeEvent("good"));

  // Granted meanwhile.
  await server.reload(userWith(["aether.bus.>"], [">"]));
  await waitFor(async () => {
    await publish();
    return true;
  });
  await nc.flush();
  assertEquals(errors.length, 1);
});

Deno.test("a right to subscribe that is taken away ends the subscription", async () => {
  await using stack = new AsyncDisposableStack();
  const { server, bus } = await openTwo(stack, userWith([">"], [">"]));
  const subscription = bus.subscribe("orders");
  await inPlace(subscription);
  const waiting = reasonOf(() => new BusReader(subscription).next());
  await server.reload(userWith([">"], ["other.>"]));
  assertErrorIs(await waiting, PermissionDeniedError, {
    subject: "aether.bus.1.*.orders.>",
  });
});

Deno.test("what others do on the connection without a right is not the bus's", async () => {
  await using stack = new AsyncDisposableStack();
  const { nc, bus, errors } = await openTwo(stack, mayOrders);
  await bus.publish("orders", makeEvent());
  nc.publish("elsewhere", "");
  nc.publish("aether.bus", "");
  nc.subscribe("elsewhere", { callback: () => {} });
  await nc.flush();
  await bus.publish("orders", makeEvent());
  assertEquals(errors, []);
});
