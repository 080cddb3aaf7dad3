/** Messages that somebody else has put into the stream. */

import { jetstream, type JetStreamClient } from "@nats-io/jetstream";
import { headers, type MsgHdrs, type NatsConnection } from "@nats-io/nats-core";
import { assert, assertEquals, assertMatch } from "@std/assert";
import { ReplayError, VersionConflictError } from "../../store/errors.ts";
import type { Event } from "../../event/event.ts";
import type { EventStore, ReadEventsOptions } from "../../store/event_store.ts";
import {
  JetStreamEventStore,
  type JetStreamEventStoreOptions,
} from "../../store/jetstream/jetstream_event_store.ts";
import {
  assertErrorIs,
  collect,
  makeEvent,
  makeEvents,
  reasonOf,
  upTo,
} from "../support/contract/helpers.ts";
import { freshNamespace } from "../support/jetstream_backend.ts";
import {
  asJson,
  type Message,
  misplaced,
  unreadable,
} from "../support/malformed_messages.ts";
import { compareVersions } from "../support/nats_binary.ts";
import { connect } from "../support/nats_connect.ts";
import { NatsServer } from "../support/nats_server.ts";
import { assertRefusedAtOnce } from "../support/refusals.ts";

const idOf = ({ id }: Event) => id;

const EXPECTED = "Nats-Expected-Last-Subject-Sequence";

let server: NatsServer;
let nc: NatsConnection;
let js: JetStreamClient;

Deno.test.beforeAll(async () => {
  server = await NatsServer.start();
  nc = await connect(server);
  js = jetstream(nc);
});

Deno.test.afterAll(async () => {
  await nc?.close();
  await server?.[Symbol.asyncDispose]();
});

interface Setting {
  /** Has saved actor "a" up to version 2. */
  readonly warm: JetStreamEventStore;
  readonly events: Event[];
  /** What the subjects of all actors begin with. */
  readonly root: string;
  readonly open: (
    options?: JetStreamEventStoreOptions,
  ) => Promise<JetStreamEventStore>;
  /** Puts a message where actor "a" has its events; resolves to its sequence. */
  readonly put: (message: Message, subject?: string) => Promise<number>;
}

async function withHistory(
  body: (setting: Setting) => Promise<void>,
): Promise<void> {
  await using stack = new AsyncDisposableStack();
  const namespace = freshNamespace();
  const root = `aether.events.${namespace}`;
  const open = async (options: JetStreamEventStoreOptions = {}) =>
    stack.use(await JetStreamEventStore.open(nc, { namespace, ...options }));
  const put = async ({ data, headers }: Message, subject = "a") => {
    return (await js.publish(
      `${root}.${subject}`,
      data,
      headers && { headers },
    )).seq;
  };
  const warm = await open();
  const events = makeEvents("a", 1, 2);
  for (const event of events) await warm.saveEvent(event);
  await body({ warm, events, root, open, put });
}

/** Reads go on by every way, and report what they could not read. */
async function assertReads(
  store: EventStore,
  events: readonly Event[],
  malformed: ReadonlyMap<number, Message>,
): Promise<void> {
  assertEquals(await store.getEvents("a"), [...events]);
  const latest = events.at(-1)?.version ?? 0;
  assertEquals(await store.getLatestVersion("a"), latest);
  const consistency = "eventual";
  assertEquals(await store.getEvents("a", { consistency }), [...events]);
  const direction = "backward";
  assertEquals(
    await collect(store.readEvents("a", { direction })),
    events.toReversed(),
  );
  assertEquals(
    await collect(store.readEvents("a", { direction, limit: 1 })),
    events.slice(-1),
  );
  assertEquals(await store.getEvents("a", latest), events.slice(-1));
  const replayed = await store.getEventsWithErrors("a");
  assertEquals(replayed.events, [...events]);
  assertEquals(replayed.hasErrors, malformed.size > 0);
  assertEquals(replayed.truncated, false);
  assertEquals(
    replayed.errors.map(({ sequence }) => sequence),
    [...malformed.keys()],
  );
  for (const error of replayed.errors) {
    const { data } = malformed.get(error.sequence)!;
    assertErrorIs(error, ReplayError);
    assertEquals(error.rawData, data);
    assert(error.cause instanceof Error);
    assert(error.message.includes(`sequence ${error.sequence}`));
  }
}

for (const [what, message] of Object.entries({ ...unreadable, ...misplaced })) {
  Deno.test(`a store goes on when the last message ${what}`, () =>
    withHistory(async ({ warm, events, open, put }) => {
      const malformed = new Map([[await put(message), message]]);
      const [cold, newcomer] = [await open(), await open()];
      assertEquals(await newcomer.getEvents("a", 2), events.slice(-1));
      for (const store of [cold, warm]) {
        await assertReads(store, events, malformed);
        assertEquals((await store.saveEvent(events[1]!)).duplicate, true);
      }
      // Each finds the version right: knowing, and not knowing what was put.
      for (const store of [warm, await open(), cold]) {
        const version = events.length + 1;
        for (const taken of [1, version - 1]) {
          await assertRefusedAtOnce(
            () => store.saveEvent(makeEvent("a", taken)),
            VersionConflictError,
            { currentVersion: version - 1 },
          );
        }
        const next = makeEvent("a", version);
        await store.saveEvent(next, { expectedVersion: version - 1 });
        events.push(next);
        await assertReads(store, events, malformed);
        malformed.set(await put(message), message);
      }
      const batch = makeEvents("a", events.length + 1, events.length + 2);
      await (await open()).saveEvents([...batch, makeEvent("b", 1)], {
        expectedVersions: new Map([["a", events.length]]),
      });
      events.push(...batch);
      for (const store of [warm, cold, await open()]) {
        await assertReads(store, events, malformed);
      }
    }));
}

Deno.test("a store that knows an actor is not led back by messages of lower versions", () =>
  withHistory(async ({ warm, events, put }) => {
    const more = makeEvents("a", 3, 4, 5, 6);
    await warm.saveEvents(more);
    events.push(...more);
    const foreign = (version: number, ...entries: [string, string][]) => {
      const hdrs = headers();
      for (const [name, value] of entries) hdrs.set(name, value);
      return put({ ...asJson(makeEvent("a", version)), headers: hdrs });
    };
    const check = async () => {
      for (const from of [7, 6, 5, 3, 1]) {
        const expected = events.filter(({ version }) => version >= from);
        assertEquals(await warm.getEvents("a", from), expected);
      }
      assertEquals(await warm.getLatestVersion("a"), events.length);
    };
    await foreign(3, ["Aether-Save", "x"]); // as if it were a save
    await check();
    await foreign(6, ["Aether-Save", "x"], ["Aether-Trail", "6;6"]);
    await check();
    const last = await foreign(3);
    await foreign(4, [EXPECTED, String(last)]); // above the one before
    await check();
    const next = makeEvent("a", 7);
    await warm.saveEvent(next, { expectedVersion: 6 });
    events.push(next);
    await check();
  }));

/** Puts an event that is expected where it comes, as another client may. */
async function putBehind(
  { put }: Setting,
  version: number,
  sequence: number,
): Promise<number> {
  const hdrs = headers();
  hdrs.set(EXPECTED, String(sequence));
  return await put({ ...asJson(makeEvent("a", version)), headers: hdrs });
}

Deno.test("a store that knows nothing is not misled by versions that fall and rise again", () =>
  withHistory(async (setting) => {
    const { warm, events, open } = setting;
    const more = makeEvents("a", 4, 6, 8);
    let { sequence } = await warm.saveEvents(more);
    events.push(...more);
    for (const version of [3, 5, 7]) {
      sequence = await putBehind(setting, version, sequence);
      assertEquals(await (await open()).getLatestVersion("a"), 8);
      assertEquals(await (await open()).getEvents("a"), events);
    }
    const cold = await open();
    await assertRefusedAtOnce(
      () => cold.saveEvent(makeEvent("a", 7)),
      VersionConflictError,
      { currentVersion: 8 },
    );
    const next = makeEvent("a", 9);
    await (await open()).saveEvent(next, { expectedVersion: 8 });
    events.push(next);
    assertEquals(await (await open()).getEvents("a", 5), events.slice(3));
  }));

Deno.test("an event that followed a malformed message followed no version", () =>
  withHistory(async ({ open, put }) => {
    await put({ data: new Uint8Array([0x78]) }, "b");
    const first = makeEvent("b", 5);
    await (await open()).saveEvent(first, { expectedVersion: 0 });
    for (const store of [await open(), await open()]) {
      const again = await store.saveEvent(first, { expectedVersion: 0 });
      assertEquals(again.duplicate, true);
      await assertRefusedAtOnce(
        () => store.saveEvent(first, { expectedVersion: 3 }),
        VersionConflictError,
        { currentVersion: 5, expectedVersion: 3 },
      );
    }
  }));

Deno.test("what another subject was expected at says nothing of an actor's versions", () =>
  withHistory(async ({ warm, events, open, put, root }) => {
    const more = makeEvents("a", 4, 6);
    await warm.saveEvents(more);
    events.push(...more);
    const hdrs = headers();
    hdrs.set(EXPECTED, "0");
    hdrs.set(`${EXPECTED}-Subject`, `${root}.b`);
    await put({ ...asJson(makeEvent("a", 3)), headers: hdrs });
    assertEquals(await (await open()).getLatestVersion("a"), 6);
    await assertRefusedAtOnce(
      async () => await (await open()).saveEvent(makeEvent("a", 5)),
      VersionConflictError,
      { currentVersion: 6 },
    );
    assertEquals(await (await open()).getEvents("a"), events);
  }));

Deno.test("a search for a version is not misled by others that fall", () =>
  withHistory(async (setting) => {
    const { warm, events, open } = setting;
    for (let i = 0; i < 8; i++) {
      const first = events.length + 1;
      const more = makeEvents("a", ...upTo(100).map((n) => first + n - 1));
      const { sequence } = await warm.saveEvents(more);
      events.push(...more);
      await putBehind(setting, 1 + i, sequence);
    }
    for (let from = 201; from <= events.length; from += 7) {
      // One that knows the actor's end, without a trail, and nothing else.
      const cold = await open();
      const found = await cold.getEvents("a", from);
      // Whole events take longer to compare than to read.
      assertEquals(found.map(idOf), events.slice(from - 1).map(idOf));
    }
  }));

for (const [what, message] of Object.entries(unreadable)) {
  Deno.test(`a subscription tells of a message when it ${what}`, () =>
    withHistory(async ({ warm, events, put }) => {
      const sequence = await put(message);
      const next = makeEvent("a", 3);
      await warm.saveEvent(next);
      const other = makeEvent("b", 1);
      await warm.saveEvent(other);
      for (const live of [true, false]) {
        const seen: Event[] = [];
        const subscription = warm.subscribe({ live });
        const reason = await reasonOf(async () => {
          for await (const { event } of subscription) seen.push(event);
        });
        assertErrorIs(reason, ReplayError, { sequence });
        assertMatch(
          (reason as ReplayError).message,
          /^The message at sequence \d+ is no event of actor "a": .*; to skip it, return "continue" from onReplayError$/s,
        );
        assertEquals((reason as ReplayError).rawData, message.data);
        assertEquals(seen, events);
        // What was told of is not passed.
        const after = subscription.checkpoint;
        const again = await reasonOf(() =>
          collect(warm.subscribe({ live, after }))
        );
        assertErrorIs(again, ReplayError, { sequence });
      }
      const told: number[] = [];
      const onReplayError = (error: ReplayError) => {
        told.push(error.sequence);
        return "continue" as const;
      };
      const items = await collect(
        warm.subscribe({ live: false, onReplayError }),
      );
      assertEquals(items.map(({ event }) => event), [...events, next, other]);
      assertEquals(told, [sequence]);
      // Where the filter leaves its subject out, it is nobody's business.
      const onlyB = { live: false, actors: "b" };
      const rest = await collect(warm.subscribe(onlyB));
      assertEquals(rest.map(({ event }) => event), [other]);
    }));
}

Deno.test("reads tell onReplayError of what lies among their events, once each", () =>
  withHistory(async ({ warm, events, open, put }) => {
    const [junk] = Object.values(unreadable);
    const low = asJson({ ...makeEvent("a", 2), id: "below" });
    const malformed = [await put(junk!)];
    const third = makeEvent("a", 3);
    await warm.saveEvent(third);
    malformed.push(await put(low), await put(junk!));
    const all = [...events, third];
    const read = async (
      store: EventStore,
      options: ReadEventsOptions,
    ): Promise<[number[], number[]]> => {
      const told: number[] = [];
      const onReplayError = (error: ReplayError) => {
        assertErrorIs(error, ReplayError);
        told.push(error.sequence);
        return "continue" as const;
      };
      const got = await store.getEvents("a", { ...options, onReplayError });
      const found = told.length;
      const each = store.readEvents("a", { ...options, onReplayError });
      assertEquals(await collect(each), got);
      assertEquals(told.slice(found), told.slice(0, found));
      return [
        got.map(({ version }) => version),
        told.slice(0, found).sort((a, b) => a - b),
      ];
    };
    const direction = "backward";
    const rows: [ReadEventsOptions, number[], number[]][] = [
      [{}, [1, 2, 3], malformed],
      [{ direction }, [3, 2, 1], malformed],
      [{ fromVersion: 2 }, [2, 3], malformed],
      [{ fromVersion: 3 }, [3], malformed],
      [{ fromVersion: 4 }, [], malformed.slice(1)],
      [{ fromVersion: 9 }, [], malformed.slice(1)],
      [{ fromVersion: 4, direction }, [], malformed.slice(1)],
      [{ toVersion: 2 }, [1, 2], []],
      [{ toVersion: 2, direction }, [2, 1], []],
      [{ toVersion: 3 }, [1, 2, 3], malformed.slice(0, 1)],
      [{ limit: 2 }, [1, 2], []],
      [{ limit: 3 }, [1, 2, 3], malformed.slice(0, 1)],
    ];
    for (const consistency of ["strong", "eventual"] as const) {
      for (const store of [warm, await open()]) {
        for (const [options, versions, told] of rows) {
          assertEquals(
            await read(store, { ...options, consistency }),
            [versions, told],
            JSON.stringify(options),
          );
        }
      }
    }
    const onReplayError = () => "fail" as const;
    for (const options of [{}, { fromVersion: 4 }, { direction } as const]) {
      for (const store of [warm, await open()]) {
        const reason = await reasonOf(() =>
          store.getEvents("a", { ...options, onReplayError })
        );
        assertErrorIs(reason, ReplayError);
        const clean = { toVersion: 2, onReplayError };
        assertEquals(await store.getEvents("a", clean), all.slice(0, 2));
      }
    }
    // What is saved behind it is found, and goes on being told of.
    const fourth = makeEvent("a", 4);
    await warm.saveEvent(fourth);
    for (const store of [warm, await open()]) {
      assertEquals(await read(store, {}), [[1, 2, 3, 4], malformed]);
      const tail = malformed.slice(1);
      assertEquals(await read(store, { fromVersion: 4 }), [[4], tail]);
      assertEquals(await read(store, { fromVersion: 5 }), [[], []]);
    }
  }));

Deno.test("reads tell onReplayError of a message in any page of a long history", () =>
  withHistory(async ({ warm, open, put }) => {
    const count = 2_500;
    const malformed: number[] = [];
    const [junk] = Object.values(unreadable);
    for (let next = 3; next <= count; next += 500) {
      await warm.saveEvents(
        upTo(500).map((i) => makeEvent("a", next + i - 1)),
      );
      malformed.push(await put(junk!));
    }
    for (const store of [warm, await open()]) {
      for (const fromVersion of [0, 700, 1_503, 2_400]) {
        const told: number[] = [];
        const onReplayError = (error: ReplayError) => {
          told.push(error.sequence);
          return "continue" as const;
        };
        const options = { fromVersion, onReplayError };
        const events = await store.getEvents("a", options);
        assertEquals(events.length, count + 2 - Math.max(0, fromVersion - 1));
        const expected = malformed.filter((_, i) =>
          2 + (i + 1) * 500 >= fromVersion - 1
        );
        assertEquals(told, expected, String(fromVersion));
      }
    }
  }));

Deno.test("an actor begins at version 1 when all it has is malformed", () =>
  withHistory(async ({ warm, open, put }) => {
    const all = Object.values(unreadable).filter(({ data }) =>
      !new TextDecoder().decode(data).includes('"actorId":"b"')
    );
    for (const message of all) await put(message, "b");
    for (const store of [warm, await open()]) {
      assertEquals(await store.getEvents("b"), []);
      assertEquals(await store.getLatestVersion("b"), 0);
      const { errors } = await store.getEventsWithErrors("b");
      assertEquals(errors.length, all.length);
    }
    const first = makeEvent("b", 1);
    await (await open()).saveEvent(first, { expectedVersion: 0 });
    assertEquals(await warm.getEvents("b"), [first]);
  }));

Deno.test("a store finds the version when thousands of malformed messages follow", () =>
  withHistory(async ({ warm, events, open, put }) => {
    await Promise.all(
      upTo(2_500).map(() => put({ data: new Uint8Array([0x78]) })),
    );
    const cold = await open();
    const next = makeEvent("a", 3);
    await cold.saveEvent(next, { expectedVersion: 2 });
    for (const store of [warm, cold, await open()]) {
      assertEquals(await store.getLatestVersion("a"), 3);
      assertEquals(await store.getEvents("a"), [...events, next]);
      const { errors } = await store.getEventsWithErrors("a");
      assertEquals(errors.length, 2_500);
    }
  }));

Deno.test("messages under subjects that no actor has are nobody's events", () =>
  withHistory(async ({ warm, events, open, put }) => {
    const subjects: Record<string, string> = {
      "=61": "a",
      "a=2Eb": "a.b",
      "=2e": ".",
      "=FF": "\u{FFFD}",
      "=": "=",
      "b=6": "b",
      "b!": "b!",
    };
    for (const [subject, actorId] of Object.entries(subjects)) {
      await put(asJson(makeEvent(actorId, 9)), subject);
    }
    for (const store of [warm, await open()]) {
      assertEquals(await store.getEvents("a"), events);
      for (const actorId of Object.values(subjects)) {
        if (actorId === "a") continue;
        assertEquals(await store.getEvents(actorId), [], actorId);
        assertEquals(await store.getLatestVersion(actorId), 0);
      }
      const errors: ReplayError[] = [];
      const items = await collect(store.subscribe({
        live: false,
        onReplayError(error) {
          errors.push(error);
          return "continue";
        },
      }));
      assertEquals(items.map(({ event }) => event), events);
      assertEquals(errors.length, Object.keys(subjects).length);
    }
  }));

Deno.test("subscribe() catches up when another client has closed the last batch in its own way", () =>
  withHistory(async ({ warm, events, root }) => {
    // Older servers know one way to close a batch.
    if (compareVersions(server.version, "2.14.0") < 0) return;
    const next = makeEvents("a", 3, 4);
    const subject = `${root}.a`;
    const batchId = crypto.randomUUID();
    const inBatch = (position: number, commit = ""): MsgHdrs => {
      const own = headers();
      own.set("Nats-Batch-Id", batchId);
      own.set("Nats-Batch-Sequence", String(position));
      if (commit) own.set("Nats-Batch-Commit", commit);
      return own;
    };
    for (const [i, event] of next.entries()) {
      nc.publish(subject, JSON.stringify(event), { headers: inBatch(i + 1) });
    }
    await js.publish(subject, "", { headers: inBatch(3, "eob") });
    const began = performance.now();
    const items = await collect(warm.subscribe({ live: false }));
    assertEquals(items.map(({ event }) => event), [...events, ...next]);
    assert(performance.now() - began < 5_000);
  }));
