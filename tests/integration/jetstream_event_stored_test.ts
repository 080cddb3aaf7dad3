import { assert, assertEquals } from "@std/assert";
import { EventBus, NatsEventBus } from "../../bus/mod.ts";
import {
  JetStreamEventStore,
  SaveOutcomeUnknownError,
} from "../../store/mod.ts";
import { BusReader } from "../support/bus_contract/helpers.ts";
import { waitFor } from "../support/conditions.ts";
import {
  assertErrorIs,
  makeEvent,
  makeEvents,
  reasonOf,
  upTo,
} from "../support/contract/helpers.ts";
import { testEventStoredContract } from "../support/event_stored_contract.ts";
import { eventStoredBackend } from "../support/jetstream_backend.ts";
import { connect } from "../support/nats_connect.ts";
import { NatsServer } from "../support/nats_server.ts";
import { testSaveTraces } from "../support/save_traces_contract.ts";
import { TcpProxy } from "../support/tcp_proxy.ts";

let server: NatsServer;

Deno.test.beforeAll(async () => {
  server = await NatsServer.start();
});

Deno.test.afterAll(() => server[Symbol.asyncDispose]());

const backend = eventStoredBackend(() => connect(server));

testEventStoredContract(Deno.test, "JetStreamEventStore", backend);
testSaveTraces(Deno.test, "JetStreamEventStore", backend);

Deno.test("a save that was stored, its answer lost, is told once when that is known", async () => {
  await using stack = new AsyncDisposableStack();
  const upstream = { port: server.port };
  const proxy = stack.use(await TcpProxy.start({ upstream }));
  const nc = stack.adopt(await connect(proxy), (nc) => nc.close());
  const bus = stack.use(new EventBus());
  const internal = bus.subscribe("__internal__");
  const store = stack.use(
    await JetStreamEventStore.open(nc, { namespace: "lost", bus }),
  );
  await store.saveEvent(makeEvent("a", 1));
  proxy.dropServerToClient();
  const saving = [
    store.saveEvent(makeEvent("a", 2)),
    store.saveEvents(makeEvents("b", 1, 2)),
  ];
  await waitFor(() => proxy.droppedBytes > 0);
  assertEquals(internal.pending, 1);
  proxy.cut();
  proxy.passServerToClient();
  const results = await Promise.all(saving);
  assertEquals(results.map(({ duplicate }) => duplicate), [false, false]);
  await waitFor(() => internal.pending === 4);
  const told = await new BusReader(internal).take(4);
  assertEquals(
    told.map(({ event }) => `${event.actorId}${event.version}`).sort(),
    ["a1", "a2", "b1", "b2"],
  );
  assertEquals(store.metrics.saves, 3);
});

Deno.test("a save whose outcome is unknown is not told, and counted", async () => {
  await using stack = new AsyncDisposableStack();
  const upstream = { port: server.port };
  const proxy = stack.use(await TcpProxy.start({ upstream }));
  const nc = stack.adopt(await connect(proxy), (nc) => nc.close());
  const bus = stack.use(new EventBus());
  const internal = bus.subscribe("__internal__");
  const store = stack.use(
    await JetStreamEventStore.open(nc, {
      namespace: "unknown",
      bus,
      saveTimeout: 1_000,
    }),
  );
  await store.saveEvent(makeEvent("a", 1));
  await waitFor(() => internal.pending === 1);
  proxy.dropServerToClient();
  const next = makeEvent("a", 2);
  const reason = await reasonOf(() => store.saveEvent(next));
  assertErrorIs(reason, SaveOutcomeUnknownError);
  assertEquals(store.metrics.unknownOutcomes, 1);
  assertEquals(internal.pending, 1);
  proxy.cut();
  proxy.passServerToClient();
  // The retry finds what was stored: it is not this call that stored it.
  const { duplicate } = await waitFor(() => store.saveEvent(next));
  assert(duplicate);
  assertEquals(internal.pending, 1);
});

Deno.test("a store tells other processes over NATS", async () => {
  await using stack = new AsyncDisposableStack();
  const ncs = await Promise.all(upTo(2).map(() => connect(server)));
  for (const nc of ncs) stack.adopt(nc, (nc) => nc.close());
  const bus = stack.use(new NatsEventBus(ncs[0]!));
  const other = stack.use(new NatsEventBus(ncs[1]!));
  const store = stack.use(
    await JetStreamEventStore.open(ncs[0]!, { namespace: "over", bus }),
  );
  const internal = other.subscribe("__internal__", {
    eventTypes: ["EventStored"],
    actors: "order.*",
  });
  const all = other.subscribe(">");
  await Promise.all([internal.ready, all.ready]);
  await store.saveEvents([
    ...makeEvents("order.1", 1, 2),
    ...makeEvents("stock.1", 1),
    ...makeEvents("order.2", 1),
  ]);
  const reader = new BusReader(internal);
  assertEquals(await reader.versions(3), [1, 2, 1]);
  await ncs[1]!.flush();
  assertEquals([internal.pending, all.pending], [0, 0]);
});
