/** Stores whose connection is closed for good. */

import { assert, assertEquals } from "@std/assert";
import { ConnectionClosedError } from "../../nats/errors.ts";
import { SaveOutcomeUnknownError } from "../../store/errors.ts";
import type { EventStore } from "../../store/event_store.ts";
import { JetStreamEventStore } from "../../store/jetstream_event_store.ts";
import {
  assertErrorIs,
  collect,
  makeEvent,
  makeEvents,
} from "../support/contract/helpers.ts";
import { connect } from "../support/nats_connect.ts";
import { NatsServer } from "../support/nats_server.ts";
import { refusalOf } from "../support/refusals.ts";

const calls: Record<string, (store: EventStore) => Promise<unknown>> = {
  "saveEvent() of a known actor": (store) => store.saveEvent(makeEvent("a", 3)),
  "saveEvent() of another one": (store) => store.saveEvent(makeEvent("b", 1)),
  "saveEvents()": (store) => store.saveEvents(makeEvents("a", 3, 5)),
  "getEvents()": (store) => store.getEvents("a"),
  "readEvents()": (store) => collect(store.readEvents("a")),
  "getLatestVersion()": (store) => store.getLatestVersion("b"),
  "subscribe()": (store) => collect(store.subscribe()),
};

for (const groupSaves of [true, false]) {
  const how = groupSaves ? "in groups" : "alone";

  Deno.test(`every call on a closed connection says so, and that nothing was sent, ${how}`, async () => {
    await using server = await NatsServer.start();
    const nc = await connect(server);
    await using store = await JetStreamEventStore.open(nc, { groupSaves });
    await store.saveEvents(makeEvents("a", 1, 2));
    await nc.close();
    for (const [what, call] of Object.entries(calls)) {
      const reason = await refusalOf(() => call(store), 5_000);
      assert(reason instanceof ConnectionClosedError, `${what}: ${reason}`);
      assertEquals(reason.sent, false, what);
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
}
