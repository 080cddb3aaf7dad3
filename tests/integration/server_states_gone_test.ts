/** Streams that are gone, or another's, under an open store. */

import { type JetStreamManager, jetstreamManager } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/nats-core";
import { assert, assertEquals } from "@std/assert";
import { CheckpointError } from "../../store/errors.ts";
import type { EventStore } from "../../store/event_store.ts";
import {
  isSetupError,
  StreamSetupError,
} from "../../internal/nats/stream_errors.ts";
import { JetStreamEventStore } from "../../store/jetstream/jetstream_event_store.ts";
import { waitFor } from "../support/conditions.ts";
import {
  collect,
  makeEvent,
  makeEvents,
  Reader,
  reasonOf,
  upTo,
} from "../support/contract/helpers.ts";
import { connect } from "../support/nats_connect.ts";
import { NatsServer } from "../support/nats_server.ts";
import { assertRefusedAtOnce, refusalOf } from "../support/refusals.ts";
import { TcpProxy } from "../support/tcp_proxy.ts";

const stream = "AETHER_default";
const bucket = "KV_AETHER_SNAPSHOTS_default";

interface Context {
  readonly server: NatsServer;
  readonly nc: NatsConnection;
  readonly jsm: JetStreamManager;
  /** Has seen events of actors "a" and "b", and a snapshot. */
  readonly store: JetStreamEventStore;
}

const snapshot = {
  actorId: "a",
  version: 3,
  state: {},
  timestamp: "2024-01-01T00:00:00Z",
};

/** Events of "a" and "b", five in all, and a snapshot of "a". */
async function fill(store: EventStore): Promise<void> {
  await store.saveEvents([...makeEvents("a", 1, 2, 3), makeEvent("b", 1)]);
  await store.saveEvent(makeEvent("b", 2));
  await store.saveSnapshot(snapshot);
}

function test(name: string, body: (context: Context) => Promise<void>): void {
  Deno.test(name, async () => {
    await using server = await NatsServer.start();
    await using nc = await connect(server);
    await using store = await JetStreamEventStore.open(nc);
    await fill(store);
    const jsm = await jetstreamManager(nc);
    await body({ server, nc, jsm, store });
  });
}

/** Opens another store, which makes the stream again. */
function openAnew({ nc }: Context): Promise<JetStreamEventStore> {
  // The server may still be tidying up.
  return waitFor(() => JetStreamEventStore.open(nc));
}

/** Deletes the stream and has another store make it again, with other events. */
async function replace(context: Context): Promise<void> {
  await context.jsm.streams.delete(stream);
  await using other = await openAnew(context);
  await other.saveEvents(makeEvents("other", 1, 2, 3, 4, 5, 6, 7));
}

type Call = (store: EventStore) => Promise<unknown>;

const saves: Record<string, Call> = {
  "saveEvent() of the next event": (store) =>
    store.saveEvent(makeEvent("a", 4)),
  "saveEvent() of a new actor": (store) => store.saveEvent(makeEvent("c", 1)),
  "saveEvents() of a known actor": (store) =>
    store.saveEvents(makeEvents("a", 4, 5)),
  "saveEvents() of several actors": (store) =>
    store.saveEvents([makeEvent("a", 4), makeEvent("c", 1)]),
};

const reads: Record<string, Call> = {
  "getEvents()": (store) => store.getEvents("a"),
  "getEvents() of the nearest": (store) =>
    store.getEvents("a", { consistency: "eventual" }),
  "readEvents() backward": (store) =>
    collect(store.readEvents("a", { direction: "backward" })),
  "getLatestVersion()": (store) => store.getLatestVersion("a"),
  "getEventsWithErrors()": (store) => store.getEventsWithErrors("a"),
  "getLatestSnapshot()": (store) => store.getLatestSnapshot("a"),
  "saveSnapshot()": (store) => store.saveSnapshot(snapshot),
};

const readsOfNew: Record<string, Call> = {
  "getEvents() of a new actor": (store) => store.getEvents("c"),
  "getLatestVersion() of a new actor": (store) => store.getLatestVersion("c"),
};

const subscriptions: Record<string, Call> = {
  "subscribe()": (store) => collect(store.subscribe({ live: false })),
  "subscribe() live": (store) => collect(store.subscribe()),
  'subscribe() after "end"': (store) =>
    collect(store.subscribe({ after: "end" })),
  'caughtUp after "end"': (store) => store.subscribe({ after: "end" }).caughtUp,
};

for (
  const [what, call] of Object.entries({
    ...saves,
    ...reads,
    ...readsOfNew,
    ...subscriptions,
  })
) {
  test(`${what} fails when the stream was deleted`, async ({ jsm, store }) => {
    await jsm.streams.delete(stream);
    // Again and again: the first failure may have told the store.
    for (let i = 0; i < 2; i++) {
      await assertRefusedAtOnce(
        () => call(store),
        StreamSetupError,
        { code: "not-found", stream },
        "create",
      );
    }
  });
}

for (const [what, call] of Object.entries({ ...saves, ...reads })) {
  if (what.includes("new actor")) continue;
  test(`${what} fails when the stream was replaced`, async (context) => {
    await replace(context);
    const { store, nc } = context;
    await assertRefusedAtOnce(
      () => call(store),
      StreamSetupError,
      { code: "replaced", stream },
      "open the store anew",
    );
    await using other = await JetStreamEventStore.open(nc);
    assertEquals((await collect(other.subscribe({ live: false }))).length, 7);
    assertEquals(await other.getLatestSnapshot("a"), undefined);
  });
}

for (const [what, call] of Object.entries(subscriptions)) {
  test(`${what} fails when the stream was replaced`, async (context) => {
    await replace(context);
    await assertRefusedAtOnce(
      () => call(context.store),
      CheckpointError,
      { code: "other-stream" },
      "made again",
    );
  });
}

test("every call fails when one has found that the stream was replaced", async (context) => {
  await replace(context);
  const { store } = context;
  await refusalOf(() => store.getEvents("a"));
  const calls = { ...saves, ...reads, ...readsOfNew };
  for (const call of Object.values(calls)) {
    await assertRefusedAtOnce(() => call(store), StreamSetupError, {
      code: "replaced",
    });
  }
});

test("saveEvent() leads to an error when it was stored in the stream that replaced its own", async (context) => {
  const { jsm, store } = context;
  await jsm.streams.delete(stream);
  await using _other = await openAnew(context);
  // An actor that was never seen, at a sequence that was.
  const { sequence } = await store.saveEvent(makeEvent("c", 1));
  assertEquals(sequence, 1);
  await waitFor(async () => {
    const reason = await reasonOf(() => store.getEvents("c"));
    return isSetupError(reason, "replaced");
  });
});

test("a store finds that its stream was replaced when it only sees new actors", async (context) => {
  await replace(context);
  const { store } = context;
  let version = 0;
  await waitFor(async () => {
    const reason = await store.saveEvent(makeEvent("c", ++version))
      .then(() => undefined, (reason: unknown) => reason);
    return isSetupError(reason, "replaced");
  }, { message: "the store to look at its stream" });
});

test("a store finds that its stream was replaced when it reconnects", async (context) => {
  const { server, nc } = context;
  await using proxy = await TcpProxy.start({ upstream: { port: server.port } });
  await using connection = await connect(proxy);
  await using store = await JetStreamEventStore.open(connection);
  assertEquals(await store.getLatestVersion("a"), 3);
  proxy.cut();
  await proxy.refuse();
  await replace(context);
  await proxy.accept();
  await waitFor(async () => {
    const reason = await store.getLatestVersion("new")
      .then(() => undefined, (reason: unknown) => reason);
    return isSetupError(reason, "replaced");
  });
  await using other = await JetStreamEventStore.open(nc);
  assertEquals(await other.getLatestVersion("other"), 7);
});

test("live subscriptions fail when the stream is deleted", async ({ jsm, store }) => {
  await using all = new Reader(store.subscribe());
  await using some = new Reader(store.subscribe({ actors: "a" }));
  await all.take(5);
  await some.take(3);
  const waiting = [all, some].map((reader) => refusalOf(() => reader.next()));
  await jsm.streams.delete(stream);
  for (const reason of await Promise.all(waiting)) {
    assert(isSetupError(reason, "not-found"), reason.message);
    assertEquals(reason.stream, stream);
  }
});

test("a live subscription fails when the stream is replaced", async (context) => {
  const { store } = context;
  const subscription = store.subscribe();
  await using reader = new Reader(subscription);
  await reader.take(5);
  const { checkpoint } = subscription;
  const waiting = refusalOf(() => reader.next());
  await replace(context);
  const reason = await waiting;
  if (reason instanceof CheckpointError) {
    assertEquals(reason.code, "other-stream");
    assertEquals(reason.checkpoint, checkpoint);
  } else assert(isSetupError(reason, "not-found"), reason.message);
});

test("a live subscription fails when the stream is replaced while it is cut off", async (context) => {
  const { server } = context;
  await using proxy = await TcpProxy.start({ upstream: { port: server.port } });
  await using connection = await connect(proxy);
  await using store = await JetStreamEventStore.open(connection);
  const subscription = store.subscribe({ actors: "a" });
  await using reader = new Reader(subscription);
  await reader.take(3);
  const waiting = refusalOf(() => reader.next());
  proxy.cut();
  await proxy.refuse();
  await replace(context);
  await proxy.accept();
  const reason = await waiting;
  assert(reason instanceof CheckpointError, reason.message);
  assertEquals(reason.code, "other-stream");
});

test("subscribe() fails when its checkpoint is of a stream that was replaced", async (context) => {
  const { store, nc } = context;
  const items = await collect(store.subscribe({ live: false }));
  await replace(context);
  await using anew = await JetStreamEventStore.open(nc);
  for (const { checkpoint } of items) {
    for (const live of [true, false]) {
      await assertRefusedAtOnce(
        () => collect(anew.subscribe({ after: checkpoint, live })),
        CheckpointError,
        { code: "other-stream", checkpoint },
        "read this one from the beginning",
      );
    }
  }
});

test("snapshots are none when their bucket was deleted", async (context) => {
  const { jsm, store } = context;
  await jsm.streams.delete(bucket);
  assertEquals(await store.getLatestSnapshot("a"), undefined);
  await assertRefusedAtOnce(
    () => store.saveSnapshot(snapshot),
    StreamSetupError,
    { code: "not-found", stream: bucket },
  );
  assertEquals((await store.getEvents("a")).length, 3);
  // Made again, by whoever opens a store.
  await using _other = await openAnew(context);
  assertEquals(await store.getLatestSnapshot("a"), undefined);
  await store.saveSnapshot(snapshot);
  assertEquals(await store.getLatestSnapshot("a"), snapshot);
});

test("readEvents() notices within seconds, however long its page is used, that the stream was replaced", async (context) => {
  const { jsm, store } = context;
  await store.saveEvents(makeEvents("long", ...upTo(40)));
  const events = store.readEvents("long")[Symbol.asyncIterator]();
  assertEquals((await events.next()).value?.version, 1);
  await replace(context);
  using _ = laterBy(6_000);
  const error = await reasonOf(async () => {
    while (!(await events.next()).done) {
      await jsm.streams.info(stream); // behind what the store may ask
    }
  });
  assert(isSetupError(error, "replaced"));
});

/** Sets the monotonic clock forward until it is disposed of. */
function laterBy(milliseconds: number): Disposable {
  const now = performance.now.bind(performance);
  performance.now = () => now() + milliseconds;
  return { [Symbol.dispose]: () => performance.now = now };
}
