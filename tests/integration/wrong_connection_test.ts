/** What is no connection, handed to a store or a bus. */

import type { NatsConnection } from "@nats-io/nats-core";
import { assertEquals } from "@std/assert";
import { NatsEventBus } from "../../bus/mod.ts";
import { JetStreamEventStore } from "../../store/jetstream/jetstream_event_store.ts";
import { refusalOf } from "../support/refusals.ts";

const wrong: readonly [unknown, string][] = [
  [undefined, "undefined"],
  [null, "null"],
  ["127.0.0.1", '"127.0.0.1"'],
  [{}, "an object"],
  [Promise.resolve({}), "a promise: await it first"],
];

Deno.test("a store and a bus say what they got instead of a connection", async () => {
  for (const [nc, got] of wrong) {
    const connection = nc as NatsConnection;
    const opening: Record<string, () => Promise<unknown>> = {
      "open store": () => JetStreamEventStore.open(connection),
      "open bus": async () => {
        await new NatsEventBus(connection).close();
      },
    };
    for (const [action, open] of Object.entries(opening)) {
      const reason = await refusalOf(open, 1_000);
      assertEquals(
        String(reason),
        `TypeError: Cannot ${action}: nc must be a NatsConnection, got ${got}`,
      );
    }
  }
});
