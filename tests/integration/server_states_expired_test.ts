/** Actors and subscriptions whose events have expired. */

import { assert, assertEquals } from "@std/assert";
import { CheckpointError, VersionConflictError } from "../../store/errors.ts";
import type { EventStore, StoredEvent } from "../../store/event_store.ts";
import {
  assertErrorIs,
  assertHistory,
  collect,
  makeEvent,
  makeEvents,
  Reader,
  reasonOf,
  upTo,
} from "../support/contract/helpers.ts";
import { ExpiringStream } from "../support/expiring_stream.ts";
import { connect } from "../support/nats_connect.ts";
import { assertRefusedAtOnce, refusalOf } from "../support/refusals.ts";
import { TcpProxy } from "../support/tcp_proxy.ts";

const snapshotOf = (version: number) => ({
  actorId: "a",
  version,
  state: { version },
  timestamp: "2024-01-01T00:00:00Z",
});

function test(
  name: string,
  body: (stream: ExpiringStream) => Promise<void>,
): void {
  Deno.test(name, async () => {
    await using stream = await ExpiringStream.start();
    await body(stream);
  });
}

/** The actor has no events, by every way to look. */
async function assertNone(store: EventStore): Promise<void> {
  await assertHistory(store, "a", []);
  assertEquals(await collect(store.readEvents("a", { fromVersion: 2 })), []);
  const direction = "backward";
  assertEquals(await collect(store.readEvents("a", { direction })), []);
  const { events, errors } = await store.getEventsWithErrors("a");
  assertEquals([events, errors], [[], []]);
  assertEquals(await store.getLatestSnapshot("a"), undefined);
}

test("a subscription from the end begins there when all events have expired", async (stream) => {
  await using store = await stream.open();
  await store.saveEvents(makeEvents("a", 1, 2, 3));
  await stream.expireAll();
  await using live = store.subscribe({ after: "end" });
  await live.caughtUp;
  await using resumed = store.subscribe({ after: live.checkpoint! });
  await using all = store.subscribe();
  await Promise.all([resumed.caughtUp, all.caughtUp]);
  const anew = makeEvent("a", 1);
  await store.saveEvent(anew);
  for (const subscription of [live, resumed, all]) {
    const items = await new Reader(subscription).take(1);
    assertEquals(
      items.map(({ event, sequence }) => ({ event, sequence })),
      [{ event: anew, sequence: 4 }],
    );
  }
});

test("a subscription from the beginning can be resumed when all events have expired", async (stream) => {
  await using store = await stream.open();
  await store.saveEvents(makeEvents("a", 1, 2, 3));
  await stream.expireAll();
  const all = store.subscribe({ live: false });
  assertEquals(await collect(all), []);
  const after = all.checkpoint!;
  assertEquals(await collect(store.subscribe({ after, live: false })), []);
  const anew = makeEvent("a", 1);
  await store.saveEvent(anew);
  const items = await collect(store.subscribe({ after, live: false }));
  assertEquals(items.map(({ event }) => event), [anew]);
});

test("an actor begins anew at version 1 when all its events have expired", async (stream) => {
  await using store = await stream.open();
  await using stale = await stream.open();
  await store.saveEvents(makeEvents("a", 1, 2, 3));
  await store.saveSnapshot(snapshotOf(3));
  assertEquals(await stale.getLatestVersion("a"), 3);
  await stream.expireAll();
  await using cold = await stream.open();
  for (const each of [store, cold]) await assertNone(each);
  const anew = makeEvent("a", 1);
  const { duplicate } = await store.saveEvent(anew, { expectedVersion: 0 });
  assertEquals(duplicate, false);
  for (const each of [cold, stale, store]) {
    await assertHistory(each, "a", [anew]);
    assertEquals(await each.getLatestSnapshot("a"), undefined);
    const { truncated } = await each.getEventsWithErrors("a");
    assertEquals(truncated, false);
  }
});

test("an instance that knows what has expired finds the actor's new life, whatever it asks first", async (stream) => {
  await using store = await stream.open();
  await store.saveEvents(makeEvents("a", 1, 2, 3));
  const calls: ((stale: EventStore) => Promise<unknown>)[] = [
    (stale) => stale.getLatestVersion("a"),
    (stale) => stale.getLatestVersions(["a", "b"]),
    (stale) => stale.getEvents("a", 3),
    (stale) => stale.getEvents("a", 4),
    (stale) => stale.saveEvent(makeEvent("a", 2), { expectedVersion: 1 }),
  ];
  const stales: EventStore[] = [];
  for (const _ of calls) {
    const stale = await stream.open();
    assertEquals(await stale.getLatestVersion("a"), 3);
    stales.push(stale);
  }
  await stream.expireAll();
  const anew = makeEvent("a", 1);
  await store.saveEvent(anew);
  const versions = [1, new Map([["a", 1], ["b", 0]]), [], []];
  for (const [i, stale] of stales.entries()) {
    await using _ = stale;
    const result = await calls[i]!(stale);
    if (i < versions.length) assertEquals(result, versions[i]);
    const latest = i < versions.length ? 1 : 2;
    assertEquals(await stale.getLatestVersion("a"), latest);
    assertEquals((await stale.getEvents("a"))[0], anew);
  }
});

test("saveEvent() begins anew when an instance knows what has expired", async (stream) => {
  await using store = await stream.open();
  await using other = await stream.open();
  await store.saveEvents([...makeEvents("a", 1, 2), ...makeEvents("b", 1, 2)]);
  assertEquals(await other.getLatestVersion("a"), 2);
  assertEquals(await other.getLatestVersion("b"), 2);
  await stream.expireAll();
  const first = [makeEvent("a", 1), makeEvent("b", 1)];
  await store.saveEvent(first[0]!, { expectedVersion: 0 });
  const expectedVersions = new Map([["b", 0]]);
  await other.saveEvents([first[1]!], { expectedVersions });
  for (const each of [store, other]) {
    for (const event of first) {
      await assertHistory(each, event.actorId, [event]);
      const reason = await reasonOf(() =>
        each.saveEvent(makeEvent(event.actorId, 1))
      );
      const properties = { currentVersion: 1, attemptedVersion: 1 };
      assertErrorIs(reason, VersionConflictError, properties);
    }
  }
});

test("getEvents() gives what is left when older events have expired", async (stream) => {
  await using store = await stream.open();
  await store.saveEvent(makeEvent("a", 1));
  await store.saveEvent(makeEvent("a", 2));
  await store.saveEvent(makeEvent("b", 1));
  const left = makeEvents("a", 3, 5);
  await stream.expireBefore(async () => {
    for (const event of left) await store.saveEvent(event);
  });
  await using cold = await stream.open();
  for (const each of [store, cold]) {
    await assertHistory(each, "a", left);
    const replayed = await each.getEventsWithErrors("a");
    assertEquals(replayed.events, left);
    assertEquals([replayed.truncated, replayed.hasErrors], [true, false]);
    const direction = "backward";
    assertEquals(
      await collect(each.readEvents("a", { direction })),
      left.toReversed(),
    );
    assertEquals(await each.getEvents("a", 4), left.slice(1));
    for (const version of [1, 2, 4]) {
      const reason = await reasonOf(() =>
        each.saveEvent(makeEvent("a", version))
      );
      assertErrorIs(reason, VersionConflictError, { currentVersion: 5 });
    }
  }
  await cold.saveEvent(makeEvent("a", 6), { expectedVersion: 5 });
});

test("getLatestSnapshot() gives a snapshot when only what it contains has expired", async (stream) => {
  await using store = await stream.open();
  for (const event of makeEvents("a", 1, 2)) await store.saveEvent(event);
  await store.saveSnapshot(snapshotOf(2));
  await stream.expireBefore(() => store.saveEvent(makeEvent("a", 3)));
  await using cold = await stream.open();
  for (const each of [store, cold]) {
    assertEquals(await each.getLatestSnapshot("a"), snapshotOf(2));
    assertEquals((await each.getEvents("a", 3)).length, 1);
  }
});

test("getLatestSnapshot() gives none when an event after it has expired", async (stream) => {
  await using store = await stream.open();
  for (const event of makeEvents("a", 1, 2, 3)) await store.saveEvent(event);
  await store.saveSnapshot(snapshotOf(2));
  await stream.expireBefore(() => store.saveEvent(makeEvent("a", 4)));
  await using cold = await stream.open();
  for (const each of [store, cold]) {
    assertEquals(await each.getLatestSnapshot("a"), undefined);
    assertEquals((await each.getEventsWithErrors("a")).truncated, true);
  }
});

test("getLatestSnapshot() gives none when it is of an earlier life of the actor", async (stream) => {
  await using store = await stream.open();
  await store.saveEvents(makeEvents("a", 1, 2, 3));
  await store.saveSnapshot(snapshotOf(2));
  await stream.expireAll();
  const anew = makeEvents("a", 1, 2, 3, 4);
  for (const event of anew) await store.saveEvent(event);
  await using cold = await stream.open();
  for (const each of [store, cold]) {
    assertEquals(await each.getLatestSnapshot("a"), undefined);
  }
  // One of this life replaces it, though its version is lower.
  await cold.saveSnapshot(snapshotOf(1));
  for (const each of [store, cold]) {
    assertEquals(await each.getLatestSnapshot("a"), snapshotOf(1));
  }
});

test("subscribe() fails when events after its checkpoint have expired", async (stream) => {
  await using store = await stream.open();
  await store.saveEvents([...makeEvents("a", 1, 2), makeEvent("b", 1)]);
  const items = await collect(store.subscribe({ live: false }));
  await stream.expireBefore(() => store.saveEvent(makeEvent("a", 3)));
  for (const [i, { checkpoint }] of items.entries()) {
    for (const filter of [undefined, { actors: "a" }, { actors: "c" }]) {
      for (const live of [true, false]) {
        const options = { after: checkpoint, ...filter, live };
        if (i < items.length - 1) {
          await assertRefusedAtOnce(
            () => collect(store.subscribe(options)),
            CheckpointError,
            { code: "expired", checkpoint },
            "expired",
          );
        } else if (!live) {
          // Nothing after it has expired.
          const rest = await collect(store.subscribe(options));
          assertEquals(rest.length, filter?.actors === "c" ? 0 : 1);
        }
      }
    }
  }
  // From the beginning is from what is left.
  assertEquals((await collect(store.subscribe({ live: false }))).length, 1);
});

/** More than a subscription reads ahead. */
const MANY = 4_000;

async function saveMany(store: EventStore): Promise<void> {
  for (let from = 0; from < MANY; from += 1_000) {
    const events = upTo(1_000).map((i) =>
      makeEvent(i % 2 ? "odd" : "even", from + i)
    );
    await store.saveEvents(events);
  }
}

for (
  const [what, options, each] of [
    ["live", {}, 1],
    ["bounded", { live: false }, 1],
    ["filtered", { actors: "odd" }, 2],
    ["bounded and filtered", { live: false, actors: "odd" }, 2],
  ] as const
) {
  for (const more of [true, false]) {
    const how = more ? "with more behind" : "up to the end";
    test(`a ${what} subscription fails when events expire ${how} before it reads them`, async (stream) => {
      await using store = await stream.open();
      await saveMany(store);
      await using reader = new Reader(store.subscribe(options));
      const first = await reader.next();
      await stream.expireAll();
      if (more) await store.saveEvents(makeEvents("odd", MANY + 1, MANY + 2));
      const items: StoredEvent[] = [first];
      const reason = await refusalOf(async () => {
        for (;;) items.push(await reader.next());
      }, 20_000);
      assert(reason instanceof CheckpointError, reason.message);
      assertEquals(reason.code, "expired");
      // All that came, came without a gap.
      const sequences = items.map(({ sequence }) => sequence);
      assertEquals(sequences, items.map((_, i) => 1 + i * each));
      assert(sequences.at(-1)! < MANY, `${items.length} events came`);
    });
  }
}

test("a subscription fails when events expire while it is cut off", async (stream) => {
  await using proxy = await TcpProxy.start({
    upstream: { port: stream.server.port },
  });
  await using nc = await connect(proxy);
  await using cutOff = await stream.open({}, nc);
  await using store = await stream.open();
  await store.saveEvents(makeEvents("a", 1, 2));
  const subscription = cutOff.subscribe();
  await using reader = new Reader(subscription);
  await reader.take(2);
  const { checkpoint } = subscription;
  const waiting = refusalOf(() => reader.next(), 20_000);
  proxy.cut();
  await proxy.refuse();
  await store.saveEvents(makeEvents("a", 3, 4));
  await stream.expireAll();
  await proxy.accept();
  const reason = await waiting;
  assert(checkpoint !== undefined);
  assertErrorIs(reason, CheckpointError, { code: "expired", checkpoint });
});

test("a live subscription goes on when all that it has read expires", async (stream) => {
  await using store = await stream.open();
  await store.saveEvents(makeEvents("a", 1, 2));
  await using reader = new Reader(store.subscribe());
  await reader.take(2);
  await stream.expireAll();
  const anew = makeEvent("a", 1);
  await store.saveEvent(anew);
  assertEquals((await reader.next()).event, anew);
});

Deno.test("a subscription that looks why there is a gap waits for its connection", async () => {
  await using stream = await ExpiringStream.start();
  const upstream = { port: stream.server.port };
  await using proxy = await TcpProxy.start({ upstream });
  await using nc = await connect(proxy);
  const readTimeout = 300;
  await using store = await stream.open({ readTimeout }, nc);
  await using writer = await stream.open();
  await writer.saveEvents(makeEvents("a", 1, 2, 3));
  await using reader = new Reader(store.subscribe());
  await reader.take(3);
  // More than a subscription takes ahead.
  for (let i = 0; i < 5; i++) {
    const versions = upTo(1_000).map((n) => 1_000 * i + n);
    await writer.saveEvents(makeEvents("b", ...versions));
  }
  await stream.expireAll();
  await writer.saveEvent(makeEvent("a", 4));
  const { publish } = nc;
  const dropped = new Promise<void>((resolve) => {
    nc.publish = (subject, ...rest) => {
      if (!subject.startsWith("$JS.API.STREAM.INFO.")) {
        return publish.call(nc, subject, ...rest);
      }
      nc.publish = publish;
      resolve();
    };
  });
  const ended = reasonOf(async () => {
    for (;;) await reader.next();
  });
  await dropped;
  await proxy.refuse();
  proxy.cut();
  await new Promise((resolve) => setTimeout(resolve, 3 * readTimeout));
  await proxy.accept();
  assertErrorIs(await ended, CheckpointError, { code: "expired" });
});

Deno.test("a store notices that its stream's owner lets events expire", async () => {
  await using stream = await ExpiringStream.start({ forever: true });
  await using store = await stream.open();
  const all = store.subscribe();
  const reader = new Reader(all);
  await store.saveEvents(makeEvents("a", 1, 2, 3));
  await store.saveSnapshot(snapshotOf(3));
  for (const version of [1, 2, 3]) {
    assertEquals((await reader.next()).event.version, version);
  }
  // More than a subscription takes ahead.
  for (let i = 0; i < 5; i++) {
    const versions = upTo(1_000).map((n) => 1_000 * i + n);
    await store.saveEvents(makeEvents("b", ...versions));
  }
  await stream.expireAll();
  const anew = makeEvents("a", 1, 2, 3, 4);
  await store.saveEvents(anew);
  const error = await reasonOf(async () => {
    for (let last = 3;;) {
      const { sequence } = await reader.next();
      assertEquals(sequence, ++last);
    }
  });
  assertErrorIs(error, CheckpointError, { code: "expired" });
  // By now it knows that a snapshot may be one of an earlier life.
  assertEquals(await store.getLatestSnapshot("a"), undefined);
  assertEquals(await store.getEvents("a"), anew);
  await reader[Symbol.asyncDispose]();
});

test("a save that is repeated is known when what it followed has expired", async (stream) => {
  await using store = await stream.open();
  await using other = await stream.open();
  const [first, second] = makeEvents("a", 1, 5);
  await store.saveEvent(first!);
  const options = { expectedVersion: 1 };
  await stream.expireBefore(() => store.saveEvent(second!, options));
  for (const each of [store, other]) {
    assertEquals((await each.saveEvent(second!, options)).duplicate, true);
    const expectedVersions = new Map([["a", 1]]);
    const all = await each.saveEvents([second!], { expectedVersions });
    assertEquals(all.duplicate, true);
  }
  await assertHistory(other, "a", [second!]);
});
