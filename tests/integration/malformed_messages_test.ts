/** Messages that somebody else has put into the stream. */

import { jetstream } from "@nats-io/jetstream";
import { headers, type MsgHdrs, type NatsConnection } from "@nats-io/nats-core";
import { assert, assertEquals } from "@std/assert";
import { type ReplayError, VersionConflictError } from "../../store/errors.ts";
import {
  collect,
  makeEvent,
  makeEvents,
  upTo,
} from "../support/contract/helpers.ts";
import { assertReads, withHistory } from "../support/malformed_history.ts";
import {
  asJson,
  misplaced,
  unreadable,
} from "../support/malformed_messages.ts";
import { compareVersions } from "../support/nats_binary.ts";
import { connect } from "../support/nats_connect.ts";
import { NatsServer } from "../support/nats_server.ts";
import { assertRefusedAtOnce } from "../support/refusals.ts";

let server: NatsServer;
let nc: NatsConnection;

Deno.test.beforeAll(async () => {
  server = await NatsServer.start();
  nc = await connect(server);
});

Deno.test.afterAll(async () => {
  await nc?.close();
  await server?.[Symbol.asyncDispose]();
});

for (const [what, message] of Object.entries({ ...unreadable, ...misplaced })) {
  Deno.test(`a store goes on when the last message ${what}`, () =>
    withHistory(nc, async ({ warm, events, open, put }) => {
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

Deno.test("an actor begins at version 1 when all it has is malformed", () =>
  withHistory(nc, async ({ warm, open, put }) => {
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
  withHistory(nc, async ({ warm, events, open, put }) => {
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
  withHistory(nc, async ({ warm, events, open, put }) => {
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
  withHistory(nc, async ({ warm, events, root }) => {
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
    await jetstream(nc).publish(subject, "", { headers: inBatch(3, "eob") });
    const began = performance.now();
    const items = await collect(warm.subscribe({ live: false }));
    assertEquals(items.map(({ event }) => event), [...events, ...next]);
    assert(performance.now() - began < 5_000);
  }));
