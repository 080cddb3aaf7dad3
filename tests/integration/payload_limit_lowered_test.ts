/**
 * A server that takes less than it has said: it closes the connection, and says
 * so only if the word gets out before the rest of the message comes in.
 */

import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertStringIncludes,
} from "@std/assert";
import {
  type Event,
  JetStreamEventStore,
  NatsEventBus,
  PayloadTooLargeError,
  SaveOutcomeUnknownError,
} from "../../mod.ts";
import { waitFor } from "../support/conditions.ts";
import { assertHistory, makeEvent, upTo } from "../support/contract/helpers.ts";
import { connect } from "../support/nats_connect.ts";
import { refusalOf } from "../support/refusals.ts";
import { withServer } from "../support/with_server.ts";

const limit = 20_000;

function makeSized(actorId: string, version: number, size: number): Event {
  return makeEvent(actorId, version, { data: { text: "x".repeat(size) } });
}

/**
 * The error names the limit, and is certain only where the server has said that
 * it took nothing.
 */
function assertNamesLimit(error: Error): void {
  assertStringIncludes(error.message, "max_payload");
  const refusal = error instanceof SaveOutcomeUnknownError
    ? error.cause
    : error;
  assertInstanceOf(refusal, PayloadTooLargeError);
  assertEquals(refusal.limit, limit);
}

for (const size of [30_000, 300_000]) {
  Deno.test(`saves above a lowered limit fail after a reconnect, others are stored (${size} bytes)`, () =>
    withServer({}, async (server) => {
      await using nc = await connect(server);
      await using store = await JetStreamEventStore.open(nc);
      const small = upTo(20).map((i) => makeEvent(`small-${i}`, 1));
      const first = makeEvent("a", 1);
      await store.saveEvent(first);
      await server.reload(`max_payload: ${limit}`);
      const { client_id } = nc.info!;
      const saving = small.map((event) => store.saveEvent(event));
      const refused = [
        () => store.saveEvent(makeSized("a", 2, size)),
        () => store.saveEvents([makeEvent("b", 1), makeSized("c", 1, size)]),
        () =>
          store.append("d", [{
            eventType: "Grown",
            data: { text: "x".repeat(size) },
          }]),
      ].map((save) => refusalOf(save));
      const appending = store.append("d", [{ eventType: "Grown", data: {} }]);
      for (const error of await Promise.all(refused)) assertNamesLimit(error);
      await Promise.all(saving);
      assertEquals((await appending).version, 1);
      await assertHistory(store, "a", [first]);
      assertEquals(
        await store.getLatestVersions(["b", "c", "d"]),
        new Map([
          ["b", 0],
          ["c", 0],
          ["d", 1],
        ]),
      );
      for (const event of small) {
        await assertHistory(store, event.actorId, [event]);
      }
      assert(nc.info!.client_id !== client_id, "it was not refused at once");
    }));
}

Deno.test("a save that waits for the connection names the limit of the next server", () =>
  withServer({}, async (server) => {
    await using nc = await connect(server);
    await using store = await JetStreamEventStore.open(nc);
    const first = makeEvent("a", 1);
    await store.saveEvent(first);
    await server.reload(`max_payload: ${limit}`); // for the next start
    await server.kill();
    await waitFor(() => nc.info === undefined); // it dials
    const refused = refusalOf(
      () => store.saveEvent(makeSized("a", 2, 30_000)),
      10_000,
    );
    const saving = store.saveEvent(makeEvent("b", 1));
    await server.restart();
    assertInstanceOf(await refused, PayloadTooLargeError);
    assertNamesLimit(await refused);
    await saving;
    await assertHistory(store, "a", [first]);
  }));

Deno.test("saveSnapshot() names a limit that was lowered", () =>
  withServer({}, async (server) => {
    await using nc = await connect(server);
    await using store = await JetStreamEventStore.open(nc);
    await store.saveEvent(makeEvent("a", 1));
    await server.reload(`max_payload: ${limit}`);
    const error = await refusalOf(() =>
      store.saveSnapshot({
        actorId: "a",
        version: 1,
        state: "x".repeat(30_000),
        timestamp: "2024-01-01T00:00:00Z",
      })
    );
    assertInstanceOf(error, PayloadTooLargeError);
    assertEquals(error.limit, limit);
    assertEquals(await store.getLatestSnapshot("a"), undefined);
  }));

Deno.test("publish() has it told when a limit was lowered", () =>
  withServer({ jetstream: false }, async (server) => {
    await using nc = await connect(server);
    const errors: unknown[] = [];
    await using bus = new NatsEventBus(nc, {
      onError: (error) => errors.push(error),
    });
    await bus.publish("orders", makeEvent("a", 1));
    await server.reload(`max_payload: ${limit}`);
    await bus.publish("orders", makeSized("a", 2, 30_000));
    await waitFor(() => errors.length > 0);
    const [error] = errors;
    assertInstanceOf(error, PayloadTooLargeError);
    assertEquals(error.limit, limit);
    assertEquals(bus.metrics.namespaces.get("orders")!.refused, 1);
    await bus.publish("orders", makeEvent("a", 3));
    assertEquals(errors.length, 1);
  }));
