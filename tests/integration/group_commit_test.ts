import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import {
  DuplicateEventError,
  SaveOutcomeUnknownError,
  VersionConflictError,
} from "../../store/errors.ts";
import { createEvent } from "../../event/create_event.ts";
import type { Event } from "../../event/event.ts";
import {
  JetStreamEventStore,
  type JetStreamEventStoreOptions,
} from "../../store/jetstream/jetstream_event_store.ts";
import { freshNamespace } from "../support/jetstream_backend.ts";
import { NatsCluster } from "../support/nats_cluster.ts";
import { connect } from "../support/nats_connect.ts";
import { NatsServer } from "../support/nats_server.ts";

let server: NatsServer;
let cluster: NatsCluster;

Deno.test.beforeAll(async () => {
  server = await NatsServer.start({ syncAlways: true });
  cluster = await NatsCluster.start();
});

Deno.test.afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await cluster[Symbol.asyncDispose]();
});

const event = (actorId: string, version: number, id?: string): Event =>
  createEvent({
    eventType: "Happened",
    actorId,
    version,
    data: { version },
    ...(id === undefined ? {} : { id }),
  });

/** Two stores on connections of their own, on one server and on three. */
function testBoth(
  name: string,
  use: (
    store: JetStreamEventStore,
    other: JetStreamEventStore,
  ) => Promise<void>,
): void {
  for (const replicas of [1, 3]) {
    Deno.test(`${name}, ${replicas} server(s)`, async () => {
      await using resources = new AsyncDisposableStack();
      const namespace = freshNamespace();
      const open = async (options: JetStreamEventStoreOptions = {}) => {
        const nc = await connect(replicas === 1 ? server : cluster);
        resources.defer(() => nc.close());
        return resources.use(
          await JetStreamEventStore.open(nc, {
            namespace,
            replicas,
            ...options,
          }),
        );
      };
      await use(await open(), await open());
    });
  }
}

testBoth(
  "saves that ride together have the outcomes they would have alone",
  async (store, other) => {
    const contended = (n: number) => n % 5 === 0;
    const actorOf = (n: number) => contended(n) ? `hot-${n % 10}` : `cold-${n}`;
    const outcomes = new Map<string, "stored" | "conflict">();
    const events: Event[] = [];
    const save = async (
      from: JetStreamEventStore,
      events: readonly Event[],
    ) => {
      try {
        const result = events.length === 1
          ? await from.saveEvent(events[0]!, {
            expectedVersion: events[0]!.version - 1,
          })
          : await from.saveEvents(events);
        assertEquals(result.duplicate, false);
        for (const { id } of events) outcomes.set(id, "stored");
      } catch (error) {
        assertInstanceOf(error, VersionConflictError);
        assert(error.currentVersion >= error.attemptedVersion);
        for (const { id } of events) outcomes.set(id, "conflict");
      }
    };
    for (let round = 1; round <= 8; round++) {
      await Promise.all(Array.from({ length: 200 }, (_, n) => {
        const actorId = actorOf(n);
        const own = n % 3 === 0
          ? [event(actorId, 2 * round - 1), event(actorId, 2 * round)]
          : [event(actorId, round)];
        events.push(...own);
        return save(contended(n) && n % 2 === 0 ? other : store, own);
      }));
    }
    assertEquals(outcomes.size, events.length);
    const stored = new Set<string>();
    for (const actorId of new Set(events.map(({ actorId }) => actorId))) {
      const history = await store.getEvents(actorId);
      assert(
        history.every(({ version }, i) =>
          version > (history[i - 1]?.version ?? 0)
        ),
      );
      for (const { id } of history) {
        stored.add(id);
      }
    }
    for (const { id, actorId, version } of events) {
      assertEquals(
        stored.has(id),
        outcomes.get(id) === "stored",
        `${actorId}/${version}`,
      );
    }
    const conflicts = [...outcomes.values()].filter((o) => o === "conflict");
    assert(conflicts.length > 0, "nobody lost");
    assert(
      events.some(({ actorId, id }) =>
        actorId.startsWith("cold") && outcomes.get(id) === "stored"
      ),
    );
  },
);

testBoth(
  "an id that is taken fails its own save and no neighbour",
  async (store) => {
    await store.saveEvent(event("taken", 1, "taken-id"));
    const results = await Promise.allSettled(
      Array.from(
        { length: 120 },
        (_, n) =>
          n === 60
            ? store.saveEvents([event("a", 1), event(`b-${n}`, 1, "taken-id")])
            : store.saveEvents([event(`b-${n}`, 1), event(`c-${n}`, 1)]),
      ),
    );
    results.forEach((result, n) => {
      if (n !== 60) {
        return assertEquals(result.status, "fulfilled", `${n}`);
      }
      assertEquals(result.status, "rejected");
      const { reason } = result as PromiseRejectedResult;
      assertInstanceOf(reason, DuplicateEventError);
      assertEquals(reason.eventId, "taken-id");
      assertEquals(reason.storedVersion, 1);
    });
    assertEquals(await store.getEvents("a"), []);
    assertEquals(await store.getLatestVersion("b-60"), 0);
    assertEquals(await store.getLatestVersion("c-61"), 1);
  },
);

testBoth(
  "a save that waits for company and is aborted is not stored",
  async (store) => {
    const batch = (n: number, version: number) => [
      event(`a-${n}`, version),
      event(`b-${n}`, version),
    ];
    const all = Array.from({ length: 1_200 }, (_, n) => n);
    // What is known needs no request: all of them are sent, or wait, now. They
    // are more than two batches hold.
    await Promise.all(all.map((n) => store.saveEvents(batch(n, 1))));
    const controller = new AbortController();
    const { signal } = controller;
    const saves = all.map((n) => store.saveEvents(batch(n, 2), { signal }));
    const settled = Promise.allSettled(saves);
    for (let turn = 0; turn < 100; turn++) await Promise.resolve();
    controller.abort(new Error("given up"));
    let unsent = 0;
    for (const [n, result] of (await settled).entries()) {
      const versions = await store.getLatestVersions([`a-${n}`, `b-${n}`]);
      const stored = new Set(versions.values());
      assertEquals(stored.size, 1, "half a batch");
      if (result.status === "fulfilled") {
        assert(stored.has(2));
        continue;
      }
      if (result.reason instanceof SaveOutcomeUnknownError) {
        continue;
      }
      assertEquals(result.reason, signal.reason);
      assert(stored.has(1));
      unsent++;
    }
    assert(unsent > 0, "none waited");
  },
);
