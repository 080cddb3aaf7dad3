import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  ConnectionLostError,
  createEvent,
  type EventStore,
  InMemoryEventStore,
  JetStreamEventStore,
  NatsEventBus,
} from "../../mod.ts";
import type { MeterAttributes } from "../../internal/telemetry/types.ts";
import { FakeMeter } from "../support/fake_meter.ts";
import { connect } from "../support/nats_connect.ts";
import { NatsServer } from "../support/nats_server.ts";

/** Notes the operations whose durations it is told. */
class OperationMeter extends FakeMeter {
  readonly operations: unknown[] = [];

  override createHistogram() {
    return {
      record: (_: number, attributes?: MeterAttributes) => {
        this.operations.push(attributes?.["db.operation.name"]);
      },
    };
  }
}

const event = (version: number) =>
  createEvent({ eventType: "Opened", actorId: "a", version, data: {} });

const snapshot = {
  actorId: "a",
  version: 1,
  state: {},
  timestamp: "2024-05-31T09:30:00Z",
};

const CALLS: Readonly<
  Record<string, (store: EventStore) => Promise<unknown>>
> = {
  append: (store) => store.append("a", [{ eventType: "Opened", data: {} }]),
  saveEvent: (store) => store.saveEvent(event(2)),
  saveEvents: (store) => store.saveEvents([event(3)]),
  getEvents: (store) => store.getEvents("a"),
  getEventsWithErrors: (store) => store.getEventsWithErrors("a"),
  readEvents: (store) => Array.fromAsync(store.readEvents("a")),
  readAll: (store) => Array.fromAsync(store.readAll()),
  actorIds: (store) => Array.fromAsync(store.actorIds()),
  getLatestVersion: (store) => store.getLatestVersion("a"),
  getLatestVersions: (store) => store.getLatestVersions(["a"]),
  saveSnapshot: (store) => store.saveSnapshot(snapshot),
  getLatestSnapshot: (store) => store.getLatestSnapshot("a"),
};

async function assertNames(
  store: EventStore,
  { operations }: OperationMeter,
): Promise<void> {
  for (const [method, call] of Object.entries(CALLS)) {
    operations.length = 0;
    await call(store);
    assertEquals([...new Set(operations)], [method]);
  }
}

Deno.test("InMemoryEventStore names the operations it measures by its methods", async () => {
  const meter = new OperationMeter();
  await using store = new InMemoryEventStore({ meter });
  await assertNames(store, meter);
});

Deno.test("JetStreamEventStore names the operations it measures by its methods", async () => {
  await using server = await NatsServer.start();
  await using nc = await connect(server);
  const meter = new OperationMeter();
  await using store = await JetStreamEventStore.open(nc, { meter });
  await assertNames(store, meter);
});

Deno.test("subscribe() fails with the reason of a signal as it is, whatever it is", async () => {
  await using server = await NatsServer.start();
  await using nc = await connect(server);
  await using store = await JetStreamEventStore.open(nc);
  const reason = new ConnectionLostError("mine");
  const error = await assertRejects(() =>
    Array.fromAsync(store.subscribe({ signal: AbortSignal.abort(reason) }))
  );
  assertEquals(error === reason, true);
});

Deno.test("new JetStreamEventStore() says what to call instead", () => {
  const Store = JetStreamEventStore as unknown as new (nc: unknown) => unknown;
  assertThrows(
    () => new Store({}),
    TypeError,
    "Cannot open store: call `await JetStreamEventStore.open(nc, options)` instead of the constructor",
  );
});

Deno.test("new NatsEventBus() refuses a connection that does not hear itself", async () => {
  await using server = await NatsServer.start();
  await using nc = await connect(server, { noEcho: true });
  assertThrows(
    () => new NatsEventBus(nc),
    TypeError,
    "Cannot open bus: the connection was opened with noEcho",
  );
});
