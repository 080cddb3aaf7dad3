/** Saving again what is stored: later, after restarts, and from elsewhere. */

import { jetstream, jetstreamManager } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/nats-core";
import { assertEquals } from "@std/assert";
import {
  DuplicateEventError,
  VersionConflictError,
} from "../../store/errors.ts";
import type { Event } from "../../event/event.ts";
import {
  JetStreamEventStore,
  type JetStreamEventStoreOptions,
} from "../../store/jetstream/jetstream_event_store.ts";
import { waitFor } from "../support/conditions.ts";
import {
  assertHistory,
  collect,
  makeEvent,
  makeEvents,
  upTo,
} from "../support/contract/helpers.ts";
import { connect } from "../support/nats_connect.ts";
import { NatsServer } from "../support/nats_server.ts";
import { assertRefusedAtOnce } from "../support/refusals.ts";

const short = { duplicateWindow: 100 };

interface Context {
  readonly server: NatsServer;
  readonly nc: NatsConnection;
  /** Opens a store on a connection of its own. */
  readonly open: (
    options?: JetStreamEventStoreOptions,
  ) => Promise<JetStreamEventStore>;
}

function test(name: string, body: (context: Context) => Promise<void>): void {
  Deno.test(name, async () => {
    await using server = await NatsServer.start();
    await using stack = new AsyncDisposableStack();
    const connectTo = async () =>
      stack.adopt(await connect(server), (nc) => nc.close());
    const open = async (options?: JetStreamEventStoreOptions) =>
      stack.use(await JetStreamEventStore.open(await connectTo(), options));
    await body({ server, nc: await connectTo(), open });
  });
}

const history = [
  ...makeEvents("a", 1, 2, 5),
  ...makeEvents("b", 1, 2),
  makeEvent("c", 7),
];

/** Saves the history, and resolves when the server has forgotten its ids. */
async function saveLongAgo(
  store: JetStreamEventStore,
  nc: NatsConnection,
): Promise<void> {
  await store.saveEvents(history.slice(0, 4));
  for (const event of history.slice(4)) await store.saveEvent(event);
  const last = makeEvent("probe", 1);
  await store.saveEvent(last);
  // Another client's event by the last id is stored once that is forgotten.
  const again = JSON.stringify({ ...last, actorId: "again" });
  const js = jetstream(nc);
  await waitFor(async () => {
    const subject = "aether.events.default.again";
    const ack = await js.publish(subject, again, { msgID: last.id });
    return !ack.duplicate;
  }, { message: "the server to forget an id" });
}

/** Every event is a duplicate, alone and together, and nothing is stored. */
async function assertAllStored(
  store: JetStreamEventStore,
  server: NatsServer,
): Promise<void> {
  await using nc = await connect(server);
  const jsm = await jetstreamManager(nc);
  const before = (await jsm.streams.info("AETHER_default")).state.last_seq;
  for (const [i, event] of history.entries()) {
    const { sequence, duplicate } = await store.saveEvent(event);
    assertEquals([sequence, duplicate], [i + 1, true]);
  }
  const { sequence, duplicate } = await store.saveEvents(history);
  assertEquals([sequence, duplicate], [history.length, true]);
  const later = history.map((event) => ({
    ...event,
    timestamp: "2031-01-01T00:00:00Z",
  }));
  assertEquals(
    (await store.saveEvents(later.toReversed().slice(0, 1))).duplicate,
    true,
  );
  assertEquals((await store.saveEvents(later)).duplicate, true);
  const after = (await jsm.streams.info("AETHER_default")).state.last_seq;
  assertEquals(after, before);
}

test("saveEvent() finds a duplicate long after the duplicate window", async ({ server, nc, open }) => {
  const store = await open(short);
  await saveLongAgo(store, nc);
  await assertAllStored(store, server);
  // From elsewhere, by an instance that has seen nothing.
  await assertAllStored(await open(), server);
  // By one that has seen the end of each history.
  const reader = await open();
  for (const actorId of ["a", "b", "c"]) await reader.getLatestVersion(actorId);
  await assertAllStored(reader, server);
});

test("saveEvent() finds a duplicate after the server was killed", async ({ server, nc, open }) => {
  const store = await open(short);
  await saveLongAgo(store, nc);
  await server.kill();
  await server.restart();
  await assertAllStored(store, server);
  await assertAllStored(await open(), server);
  await store.saveEvent(makeEvent("a", 6), { expectedVersion: 5 });
});

test("saveEvent() finds a duplicate after server and client were restarted within the window", async ({ server, open }) => {
  const store = await open();
  for (const event of history) await store.saveEvent(event);
  await store.close();
  await server.restart();
  await assertAllStored(await open(), server);
});

test("saveEvents() saves the rest when a part was stored long ago", async ({ server, nc, open }) => {
  await saveLongAgo(await open(short), nc);
  await server.restart();
  const store = await open();
  const rest = [...makeEvents("a", 6, 7), makeEvent("d", 1)];
  const batch = [
    ...history.slice(1, 3),
    ...rest.slice(0, 2),
    ...history.slice(5),
    ...rest.slice(2),
  ];
  const result = await store.saveEvents(batch);
  assertEquals(result.duplicate, false);
  assertEquals(result.versions, new Map([["a", 7], ["c", 7], ["d", 1]]));
  await assertHistory(store, "a", [
    ...history.slice(0, 3),
    ...rest.slice(0, 2),
  ]);
  await assertHistory(store, "c", history.slice(5));
  await assertHistory(store, "d", rest.slice(2));
  assertEquals((await store.saveEvents(batch)).duplicate, true);
});

test("saveEvents() stores an import once when it is run again long after", async ({ nc, open }) => {
  const rows = upTo(200).flatMap((i) => makeEvents(`case.${i}`, 1, 2, 3, 4, 5));
  const store = await open(short);
  // Cut off half way, in the middle of actors.
  for (let i = 0; i < 500; i += 125) {
    await store.saveEvents(rows.slice(i, i + 125));
  }
  await saveLongAgo(store, nc);
  const again = await open();
  const fresh: boolean[] = [];
  for (let i = 0; i < rows.length; i += 100) {
    const { duplicate } = await again.saveEvents(rows.slice(i, i + 100));
    fresh.push(!duplicate);
  }
  assertEquals(fresh, upTo(10).map((i) => i > 5));
  const third = await open();
  const results = await Promise.all(
    rows.map((event) => third.saveEvent(event)),
  );
  assertEquals(results.every(({ duplicate }) => duplicate), true);
  const items = await collect(
    third.subscribe({ live: false, actors: "case.*" }),
  );
  assertEquals(items.map(({ event }) => event), rows);
});

test("saveEvents() stores a batch once when several clients save it at once", async ({ open }) => {
  const stores = await Promise.all(upTo(5).map(() => open()));
  const results = await Promise.all(
    stores.flatMap((store) => [
      store.saveEvents(history),
      store.saveEvents(history),
    ]),
  );
  const first = results.filter(({ duplicate }) => !duplicate);
  assertEquals(first.length, 1);
  for (const { sequence } of results) assertEquals(sequence, history.length);
  const items = await collect(stores[0]!.subscribe({ live: false }));
  assertEquals(items.map(({ event }) => event), history);
});

test("saveEvents() names where an id is taken when that was within the window", async ({ open }) => {
  const store = await open();
  await store.saveEvents(history);
  const taken = history[2]!; // version 5 of actor "a", at sequence 3
  const stored = { storedVersion: 5, storedSequence: 3 };
  const others = [
    { ...taken, actorId: "new" },
    { ...taken, actorId: "c", version: 8 },
    { ...taken, version: 6 },
    { ...taken, version: 6, actorId: "b", eventType: "Another" },
  ];
  for (const other of others) {
    const { id: eventId, actorId } = other;
    for (const each of [store, await open()]) {
      for (
        const save of [
          () => each.saveEvent(other),
          () => each.saveEvents([makeEvent("x", 1), other]),
          () => each.saveEvents([makeEvent("x", 1), other, makeEvent("y", 1)]),
          () => each.saveEvents([...makeEvents("z", 1, 2), other]),
        ]
      ) {
        await assertRefusedAtOnce(
          save,
          DuplicateEventError,
          { eventId, actorId, ...stored },
          "version 5",
          '"a"',
          "sequence 3",
        );
      }
    }
  }
  const items = await collect(store.subscribe({ live: false }));
  assertEquals(items.map(({ event }) => event), history);
});

test("saveEvent() knows an actor's own events when the window is over", async ({ server, nc, open }) => {
  const store = await open(short);
  await saveLongAgo(store, nc);
  for (const each of [store, await open()]) {
    const [first, second] = history as [Event, Event];
    // Another event by its name, in its place.
    await assertRefusedAtOnce(
      () => each.saveEvent({ ...second, eventType: "Another" }),
      VersionConflictError,
      { attemptedVersion: 2, currentVersion: 5 },
    );
    // By another's name, in the place of the first: a conflict in any case.
    await assertRefusedAtOnce(
      () => each.saveEvent({ ...first, id: crypto.randomUUID() }),
      VersionConflictError,
      { currentVersion: 5 },
    );
  }
  // Taken by another actor since, it still is the first one's.
  const again = { ...history[0]!, actorId: "later" };
  assertEquals((await store.saveEvent(again)).duplicate, false);
  await assertAllStored(store, server);
  await assertAllStored(await open(), server);
});
