/** Stores whose connection is closed for good. */

import { assert, assertEquals } from "@std/assert";
import { ConnectionClosedError } from "../../internal/nats/errors.ts";
import { SaveOutcomeUnknownError } from "../../store/errors.ts";
import type { EventStore } from "../../store/event_store.ts";
import { JetStreamEventStore } from "../../store/jetstream/jetstream_event_store.ts";
import {
  assertErrorIs,
  collect,
  makeEvent,
  makeEvents,
} from "../support/contract/helpers.ts";
import { connect } from "../support/nats_connect.ts";
import { NatsServer } from "../support/nats_server.ts";
import { refusalOf } from "../support/refusals.ts";

/** What can't be done, and what would do it. */
const calls: [string, (store: EventStore) => Promise<unknown>][] = [
  ["save event", (store) => store.saveEvent(makeEvent("a", 3))],
  ["save event", (store) => store.saveEvent(makeEvent("b", 1))],
  ["save events", (store) => store.saveEvents(makeEvents("a", 3, 5))],
  ["append", (store) => store.append("a", [{ eventType: "A", data: {} }])],
  ["append", (store) => store.append("a", [], { expectedVersion: 2 })],
  ["get events", (store) => store.getEvents("a")],
  ["read events", (store) => collect(store.readEvents("a"))],
  ["get latest version", (store) => store.getLatestVersion("b")],
  ["get latest snapshot", (store) => store.getLatestSnapshot("a")],
  ["subscribe", (store) => collect(store.subscribe())],
];

Deno.test("a store is not opened on a connection that is draining", async () => {
  await using server = await NatsServer.start();
  const nc = await connect(server);
  const drained = nc.drain();
  assertErrorIs(
    await refusalOf(() => JetStreamEventStore.open(nc), 5_000),
    ConnectionClosedError,
    {
      message:
        "Cannot open store: the NATS connection is closed; connect, and open the store anew",
    },
  );
  await drained;
});

for (const groupSaves of [true, false]) {
  const how = groupSaves ? "in groups" : "alone";

  Deno.test(`every call on a closed connection says so, and that nothing was sent, ${how}`, async () => {
    await using server = await NatsServer.start();
    const nc = await connect(server);
    await using store = await JetStreamEventStore.open(nc, { groupSaves });
    await store.saveEvents(makeEvents("a", 1, 2));
    await nc.close();
    for (const [action, call] of calls) {
      const reason = await refusalOf(() => call(store), 5_000);
      assert(reason instanceof ConnectionClosedError, `${action}: ${reason}`);
      assertEquals(reason.sent, false, action);
      assertEquals(
        reason.message,
        `Cannot ${action}: the NATS connection is closed; connect, and open the store anew`,
      );
    }
    assertEquals(store.metrics.unknownOutcomes, 0);
  });

  Deno.test(`a save that is under way when the connection is closed has an unknown outcome, ${how}`, async () => {
    await using server = await NatsServer.start();
    const nc = await connect(server);
    await using store = await JetStreamEventStore.open(nc, { groupSaves });
    await store.saveEvents(makeEvents("a", 1, 2));
    await server.pause();
    const event = makeEvent("a", 3);
    const saving = refusalOf(() => store.saveEvent(event), 5_000);
    const closing = nc.close();
    assertErrorIs(await saving, SaveOutcomeUnknownError, {
      eventIds: [event.id],
    });
    server.resume();
    await closing;
    const again = await refusalOf(() => store.saveEvent(event), 5_000);
    assertErrorIs(again, ConnectionClosedError, { sent: false });
  });

  Deno.test(`a save that asks where its actor is when the connection is closed was not sent, ${how}`, async () => {
    await using server = await NatsServer.start();
    const nc = await connect(server);
    await using store = await JetStreamEventStore.open(nc, { groupSaves });
    await server.pause();
    const saving = refusalOf(() => store.saveEvent(makeEvent("a", 1)), 5_000);
    const closing = nc.close();
    assertErrorIs(await saving, ConnectionClosedError, { sent: false });
    server.resume();
    await closing;
  });
}
