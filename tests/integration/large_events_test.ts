import { assertEquals } from "@std/assert";
import { JetStreamEventStore } from "../../store/jetstream/jetstream_event_store.ts";
import { makeEvent } from "../support/contract/helpers.ts";
import { connect } from "../support/nats_connect.ts";
import { withServer } from "../support/with_server.ts";

// As many as the server gives in one answer, and some more.
const ACTORS = Array.from({ length: 24 }, (_, i) => `large.${i}`);

Deno.test("saveEvents() finds the ends of actors whose last events are large", async () => {
  await withServer({}, async (server) => {
    const nc = await connect(server);
    const text = "x".repeat(1_000_000);
    {
      await using store = await JetStreamEventStore.open(nc);
      for (const actor of ACTORS) {
        await store.saveEvent(makeEvent(actor, 1, { data: { text } }));
      }
    }
    await using store = await JetStreamEventStore.open(nc, {
      saveTimeout: 5_000,
    });
    const result = await store.saveEvents(
      ACTORS.map((actor) => makeEvent(actor, 2)),
      { expectedVersions: new Map(ACTORS.map((actor) => [actor, 1])) },
    );
    assertEquals(result.sequence, 2 * ACTORS.length);
    await nc.close();
  });
});

Deno.test("getLatestVersions() asks for as many long ids as it is given", async () => {
  await withServer({}, async (server) => {
    const nc = await connect(server);
    await using store = await JetStreamEventStore.open(nc);
    const ids = Array.from(
      { length: 1_000 },
      (_, i) => `${i}`.padEnd(2_000, "x"),
    );
    await store.saveEvents(ids.slice(0, 600).map((id) => makeEvent(id, 7)));
    const versions = await store.getLatestVersions(ids);
    assertEquals([...versions.keys()], ids);
    assertEquals(
      [...versions.values()],
      ids.map((_, i) => i < 600 ? 7 : 0),
    );
    await nc.close();
  });
});
