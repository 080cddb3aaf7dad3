/** Servers that do not answer, and clusters without a majority. */

import { assert, assertEquals } from "@std/assert";
import { RequestTimeoutError } from "../../internal/nats/errors.ts";
import { SaveOutcomeUnknownError } from "../../store/errors.ts";
import type { EventStore } from "../../store/event_store.ts";
import { JetStreamUnavailableError } from "../../store/jetstream/errors.ts";
import { JetStreamEventStore } from "../../store/jetstream/jetstream_event_store.ts";
import { waitFor } from "../support/conditions.ts";
import {
  assertErrorIs,
  collect,
  makeEvent,
  makeEvents,
  Reader,
} from "../support/contract/helpers.ts";
import { connect } from "../support/nats_connect.ts";
import { NatsServer } from "../support/nats_server.ts";
import { refusalOf } from "../support/refusals.ts";
import { withCluster } from "../support/with_server.ts";

const readTimeout = 1_000;
const saveTimeout = 3_000;

/** Generous: it only tells from no bound at all. */
const BOUND = 25_000;

const reads: Record<string, (store: EventStore) => Promise<unknown>> = {
  "getEvents()": (store) => store.getEvents("a"),
  "readEvents()": (store) => collect(store.readEvents("a")),
  "getLatestVersion()": (store) => store.getLatestVersion("b"),
  "getEventsWithErrors()": (store) => store.getEventsWithErrors("a"),
  "getLatestSnapshot()": (store) => store.getLatestSnapshot("a"),
};

Deno.test("every call fails in time when the server stands still", async () => {
  await using server = await NatsServer.start();
  await using nc = await connect(server);
  await using store = await JetStreamEventStore.open(nc, {
    readTimeout,
    saveTimeout,
  });
  await store.saveEvents(makeEvents("a", 1, 2));
  await using live = new Reader(store.subscribe());
  await live.take(2);
  await server.pause();
  const began = performance.now();
  const known = makeEvent("a", 3);
  const unknown = makeEvent("new", 1);
  await Promise.all([
    ...Object.entries(reads).map(async ([what, read]) => {
      const reason = await refusalOf(() => read(store), BOUND);
      assertErrorIs(reason, JetStreamUnavailableError);
      assert(reason.message.startsWith("Cannot "), `${what}: ${reason}`);
      assert(reason.cause instanceof RequestTimeoutError);
    }),
    (async () => {
      const reason = await refusalOf(() => store.saveEvent(known), BOUND);
      assertErrorIs(reason, SaveOutcomeUnknownError);
      assertEquals((reason as SaveOutcomeUnknownError).eventIds, [known.id]);
      // Not one timeout after another.
      const took = performance.now() - began;
      assert(took < 2 * saveTimeout, `it took ${took} ms`);
    })(),
    (async () => {
      // Nothing was sent but a question.
      const reason = await refusalOf(() => store.saveEvent(unknown), BOUND);
      assertErrorIs(reason, JetStreamUnavailableError);
      assert(
        reason.message.includes("this call stored nothing"),
        reason.message,
      );
    })(),
    (async () => {
      const reason = await refusalOf(
        () => JetStreamEventStore.open(nc),
        BOUND,
      );
      assertErrorIs(reason, JetStreamUnavailableError);
      assert(reason.message.startsWith("Cannot open store: "));
    })(),
  ]);
  server.resume();
  const next = makeEvent("a", 4);
  await store.saveEvent(next);
  // Whatever became of the one in doubt, the subscription tells.
  const events = (await store.getEvents("a")).slice(2);
  const items = await live.take(events.length);
  assertEquals(items.map(({ event }) => event), events);
  assertEquals(events.at(-1), next);
});

Deno.test("every call fails in time when most of the servers are gone", () =>
  withCluster({}, async (cluster) => {
    const options = { replicas: 3, readTimeout, saveTimeout };
    {
      await using nc = await connect(cluster);
      await using store = await JetStreamEventStore.open(nc, options);
      await store.saveEvents(makeEvents("a", 1, 2));
    }
    // A leader that is left alone answers until it notices: keep a follower.
    const streams = ["AETHER_default", "KV_AETHER_SNAPSHOTS_default"];
    await Promise.all(streams.map((name) => cluster.waitForCurrent(name)));
    const leaders = await Promise.all(
      streams.map((name) => cluster.waitForLeader(name)),
    );
    const kept = cluster.servers.find((server) => !leaders.includes(server))!;
    const others = cluster.servers.filter((server) => server !== kept);
    await using nc = await connect(kept);
    await using store = await JetStreamEventStore.open(nc, options);
    await Promise.all(others.map((server) => server.kill()));
    await Promise.all([
      ...Object.entries(reads).map(async ([what, read]) => {
        const reason = await refusalOf(() => read(store), BOUND);
        assertErrorIs(reason, JetStreamUnavailableError);
        assert(reason.message.includes("most of them"), `${what}: ${reason}`);
      }),
      refusalOf(() => store.saveEvent(makeEvent("a", 3)), BOUND).then(
        (reason) =>
          assert(
            reason instanceof SaveOutcomeUnknownError ||
              reason instanceof JetStreamUnavailableError,
            reason.message,
          ),
      ),
    ]);
    const namespace = "another";
    const reason = await refusalOf(
      () => JetStreamEventStore.open(nc, { namespace, replicas: 3 }),
      BOUND,
    );
    assertErrorIs(reason, JetStreamUnavailableError);
    await Promise.all(others.map((server) => server.restart()));
    const events = await waitFor(() => store.getEvents("a"), {
      timeout: 30_000,
    });
    const next = makeEvent("a", events.at(-1)!.version + 1);
    await waitFor(() => store.saveEvent(next));
    assertEquals((await store.getEvents("a")).at(-1), next);
  }));
