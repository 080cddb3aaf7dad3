/** Reads of all events, and lists of actors, on streams as servers have them. */

import { jetstream, jetstreamManager } from "@nats-io/jetstream";
import { headers, type NatsConnection } from "@nats-io/nats-core";
import { assert, assertEquals } from "@std/assert";
import { encodeEvent } from "../../event/event_codec.ts";
import { CheckpointError, ReplayError } from "../../store/errors.ts";
import type { StoredEvent } from "../../store/event_store.ts";
import { JetStreamEventStore } from "../../store/jetstream/jetstream_event_store.ts";
import { waitFor } from "../support/conditions.ts";
import {
  assertErrorIs,
  collect,
  makeEvent,
  makeEvents,
  reasonOf,
  upTo,
} from "../support/contract/helpers.ts";
import { ExpiringStream } from "../support/expiring_stream.ts";
import { freshNamespace } from "../support/jetstream_backend.ts";
import { connect } from "../support/nats_connect.ts";
import { NatsServer } from "../support/nats_server.ts";

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

const directions = ["forward", "backward"] as const;

const sequencesOf = (items: readonly StoredEvent[]): number[] =>
  items.map(({ sequence }) => sequence);

/** A store, and a way to put messages of others beside its events. */
async function withStore(
  body: (setting: {
    store: JetStreamEventStore;
    put: (tokens: string, data: string | Uint8Array) => Promise<number>;
    root: string;
    stream: string;
  }) => Promise<void>,
): Promise<void> {
  const namespace = freshNamespace();
  await using store = await JetStreamEventStore.open(nc, { namespace });
  const root = `aether.events.${namespace}`;
  const put = async (tokens: string, data: string | Uint8Array) =>
    (await jetstream(nc).publish(`${root}.${tokens}`, data)).seq;
  await body({ store, put, root, stream: `AETHER_${namespace}` });
}

Deno.test("readAll() fails with what is no event, or skips it if it is told to", () =>
  withStore(async ({ store, put }) => {
    await store.saveEvents(makeEvents("a", 1, 2));
    const malformed = [await put("b", "junk"), await put("=zz", "junk")];
    await store.saveEvents([...makeEvents("b", 1), ...makeEvents("a", 3)]);
    for (const direction of directions) {
      const seen: StoredEvent[] = [];
      const reason = await reasonOf(async () => {
        for await (const item of store.readAll({ direction })) seen.push(item);
      });
      const isForward = direction === "forward";
      const sequence = isForward ? malformed[0]! : malformed[1]!;
      assertErrorIs(reason, ReplayError, { sequence });
      assertEquals(sequencesOf(seen), isForward ? [1, 2] : [6, 5]);
      const told: number[] = [];
      const onReplayError = (error: ReplayError) => {
        told.push(error.sequence);
        return "continue" as const;
      };
      const items = await collect(store.readAll({ direction, onReplayError }));
      const [expected, errors] = isForward
        ? [[1, 2, 5, 6], malformed]
        : [[6, 5, 2, 1], malformed.toReversed()];
      assertEquals(sequencesOf(items), expected);
      assertEquals(told, errors);
      // A limit counts events.
      const limit = 3;
      const some = await collect(
        store.readAll({ direction, limit, onReplayError }),
      );
      assertEquals(sequencesOf(some), expected.slice(0, limit));
      // What a filter leaves out is nobody's business.
      const onlyA = await collect(store.readAll({ direction, actorIds: "a" }));
      assertEquals(onlyA.length, 3);
    }
    // Somebody reads what spells no id, whatever the partition.
    const reasons = await Promise.all(
      upTo(4).map(async (i) => {
        const partition = { count: 4, indexes: [i - 1] };
        const sequences: number[] = [];
        const onReplayError = (error: ReplayError) => {
          sequences.push(error.sequence);
          return "continue" as const;
        };
        await collect(store.readAll({ partition, onReplayError }));
        return sequences;
      }),
    );
    assertEquals(reasons.flat().sort(), malformed);
  }));

Deno.test("reads, subscriptions and lists pass over subjects that begin with $", () =>
  withStore(async ({ store, put }) => {
    const live = store.subscribe();
    const iterator = live[Symbol.asyncIterator]();
    await live.caughtUp;
    const events = makeEvents("a", 1, 2);
    await store.saveEvent(events[0]!);
    await put("$meta.deployed", "junk");
    await put("$a", encodeEvent(makeEvent("$a", 1)));
    await store.saveEvent(events[1]!);
    const last = await put("$", "junk");
    const list = [events[0], events[1]];
    for (const direction of directions) {
      const items = await collect(store.readAll({ direction }));
      const expected = direction === "forward" ? list : list.toReversed();
      assertEquals(items.map(({ event }) => event), expected);
    }
    for (const actors of [undefined, "*", ["a", "*.*"]]) {
      const items = await collect(store.subscribe({ live: false, actors }));
      assertEquals(items.map(({ event }) => event), list);
    }
    assertEquals(await collect(store.actorIds()), ["a"]);
    assertEquals(await collect(store.actorIds({ actors: "*" })), ["a"]);
    for (const event of list) {
      assertEquals((await iterator.next()).value?.event, event);
    }
    await waitFor(() => live.sequence === last);
    await live.close();
    // An actor with such an id is another one.
    const own = makeEvent("$a", 1);
    await store.saveEvent(own);
    assertEquals(await store.getEvents("$a"), [own]);
    assertEquals(
      await collect(store.actorIds()),
      ["=24a", "a"].map((tokens) => tokens === "a" ? "a" : "$a"),
    );
  }));

Deno.test("readers heed whose sequence a message was to follow", () =>
  withStore(async ({ store, root }) => {
    await store.saveEvents(makeEvents("other", 1, 2, 3));
    const event = makeEvent("a", 1);
    const hdrs = headers();
    hdrs.set("Nats-Expected-Last-Subject-Sequence", "3");
    hdrs.set("Nats-Expected-Last-Subject-Sequence-Subject", `${root}.other`);
    await jetstream(nc).publish(`${root}.a`, encodeEvent(event), {
      headers: hdrs,
    });
    const next = makeEvent("a", 2);
    await store.saveEvent(next);
    const result = await store.getEventsWithErrors("a");
    assertEquals(result.events, [event, next]);
    // None of the actor's events has expired.
    assertEquals(result.truncated, false);
    assertEquals(await store.getEvents("a", 2), [next]);
    assertEquals((await store.saveEvent(event)).duplicate, true);
  }));

Deno.test("readAll() reads large events, either way, page by page", () =>
  withStore(async ({ store }) => {
    // A page is full of bytes long before it is full of events.
    const text = "x".repeat(900_000);
    for (const version of upTo(45)) {
      await store.saveEvent(makeEvent("a", version, { data: { text } }));
    }
    for (const direction of directions) {
      const sequences: number[] = [];
      for await (const { sequence } of store.readAll({ direction })) {
        sequences.push(sequence);
      }
      const expected = direction === "forward"
        ? upTo(45)
        : upTo(45).toReversed();
      assertEquals(sequences, expected);
    }
  }));

Deno.test("actorIds() lists more actors than a server gives in one answer", () =>
  withStore(async ({ store, root, stream }) => {
    const count = 100_500;
    for (let i = 0; i < count; i++) nc.publish(`${root}.a-${i}`, "{}");
    await waitFor(async () => {
      const { state } = await (await jetstreamManager(nc)).streams.info(stream);
      return state.messages === count;
    });
    const found = new Set<string>();
    let given = 0;
    for await (const actorId of store.actorIds()) {
      found.add(actorId);
      given++;
    }
    assertEquals([given, found.size], [count, count]);
    assert(found.has("a-0") && found.has(`a-${count - 1}`));
  }));

function testExpiring(
  name: string,
  body: (
    stream: ExpiringStream,
    store: JetStreamEventStore,
  ) => Promise<void>,
): void {
  Deno.test(name, async () => {
    await using stream = await ExpiringStream.start();
    await using store = await stream.open();
    await body(stream, store);
  });
}

testExpiring(
  "readAll() gives what is left when events have expired",
  async (stream, store) => {
    await store.saveEvents(makeEvents("a", 1, 2, 3));
    const items = await collect(store.readAll());
    const before = new Date();
    await stream.expireBefore(() =>
      store.saveEvents([...makeEvents("a", 4), ...makeEvents("b", 1)])
    );
    for (const direction of directions) {
      const expected = direction === "forward" ? [4, 5] : [5, 4];
      const read = async (options = {}) =>
        sequencesOf(await collect(store.readAll({ direction, ...options })));
      assertEquals(await read(), expected);
      assertEquals(await read({ actors: "a" }), [4]);
      const places = [new Date(0), before];
      for (const after of places) {
        const isForward = direction === "forward";
        assertEquals(await read({ after }), isForward ? expected : []);
      }
    }
    // Forward it would lack what has expired; backward that comes last.
    for (const [i, { checkpoint }] of items.entries()) {
      const forward = () => collect(store.readAll({ after: checkpoint }));
      if (i === 2) assertEquals(sequencesOf(await forward()), [4, 5]);
      else {
        assertErrorIs(await reasonOf(forward), CheckpointError, {
          code: "expired",
          checkpoint,
        });
      }
      const direction = "backward";
      const backward = store.readAll({ direction, after: checkpoint });
      assertEquals(await collect(backward), []);
    }
    await stream.expireAll();
    for (const direction of directions) {
      assertEquals(await collect(store.readAll({ direction })), []);
    }
    assertEquals(await collect(store.actorIds()), []);
  },
);

for (const filter of [{}, { actors: "odd" }]) {
  testExpiring(
    `readAll() fails when events expire before it reads them, with ${
      JSON.stringify(filter)
    }`,
    async (stream, store) => {
      // More than it reads ahead.
      for (let from = 0; from < 5_000; from += 1_000) {
        await store.saveEvents(
          upTo(1_000).map((i) => makeEvent(i % 2 ? "odd" : "even", from + i)),
        );
      }
      const sequences: number[] = [];
      const reason = await reasonOf(async () => {
        for await (const { sequence } of store.readAll(filter)) {
          if (sequences.length === 0) await stream.expireAll();
          sequences.push(sequence);
        }
      });
      assertErrorIs(reason, CheckpointError, { code: "expired" });
      // All that came, came without a gap.
      const step = "actors" in filter ? 2 : 1;
      assertEquals(sequences, sequences.map((_, i) => 1 + i * step));
      // Backward what has expired is not missed: it would have come last.
      await store.saveEvents(makeEvents("odd", ...upTo(10)));
      const back = store.readAll({ ...filter, direction: "backward" });
      assertEquals((await collect(back)).length, 10);
    },
  );
}
