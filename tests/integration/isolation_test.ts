/** Nothing that is passed to a store reaches another namespace. */

import { type JetStreamManager, jetstreamManager } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/nats-core";
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  CheckpointError,
  DuplicateEventError,
  VersionConflictError,
} from "../../store/errors.ts";
import type { Event } from "../../event/event.ts";
import type { EventStore } from "../../store/event_store.ts";
import { JetStreamEventStore } from "../../store/jetstream/jetstream_event_store.ts";
import { anyCharacter } from "../support/any_character.ts";
import { collect, makeEvent } from "../support/contract/helpers.ts";
import { oddActorIds } from "../support/contract/limits.ts";
import { connect } from "../support/nats_connect.ts";
import { NatsServer } from "../support/nats_server.ts";

let server: NatsServer;
let nc: NatsConnection;
let jsm: JetStreamManager;
let bait: JetStreamEventStore;
/** All that the bait was given, in order. */
const given: Event[] = [];

/** An event that says whose it is. */
function own(
  owner: string,
  actorId: string,
  version: number,
  overrides: Partial<Event> = {},
): Event {
  return makeEvent(actorId, version, { data: { owner }, ...overrides });
}

function snapshotOf(owner: string, actorId: string) {
  const timestamp = "2024-01-01T00:00:00Z";
  return { actorId, version: 1, state: { owner }, timestamp };
}

/** Gives the bait an actor with an event and a snapshot. */
async function give(event: Event): Promise<void> {
  await bait.saveEvent(event);
  given.push(event);
  await bait.saveSnapshot(snapshotOf("bait", event.actorId));
}

Deno.test.beforeAll(async () => {
  server = await NatsServer.start();
  nc = await connect(server);
  jsm = await jetstreamManager(nc);
  bait = await JetStreamEventStore.open(nc, { namespace: "bait" });
  for (const actorId of oddActorIds) await give(own("bait", actorId, 1));
});

Deno.test.afterAll(async () => {
  await bait?.[Symbol.asyncDispose]();
  await nc?.close();
  await server?.[Symbol.asyncDispose]();
});

/** What every write to the bait changes. */
async function stateOfBait(): Promise<unknown> {
  const names = ["AETHER_bait", "KV_AETHER_SNAPSHOTS_bait"];
  const infos = await Promise.all(names.map((name) => jsm.streams.info(name)));
  return infos.map(({ state, config, created }) => {
    const { consumer_count: _, ...stored } = state;
    return { stored, config, created };
  });
}

/** The bait is as it was given, by every way to read. */
async function assertBaitIsWhole(): Promise<void> {
  const items = await collect(bait.subscribe({ live: false }));
  assertEquals(items.map(({ event }) => event), given);
  for (const event of given) {
    assertEquals(await bait.getEvents(event.actorId), [event]);
    const snapshot = await bait.getLatestSnapshot(event.actorId);
    assertEquals(snapshot, snapshotOf("bait", event.actorId));
  }
}

/** Texts that would be somewhere else if they were not encoded. */
const hostile: fc.Arbitrary<string> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.array(
      fc.constantFrom(
        ...[".", "*", ">", "bait", "a", "=2E", "_2E", "=", "_", "-", "@"],
        ...["aether", "events", "aether.events.bait.a", "$JS.API.STREAM"],
        ...["AETHER_bait", "KV_AETHER_SNAPSHOTS_bait", "$KV", "_INBOX", "/"],
        ...[" ", "\t", "\n", "\r\n", "\0", "é", "\u{1F600}", "\ud800", "%2E"],
        ...[
          "\r\nPUB",
          "Nats-Expected-Last-Subject-Sequence: 0\r\n",
          " 2\r\n{}",
        ],
      ),
      { maxLength: 6 },
    ).map((parts) => parts.join("")),
  },
  { weight: 2, arbitrary: fc.string({ unit: anyCharacter }) },
  { weight: 1, arbitrary: fc.string({ unit: "grapheme" }) },
  { weight: 1, arbitrary: fc.constantFrom(...oddActorIds) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      "x\r\nPUB aether.events.bait.a 2\r\n{}\r\n",
      "a aether.events.bait.a",
      "../bait/a",
      "..bait.a",
      "bait.>",
      "*.a",
      ">",
    ),
  },
);

const refusals = [
  TypeError,
  RangeError,
  VersionConflictError,
  DuplicateEventError,
  CheckpointError,
];

/** What a call gives, or nothing if it refuses its arguments. */
async function attempt<T>(call: () => Promise<T>): Promise<T | undefined> {
  try {
    return await call();
  } catch (error) {
    if (refusals.some((refusal) => error instanceof refusal)) return undefined;
    throw error;
  }
}

/** Everything that a store can be asked with these texts is its own. */
async function assertOwn(
  store: EventStore,
  owner: string,
  texts: { actorId: string; id: string; type: string; pattern: string },
  after: string | undefined,
): Promise<void> {
  const { actorId, id, type, pattern } = texts;
  const assertAll = (events: readonly Event[] = []) => {
    for (const { data } of events) assertEquals(data, { owner });
  };
  const version = await attempt(() => store.getLatestVersion(actorId)) ?? 0;
  const next = own(owner, actorId, version + 1, { id, eventType: type });
  await attempt(() => store.saveEvent(next, { expectedVersion: version }));
  const batch = [own(owner, actorId, version + 2), own(owner, pattern, 1)];
  await attempt(() => store.saveEvents(batch));
  assertAll(await attempt(() => store.getEvents(actorId)));
  assertAll(await attempt(() => store.getEvents(pattern)));
  for (const direction of ["forward", "backward"] as const) {
    assertAll(
      await attempt(() => collect(store.readEvents(actorId, { direction }))),
    );
  }
  const replayed = await attempt(() => store.getEventsWithErrors(actorId));
  assertAll(replayed?.events);
  assertEquals(replayed?.errors ?? [], []);
  await attempt(() => store.saveSnapshot(snapshotOf(owner, actorId)));
  const snapshot = await attempt(() => store.getLatestSnapshot(actorId));
  if (snapshot) assertEquals(snapshot.state, { owner });
  for (const actors of [pattern, ">"]) {
    for (const eventTypes of [undefined, [type]]) {
      const items = await attempt(() =>
        collect(
          store.subscribe({
            live: false,
            after,
            actors,
            eventTypes,
          }),
        )
      );
      assertAll(items?.map(({ event }) => event));
    }
  }
}

Deno.test("no actor id, event, pattern or checkpoint reaches another namespace", async () => {
  await using store = await JetStreamEventStore.open(nc, {
    namespace: "hunter",
  });
  const checkpoints = (await collect(bait.subscribe({ live: false })))
    .map(({ checkpoint }) => checkpoint);
  await store.saveEvent(own("hunter", "a", 1));
  const [{ checkpoint: mine } = { checkpoint: "" }] = await collect(
    store.subscribe({ live: false }),
  );
  const checkpoint = fc.oneof(
    fc.constantFrom(undefined, ...checkpoints),
    fc.constantFrom(...checkpoints).map((text) =>
      text.replace("AETHER_bait", "AETHER_hunter")
    ),
    fc.nat(60).map((sequence) => mine.replace(/^\d+/, String(sequence))),
    fc.tuple(fc.nat(60), hostile).map(([sequence, text]) =>
      `${sequence}@${text}`
    ),
    hostile,
  );
  const { client_id } = nc.info!;
  await fc.assert(
    fc.asyncProperty(
      fc.record({
        actorId: hostile,
        id: hostile,
        type: hostile,
        pattern: hostile,
      }),
      checkpoint,
      async (texts, after) => {
        const known = given.some(({ actorId }) => actorId === texts.actorId);
        if (!known) {
          const event = own("bait", texts.actorId, 1);
          await attempt(() => give(event));
        }
        const before = await stateOfBait();
        await assertOwn(store, "hunter", texts, after);
        assertEquals(await stateOfBait(), before);
      },
    ),
    { numRuns: 150 },
  );
  await assertBaitIsWhole();
  const stored = await collect(store.subscribe({ live: false }));
  assert(stored.length > 50, `only ${stored.length} events were taken`);
  // Nothing made the server give up the connection.
  assertEquals(nc.info!.client_id, client_id);
});

Deno.test("no namespace reaches another one", async () => {
  const before = await stateOfBait();
  const streams = async () => {
    const names: string[] = [];
    for await (const { config } of jsm.streams.list()) names.push(config.name);
    return names;
  };
  const others = await streams();
  const namespaces = fc.oneof(
    { weight: 4, arbitrary: hostile },
    {
      weight: 1,
      arbitrary: fc.constantFrom(
        ...["BAIT", "Bait", "bait ", " bait", "bait.", ".bait", "bait.>", "*"],
        ...["bait\0", "bait\n", "bai_74", "bai=74", "b\u{61}it\u{301}", ">"],
        ...["SNAPSHOTS_bait", "_SNAPSHOTS_bait", "bait_", "_bait", "ba*t"],
      ),
    },
  ).filter((namespace) => namespace !== "bait");
  await fc.assert(
    fc.asyncProperty(namespaces, hostile, async (namespace, actorId) => {
      const store = await attempt(() =>
        JetStreamEventStore.open(nc, { namespace, storage: "memory" })
      );
      if (store === undefined) return;
      try {
        const texts = { actorId, id: "id", type: "Happened", pattern: ">" };
        await assertOwn(store, namespace, texts, undefined);
        for (const { actorId } of given.slice(0, 10)) {
          const event = own(namespace, actorId, 1, { id: given[0]!.id });
          await attempt(() => store.saveEvent(event));
          for (const { data } of await store.getEvents(actorId)) {
            assertEquals(data, { owner: namespace });
          }
        }
      } finally {
        await store.close();
      }
      assertEquals(await stateOfBait(), before);
      const made = (await streams()).filter((name) => !others.includes(name));
      assertEquals(made.length, 2);
      for (const name of made) {
        assert(/^(KV_AETHER_SNAPSHOTS|AETHER)_[A-Za-z0-9_-]+$/.test(name));
        await jsm.streams.delete(name);
      }
    }),
    { numRuns: 75 },
  );
  await assertBaitIsWhole();
});

Deno.test("no prefix reaches another namespace", async () => {
  const before = await stateOfBait();
  const invalid = hostile.filter((prefix) =>
    !/^[a-z][a-z0-9-]{0,31}$/.test(prefix)
  );
  await fc.assert(
    fc.asyncProperty(invalid, async (prefix) => {
      const options = { prefix, namespace: "bait" };
      const store = await attempt(() => JetStreamEventStore.open(nc, options));
      assertEquals(store, undefined);
    }),
    { numRuns: 200 },
  );
  for (const prefix of ["a", "kv", "aether-snapshots", "aether-2"]) {
    const options = { prefix, namespace: "bait" };
    await using store = await JetStreamEventStore.open(nc, options);
    assertEquals(await store.getEvents("a"), []);
    await store.saveEvent(own(prefix, "a", 1));
  }
  assertEquals(await stateOfBait(), before);
  await assertBaitIsWhole();
});
