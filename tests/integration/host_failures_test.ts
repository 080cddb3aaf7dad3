/**
 * Event-sourced actors over a store that can't store: the request fails with
 * what happened, and the actor goes on.
 */

import { jetstreamManager } from "@nats-io/jetstream";
import { assertEquals, assertRejects } from "@std/assert";
import {
  type Actors,
  ClusterManager,
  eventSourced,
  HandlerError,
} from "../../cluster/mod.ts";
import type { Decider } from "../../decider/mod.ts";
import {
  type Event,
  JetStreamEventStore,
  type JetStreamEventStoreOptions,
} from "../../mod.ts";
import { connect } from "../support/nats_connect.ts";
import type { NatsServer } from "../support/nats_server.ts";
import { withServer } from "../support/with_server.ts";

type Noted = Event<"Noted", { text: string }>;

/** Counts the notes. */
const notes: Decider<number, string, Noted> = {
  initialState: 0,
  decide: (text) => ({ eventType: "Noted", data: { text } }),
  evolve: (count) => count + 1,
};

/** Runs a test with actors over a store, and the store's stream. */
async function withNotes(
  server: NatsServer,
  options: JetStreamEventStoreOptions,
  body: (
    notes: Actors<string, number>,
    change: (settings: { max_msgs: number }) => Promise<unknown>,
  ) => Promise<void>,
): Promise<void> {
  await using nc = await connect(server);
  await using store = await JetStreamEventStore.open<Noted>(nc, options);
  await using cluster = ClusterManager.local({
    cluster: crypto.randomUUID(),
    shards: 8,
  });
  const reply = ({ state }: { state: number }) => state;
  const actors = cluster.host("notes", eventSourced(store, notes, { reply }));
  await cluster.start();
  const jsm = await jetstreamManager(nc);
  await body(
    actors,
    (settings) => jsm.streams.update("AETHER_default", settings),
  );
}

/** The name of the error that a request fails with. */
async function failureOf(request: Promise<unknown>): Promise<string> {
  const { errorName, begun } = await assertRejects(() => request, HandlerError);
  assertEquals(begun, "unknown");
  return errorName;
}

Deno.test("an actor goes on when an event is too large", async () => {
  await withServer({}, async (server) => {
    await withNotes(server, {}, async (notes) => {
      assertEquals(await notes.request("a", "first"), 1);
      const large = "x".repeat(1_100_000);
      assertEquals(
        await failureOf(notes.request("a", large)),
        "PayloadTooLargeError",
      );
      assertEquals(await notes.request("a", "second"), 2);
    });
  });
});

Deno.test("an actor goes on when its store was full", async () => {
  await withServer({}, async (server) => {
    await withNotes(server, { maxMessages: 2 }, async (notes, change) => {
      await notes.request("a", "first");
      await notes.request("b", "first");
      const refused = notes.request("a", "second");
      assertEquals(await failureOf(refused), "StreamFullError");
      await change({ max_msgs: 10 });
      assertEquals(await notes.request("a", "second"), 2);
    });
  });
});

Deno.test("an actor goes on when its server has not answered", async () => {
  await withServer({}, async (server) => {
    const options = { saveTimeout: 2_000, readTimeout: 2_000 };
    await withNotes(server, options, async (notes) => {
      await notes.request("a", "first");
      await server.pause();
      const lost = notes.request("a", "second", {
        commandId: "second",
        timeout: 60_000,
      });
      assertEquals(await failureOf(lost), "SaveOutcomeUnknownError");
      server.resume();
      // Sent again, it is carried out once, whether it was stored or not.
      let count: number | undefined;
      while (count === undefined) {
        count = await notes.request("a", "second", {
          commandId: "second",
          timeout: 60_000,
        }).catch((error) => {
          if (error instanceof HandlerError) return undefined;
          throw error;
        });
      }
      assertEquals(count, 2);
      assertEquals(await notes.request("a", "third"), 3);
    });
  });
});
