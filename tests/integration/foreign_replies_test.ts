import { assertEquals, assertRejects } from "@std/assert";
import type { NatsConnection } from "@nats-io/nats-core";
import { jetstreamManager } from "@nats-io/jetstream";
import { SaveOutcomeUnknownError } from "../../store/errors.ts";
import { JetStreamEventStore } from "../../store/jetstream/jetstream_event_store.ts";
import { makeEvent, makeEvents } from "../support/contract/helpers.ts";
import { freshNamespace } from "../support/jetstream_backend.ts";
import { connect } from "../support/nats_connect.ts";
import { withServer } from "../support/with_server.ts";

const replies = [
  "",
  "{}",
  "null",
  "hello",
  '{"stream":"OTHER","seq":77777777}',
  '{"stream":"STREAM","seq":0}',
  '{"stream":"STREAM","seq":"7"}',
  '{"error":{"code":400,"err_code":10199},"stream":"OTHER","seq":0}',
  '{"stream":"STREAM","domain":"elsewhere","seq":77777777}',
  '{"stream":"STREAM","seq":77777777,"domain":"elsewhere"}',
];

/** Replies to whatever is published, before the stream does. */
async function listen(
  nc: NatsConnection,
  subject: string,
  stream: string,
  all: readonly string[],
): Promise<void> {
  nc.subscribe(subject, {
    callback: (_, msg) => {
      for (const reply of all) {
        msg.respond(reply.replace("STREAM", stream));
      }
    },
  });
  await nc.flush();
}

Deno.test("a save takes no reply but the stream's", () => takesNone(replies));

Deno.test("a save takes no reply but the stream's in its JetStream domain", () =>
  takesNone([...replies, '{"stream":"STREAM","seq":77777777}'], "edge"));

/** That none of these replies is taken for the stream's. */
async function takesNone(
  all: readonly string[],
  domain?: string,
): Promise<void> {
  const options = domain === undefined
    ? {}
    : { jetstreamConfig: `domain: ${domain}` };
  await withServer(options, async (server) => {
    const nc = await connect(server);
    const other = await connect(server);
    const namespace = freshNamespace();
    const stream = `AETHER_${namespace}`;
    await listen(other, `aether.events.${namespace}.>`, stream, all);
    await listen(
      other,
      `$KV.AETHER_SNAPSHOTS_${namespace}.>`,
      `KV_AETHER_SNAPSHOTS_${namespace}`,
      all,
    );
    {
      await using store = await JetStreamEventStore.open(nc, {
        namespace,
        saveTimeout: 1_500,
      });
      const events = makeEvents("a", 1, 2, 3, 4, 5);
      for (const [i, event] of events.slice(0, 2).entries()) {
        const { sequence } = await store.saveEvent(event);
        assertEquals(sequence, i + 1);
      }
      assertEquals((await store.saveEvent(events[1]!)).duplicate, true);
      const { sequence } = await store.saveEvents(events.slice(2));
      assertEquals(sequence, 5);
      assertEquals(await store.getEvents("a"), events);
      const snapshot = {
        actorId: "a",
        version: 5,
        state: {},
        timestamp: new Date().toISOString(),
      };
      await store.saveSnapshot(snapshot);
      assertEquals(await store.getLatestSnapshot("a"), snapshot);
      const jsm = await jetstreamManager(nc);
      await jsm.streams.delete(stream);
      // Nobody knows what listens there instead.
      await assertRejects(
        () => store.saveEvent(makeEvent("a", 6)),
        SaveOutcomeUnknownError,
      );
    }
    await nc.close();
    await other.close();
  });
}
