/**
 * Reads that are answered by a copy of the stream that lags behind. A mirror
 * stands for it: it alone answers direct gets, and never gets one actor's
 * events.
 */

import {
  type JetStreamManager,
  jetstreamManager,
  type StreamConfig,
} from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/nats-core";
import { assertEquals, assertRejects } from "@std/assert";
import type { ReadAllOptions } from "../../store/event_store.ts";
import {
  JetStreamUnavailableError,
  StaleReadError,
} from "../../store/jetstream/errors.ts";
import {
  JetStreamEventStore,
  type JetStreamEventStoreOptions,
} from "../../store/jetstream/jetstream_event_store.ts";
import { waitFor } from "../support/conditions.ts";
import { collect, makeEvent, makeEvents } from "../support/contract/helpers.ts";
import { freshNamespace } from "../support/jetstream_backend.ts";
import { connect } from "../support/nats_connect.ts";
import { NatsServer } from "../support/nats_server.ts";

let server: NatsServer;
let nc: NatsConnection;
let jsm: JetStreamManager;

Deno.test.beforeAll(async () => {
  server = await NatsServer.start();
  nc = await connect(server);
  jsm = await jetstreamManager(nc);
});

Deno.test.afterAll(async () => {
  await nc?.close();
  await server?.[Symbol.asyncDispose]();
});

/** Long enough to come in several pieces. */
const LONG = { text: "x".repeat(900_000) };

const events = makeEvents("lagging", 1, 2, 3);

/** A store that knows an actor of which the copy that answers knows nothing. */
async function withLaggingCopy(
  options: JetStreamEventStoreOptions,
  body: (store: JetStreamEventStore) => Promise<void>,
): Promise<void> {
  const namespace = freshNamespace();
  await using store = await JetStreamEventStore.open(nc, {
    ...options,
    namespace,
  });
  const name = `AETHER_${namespace}`;
  const mirror = {
    name: `MIRROR_${namespace}`,
    mirror: { name, filter_subject: `aether.events.${namespace}.current` },
    allow_direct: true,
    mirror_direct: true,
  };
  await jsm.streams.add(mirror as Partial<StreamConfig> & { name: string });
  try {
    await store.saveEvent(makeEvent("current", 1, { data: LONG }));
    await waitFor(async () =>
      (await jsm.streams.info(mirror.name)).state.messages === 1
    );
    await jsm.streams.update(name, { allow_direct: false });
    for (const event of events) await store.saveEvent(event);
    await body(store);
  } finally {
    await jsm.streams.delete(mirror.name);
  }
}

/**
 * Has the store remember another actor, before what is asked behind it is
 * answered: while the second answer comes in, the first one is looked at.
 */
async function forget(store: JetStreamEventStore): Promise<void> {
  const ask = () => store.getLatestVersion("current");
  assertEquals(await Promise.all([ask(), ask()]), [1, 1]);
}

const consistency = "eventual";

/** What tells the last version at once. */
const versions: Record<string, (store: JetStreamEventStore) => unknown> = {
  getLatestVersion: (store) =>
    store.getLatestVersion("lagging", { consistency }),
  getLatestVersions: async (store) => {
    const actorIds = ["lagging", "current"];
    return (await store.getLatestVersions(actorIds, { consistency }))
      .get("lagging");
  },
};

for (const [name, read] of Object.entries(versions)) {
  Deno.test(`${name} does not go back when a copy lags`, () =>
    withLaggingCopy({}, async (store) => {
      assertEquals(await read(store), 3);
    }));

  Deno.test(`${name} does not go back when its actor is forgotten meanwhile`, () =>
    withLaggingCopy({ cachedActors: 1 }, async (store) => {
      const [, version] = await Promise.all([forget(store), read(store)]);
      assertEquals(version, 3);
    }));
}

/** What waits until it has all there is to be read. */
const histories: Record<
  string,
  (store: JetStreamEventStore) => Promise<unknown>
> = {
  getEvents: (store) => store.getEvents("lagging", { consistency }),
  getEventsWithErrors: (store) =>
    store.getEventsWithErrors("lagging", { consistency }),
  readEvents: (store) => collect(store.readEvents("lagging", { consistency })),
};

for (const [name, read] of Object.entries(histories)) {
  Deno.test(`${name} gives no less than was known when its actor is forgotten meanwhile`, () =>
    withLaggingCopy({ cachedActors: 1, readTimeout: 300 }, async (store) => {
      const [, error] = await Promise.all([
        forget(store),
        assertRejects(() => read(store), StaleReadError),
      ]);
      assertEquals(error.actorId, "lagging");
    }));
}

const reads: readonly ReadAllOptions[] = [
  {},
  { actorIds: "lagging" },
  { after: new Date(0) },
  { direction: "backward" },
  { direction: "backward", limit: 2 },
  { direction: "backward", actorIds: "current" },
];

for (const options of reads) {
  Deno.test(`readAll() waits for a copy that lags, with ${JSON.stringify(options)}`, () =>
    withLaggingCopy({ readTimeout: 300 }, async (store) => {
      const seen: number[] = [];
      await assertRejects(async () => {
        for await (const { sequence } of store.readAll(options)) {
          seen.push(sequence);
        }
      }, JetStreamUnavailableError);
      // What the copy has may come, and nothing from behind what it lacks.
      const isForward = options.direction === undefined;
      assertEquals(
        seen,
        isForward && options.actorIds === undefined ? [1] : [],
      );
    }));
}
