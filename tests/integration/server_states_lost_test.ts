/** Servers that lost events they had acknowledged. */

import { assert, assertEquals } from "@std/assert";
import { CheckpointError, VersionConflictError } from "../../store/errors.ts";
import { StaleReadError } from "../../store/jetstream/errors.ts";
import { JetStreamEventStore } from "../../store/jetstream/jetstream_event_store.ts";
import { waitFor } from "../support/conditions.ts";
import {
  assertHistory,
  collect,
  makeEvent,
  makeEvents,
  Reader,
} from "../support/contract/helpers.ts";
import { connect } from "../support/nats_connect.ts";
import { NatsServer } from "../support/nats_server.ts";
import { assertRefusedAtOnce, refusalOf } from "../support/refusals.ts";

async function copy(from: string, to: string): Promise<void> {
  const command = new Deno.Command("cp", { args: ["-a", from, to] });
  const { success } = await command.output();
  assert(success, `cp -a ${from} ${to}`);
}

/** Keeps the server's files as they are now; returns how to go back to them. */
async function freeze(server: NatsServer): Promise<() => Promise<void>> {
  const kept = `${server.storeDir}.kept`;
  await server.stop();
  await copy(server.storeDir, kept);
  await server.restart();
  return async () => {
    await server.stop();
    await Deno.remove(server.storeDir, { recursive: true });
    await Deno.rename(kept, server.storeDir);
    await server.restart();
  };
}

const older = makeEvents("a", 1, 2);
const newer = makeEvents("a", 3, 4);

Deno.test("a store never goes back when the server lost events", async () => {
  await using server = await NatsServer.start();
  await using nc = await connect(server);
  const timeouts = { readTimeout: 500, saveTimeout: 1_000 };
  await using store = await JetStreamEventStore.open(nc, timeouts);
  await store.saveEvents(older);
  const goBack = await freeze(server);
  await store.saveEvents([...newer, makeEvent("b", 1)]);
  await goBack();
  const { sequence } = await refusalOf(() => store.getEvents("a"), 20_000)
    .then((reason) => {
      assert(reason instanceof StaleReadError, reason.message);
      assertEquals(reason.actorId, "a");
      return reason;
    });
  assertEquals(sequence, 4);
  for (
    const call of [
      () => store.saveEvent(makeEvent("a", 5)),
      () => store.saveEvents(makeEvents("a", 5, 6)),
    ]
  ) {
    const reason = await refusalOf(call, 20_000);
    assert(!(reason instanceof VersionConflictError), reason.message);
  }
  // Others see what there is, and that there is nothing more.
  await using other = await JetStreamEventStore.open(nc);
  await assertHistory(other, "a", older);
  await assertHistory(other, "b", []);
});

Deno.test("a live subscription fails when the server lost what it has seen", async () => {
  await using server = await NatsServer.start();
  await using nc = await connect(server);
  await using store = await JetStreamEventStore.open(nc);
  await store.saveEvents(older);
  const goBack = await freeze(server);
  await store.saveEvents(newer);
  const subscription = store.subscribe();
  await using reader = new Reader(subscription);
  await reader.take(4);
  const { checkpoint } = subscription;
  const waiting = refusalOf(() => reader.next(), 20_000);
  await goBack();
  const reason = await waiting;
  assert(reason instanceof CheckpointError, reason.message);
  assertEquals(reason.code, "beyond-end");
  assertEquals(reason.checkpoint, checkpoint);
});

Deno.test("subscribe() fails when its checkpoint lies beyond the end", async () => {
  await using server = await NatsServer.start();
  await using nc = await connect(server);
  await using store = await JetStreamEventStore.open(nc);
  await store.saveEvents(older);
  const goBack = await freeze(server);
  await store.saveEvents(newer);
  const items = await collect(store.subscribe({ live: false }));
  await goBack();
  await waitFor(() => nc.flush().then(() => true));
  await using anew = await JetStreamEventStore.open(nc);
  const last = older.length;
  for (const { checkpoint: after, sequence } of items) {
    if (sequence <= last) {
      const rest = await collect(anew.subscribe({ after, live: false }));
      assertEquals(rest.length, last - sequence);
      continue;
    }
    for (const live of [true, false]) {
      await assertRefusedAtOnce(
        () => collect(anew.subscribe({ after, live })),
        CheckpointError,
        { code: "beyond-end", checkpoint: after },
        "beyond the end of the stream, 2",
      );
    }
  }
});
