/** Servers and streams that take only small messages. */

import { jetstreamManager } from "@nats-io/jetstream";
import { assert, assertEquals } from "@std/assert";
import { PayloadTooLargeError } from "../../event/errors.ts";
import type { Event } from "../../event/event.ts";
import { JetStreamEventStore } from "../../store/jetstream/jetstream_event_store.ts";
import { assertHistory, makeEvent, upTo } from "../support/contract/helpers.ts";
import { connect } from "../support/nats_connect.ts";
import { assertRefusedAtOnce } from "../support/refusals.ts";
import { TcpProxy } from "../support/tcp_proxy.ts";
import { withServer } from "../support/with_server.ts";

const limit = 16_384;

/** An event whose JSON has some more bytes than the text in it. */
function makeSized(actorId: string, version: number, size: number): Event {
  return makeEvent(actorId, version, { data: { text: "x".repeat(size) } });
}

/** What fits is stored, what does not is refused before it is sent. */
async function assertLimited(
  store: JetStreamEventStore,
  words: string,
): Promise<void> {
  const small = makeSized("a", 1, limit - 2_000);
  await store.saveEvent(small);
  for (const size of [limit - 200, limit, 10 * limit]) {
    const large = makeSized("a", 2, size);
    for (
      const save of [
        () => store.saveEvent(large),
        () => store.saveEvent(large, { expectedVersion: 1 }),
        () => store.saveEvents([large]),
        () => store.saveEvents([makeEvent("b", 1), large]),
      ]
    ) {
      const error = await assertRefusedAtOnce(
        save,
        PayloadTooLargeError,
        { limit },
        "version 2",
        '"a"',
        words,
      );
      assert(error.size > limit, `${error.size}`);
    }
  }
  await assertHistory(store, "a", [small]);
  await assertHistory(store, "b", []);
  // Each may be as large: a batch is many messages.
  const batch = ["b", "c", "d"].map((id) => makeSized(id, 1, limit - 2_000));
  await store.saveEvents(batch);
}

Deno.test("saveEvent() refuses what is over the server's max_payload", () =>
  withServer({ config: `max_payload: ${limit}` }, async (server) => {
    await using nc = await connect(server);
    await using store = await JetStreamEventStore.open(nc);
    const { client_id } = nc.info!;
    await assertLimited(store, "(max_payload)");
    // The server would have given up the connection.
    assertEquals(nc.info!.client_id, client_id);
  }));

Deno.test("getLatestVersions() goes on when the server takes less meanwhile", () =>
  withServer({}, async (server) => {
    await using proxy = await TcpProxy.start({
      upstream: { port: server.port },
    });
    await using nc = await connect(proxy);
    await using store = await JetStreamEventStore.open(nc);
    const actorIds = upTo(1_000).map((n) => `an-actor-with-a-name-${n}`);
    await store.saveEvents(actorIds.map((actorId) => makeEvent(actorId, 1)));
    proxy.pause("serverToClient");
    const reading = store.getLatestVersions(actorIds);
    await server.reload(`max_payload: ${limit}`);
    proxy.cut();
    proxy.unpause("serverToClient");
    const versions = await reading;
    assertEquals(versions.size, actorIds.length);
    for (const version of versions.values()) assertEquals(version, 1);
    assertEquals(nc.info?.max_payload, limit);
  }));

Deno.test("saveEvent() refuses what is over the stream's max_msg_size", () =>
  withServer({}, async (server) => {
    await using nc = await connect(server);
    const made = await JetStreamEventStore.open(nc);
    await made.close();
    const jsm = await jetstreamManager(nc);
    await jsm.streams.update("AETHER_default", { max_msg_size: limit });
    await using store = await JetStreamEventStore.open(nc);
    await assertLimited(store, "max_msg_size");
  }));

Deno.test("saveSnapshot() refuses what is over the server's max_payload with its headers", () =>
  withServer({ config: `max_payload: ${limit}` }, async (server) => {
    await using nc = await connect(server);
    await using store = await JetStreamEventStore.open(nc);
    await store.saveEvent(makeEvent("a", 1));
    const { client_id } = nc.info!;
    const snapshotOf = (size: number) => ({
      actorId: "a",
      version: 1,
      state: "x".repeat(size),
      timestamp: "2024-01-01T00:00:00Z",
    });
    let refused = 0;
    for (let size = limit - 400; size <= limit; size += 20) {
      const snapshot = snapshotOf(size);
      const reason = await store.saveSnapshot(snapshot)
        .then(() => undefined, (reason: unknown) => reason);
      if (reason === undefined) {
        assertEquals(refused, 0, "one that is larger was kept");
        assertEquals(await store.getLatestSnapshot("a"), snapshot);
        continue;
      }
      assert(reason instanceof PayloadTooLargeError, String(reason));
      assertEquals(reason.limit, limit);
      refused++;
    }
    assert(refused > 0);
    assertEquals(nc.info!.client_id, client_id);
  }));
