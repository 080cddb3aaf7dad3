/**
 * A backup of the stream brings every event back, and nobody takes the restored
 * stream for the old one.
 */

import { jetstreamManager } from "@nats-io/jetstream";
import { assertEquals, assertRejects } from "@std/assert";
import {
  CheckpointError,
  createEvent,
  JetStreamEventStore,
} from "../../mod.ts";
import { isSetupError } from "../../internal/nats/stream_errors.ts";
import { waitFor } from "../support/conditions.ts";
import { connect } from "../support/nats_connect.ts";
import { NatsServer } from "../support/nats_server.ts";
import { backUp, restore } from "../support/stream_backup.ts";

const STREAM = "AETHER_orders";

function placed(actorId: string, version: number) {
  return createEvent({
    eventType: "OrderPlaced",
    actorId,
    version,
    data: { total: version },
  });
}

Deno.test("a restored stream has every event of the backup and is another stream", async () => {
  await using server = await NatsServer.start();
  await using nc = await connect(server);
  const manager = await jetstreamManager(nc);
  const options = { namespace: "orders" };
  await using before = await JetStreamEventStore.open(nc, options);
  const events = Array.from(
    { length: 500 },
    (_, i) => placed(`order-${i % 7}`, Math.floor(i / 7) + 1),
  );
  await before.saveEvents(events);
  const snapshot = {
    actorId: "order-1",
    version: 3,
    state: { total: 3 },
    timestamp: new Date().toISOString(),
  };
  await before.saveSnapshot(snapshot);
  await using subscription = before.subscribe({ live: false });
  for await (const _ of subscription);
  const { checkpoint } = subscription;

  const backup = await backUp(nc, STREAM);
  await before.saveEvent(placed("order-0", 1_000)); // not in the backup
  await manager.streams.delete(STREAM);
  await restore(nc, backup);

  await waitFor(async () => {
    try {
      await before.getEvents("order-0");
      return false; // it notices within five seconds
    } catch (error) {
      return isSetupError(error, "replaced");
    }
  });
  await using after = await JetStreamEventStore.open(nc, options);
  for (let actor = 0; actor < 7; actor++) {
    const actorId = `order-${actor}`;
    assertEquals(
      await after.getEvents(actorId),
      events.filter((event) => event.actorId === actorId),
    );
  }
  assertEquals(await after.getLatestSnapshot("order-1"), undefined);
  const error = await assertRejects(async () => {
    for await (const _ of after.subscribe({ after: checkpoint, live: false }));
  }, CheckpointError);
  assertEquals(error.code, "other-stream");

  const last = events.findLast(({ actorId }) => actorId === "order-0")!;
  const next = placed("order-0", last.version + 1);
  await after.saveEvent(next, { expectedVersion: last.version });
  assertEquals((await after.getEvents("order-0")).at(-1), next);
});
