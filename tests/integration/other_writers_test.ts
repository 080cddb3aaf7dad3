/** Histories that other programs have written: without trails, and unchecked. */

import { headers, type NatsConnection } from "@nats-io/nats-core";
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { encodeEvent } from "../../event/event_codec.ts";
import type { Event } from "../../event/event.ts";
import { VersionConflictError } from "../../store/errors.ts";
import { JetStreamEventStore } from "../../store/jetstream/jetstream_event_store.ts";
import { collect, makeEvent, upTo } from "../support/contract/helpers.ts";
import { freshNamespace } from "../support/jetstream_backend.ts";
import { connect } from "../support/nats_connect.ts";
import { NatsServer } from "../support/nats_server.ts";
import { RequestCount } from "../support/request_count.ts";

const EXPECTED = "Nats-Expected-Last-Subject-Sequence";

let server: NatsServer;
let nc: NatsConnection;

Deno.test.beforeAll(async () => {
  server = await NatsServer.start();
  nc = await connect(server);
});

Deno.test.afterAll(async () => {
  await nc.close();
  await server[Symbol.asyncDispose]();
});

/** Writes one actor's events with a client of its own. */
class OtherWriter {
  /** The sequence of the last message that it knows. */
  last = 0;
  version = 0;
  readonly #nc: NatsConnection;
  readonly #subject: string;
  readonly #checks: boolean;

  /** @param checks Whether it names the sequence that it saves behind. */
  constructor(
    nc: NatsConnection,
    namespace: string,
    { actorId = "a", checks }: { actorId?: string; checks: boolean },
  ) {
    this.#nc = nc;
    this.#subject = `aether.events.${namespace}.${actorId}`;
    this.#checks = checks;
  }

  /** Puts a message behind the others; false if it comes too late. */
  async put(payload: string): Promise<boolean> {
    const own = headers();
    if (this.#checks) own.set(EXPECTED, String(this.last));
    const { data } = await this.#nc
      .request(this.#subject, payload, { headers: own, timeout: 10_000 });
    const { seq, error } = JSON.parse(new TextDecoder().decode(data));
    if (error === undefined) this.last = seq;
    else this.last = Number(/\d+$/.exec(error.description));
    return error === undefined;
  }

  /** Saves the actor's next event. */
  async save(actorId = "a"): Promise<Event> {
    const event = makeEvent(actorId, this.version + 1);
    while (!await this.put(encodeEvent(event)));
    this.version++;
    return event;
  }
}

for (const checks of [true, false]) {
  const who = checks ? "checks" : "does not check";
  Deno.test(`part of a history of a writer that ${who} takes few requests`, async () => {
    const namespace = freshNamespace();
    await using _store = await JetStreamEventStore.open(nc, { namespace });
    const writer = new OtherWriter(nc, namespace, { checks });
    const events: Event[] = [];
    for (const _ of upTo(1_500)) events.push(await writer.save());
    await using connection = await connect(server);
    const count = new RequestCount(connection);
    const withReader = async (
      most: number,
      read: (reader: JetStreamEventStore) => Promise<Event[]>,
      expected: readonly Event[],
    ) => {
      await using reader = await JetStreamEventStore.open(connection, {
        namespace,
      });
      let found: Event[] = [];
      const { requests } = await count.of(async () => {
        found = await read(reader);
      });
      assertEquals(found, expected);
      assert(requests <= most, `${requests} requests`);
    };
    await withReader(12, (r) => r.getEvents("a", 1_496), events.slice(-5));
    const middle = { fromVersion: 700, limit: 5 };
    await withReader(
      14,
      (r) => collect(r.readEvents("a", middle)),
      events.slice(699, 704),
    );
    const last = { direction: "backward", limit: 5 } as const;
    await withReader(
      16,
      (r) => collect(r.readEvents("a", last)),
      events.slice(-5).reverse(),
    );
  });

  Deno.test(`a store wins races against a busy writer that ${who}`, async () => {
    const namespace = freshNamespace();
    await using connection = await connect(server);
    await using store = await JetStreamEventStore.open(connection, {
      namespace,
    });
    const writer = new OtherWriter(nc, namespace, { checks: true });
    const older = new OtherWriter(nc, namespace, { checks });
    for (const _ of upTo(300)) await older.save();
    writer.last = older.last;
    let wins = 0;
    let isOver = false;
    const saving = (async () => {
      // Nothing else is in the stream: versions are sequences.
      while (!isOver) {
        await writer.put(encodeEvent(makeEvent("a", writer.last + 1)));
      }
    })();
    const until = performance.now() + 10_000;
    let version = await store.getLatestVersion("a");
    while (wins < 20 && performance.now() < until) {
      try {
        const next = makeEvent("a", version + 1);
        await store.saveEvent(next, { expectedVersion: version });
        version++;
        wins++;
      } catch (error) {
        assert(error instanceof VersionConflictError, String(error));
        version = error.currentVersion;
      }
    }
    isOver = true;
    await saving;
    assertEquals(wins, 20);
    const versions = (await store.getEvents("a")).map((event) => event.version);
    assertEquals(versions, upTo(versions.length));
  });
}

Deno.test("a save that lost its race to another writer takes two requests", async () => {
  const namespace = freshNamespace();
  await using connection = await connect(server);
  await using store = await JetStreamEventStore.open(connection, { namespace });
  const writer = new OtherWriter(nc, namespace, { checks: false });
  for (const _ of upTo(400)) await writer.save();
  const count = new RequestCount(connection);
  await store.getLatestVersion("a");
  for (const moved of [1, 2, 5]) {
    const attempted = writer.version + 1;
    for (const _ of upTo(moved)) await writer.save();
    const { requests } = await count.of(async () => {
      const next = makeEvent("a", attempted);
      const error = await store.saveEvent(next).catch((error) => error);
      assert(error instanceof VersionConflictError, String(error));
      assertEquals(error.currentVersion, writer.version);
    });
    assertEquals(requests, 2);
  }
});

Deno.test("a save finds its event among those that another writer followed with", async () => {
  const namespace = freshNamespace();
  await using store = await JetStreamEventStore.open(nc, { namespace });
  const writer = new OtherWriter(nc, namespace, { checks: false });
  for (const _ of upTo(250)) await writer.save();
  await store.getLatestVersion("a");
  const event = makeEvent("a", 251);
  await writer.put(encodeEvent(event));
  writer.version = 251;
  const { last } = writer;
  await writer.save();
  await writer.save();
  const saved = await store.saveEvent(event);
  assertEquals(saved.duplicate, true);
  assertEquals(saved.sequence, last);
});

/** What stands in place of an actor's next event, or beside it. */
type Oddity = "none" | "repeated" | "falls" | "malformed" | "saved";

Deno.test("reads of what others have written begin anywhere and miss nothing", async () => {
  const oddity = fc.record({
    at: fc.integer({ min: 250, max: 420 }),
    what: fc.constantFrom<Oddity>("repeated", "falls", "malformed", "saved"),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.boolean(),
      fc.boolean(),
      fc.array(oddity, { minLength: 1, maxLength: 4 }),
      fc.array(fc.integer({ min: 195, max: 430 }), { maxLength: 6 }),
      async (checks, hasGaps, oddities, starts) => {
        const namespace = freshNamespace();
        await using store = await JetStreamEventStore.open(nc, { namespace });
        const writer = new OtherWriter(nc, namespace, { checks });
        const found = new Map(oddities.map(({ at, what }) => [at, what]));
        const events: Event[] = [];
        let version = 0;
        for (let i = 1; i <= 420; i++) {
          version += hasGaps && i % 100 === 0 ? 2 : 1;
          const event = makeEvent("a", version);
          const what = found.get(i) ?? "none";
          if (what === "saved") {
            writer.last = (await store.saveEvent(event)).sequence;
          } else await writer.put(encodeEvent(event));
          events.push(event);
          if (what === "repeated") {
            await writer.put(encodeEvent(makeEvent("a", version)));
          } else if (what === "falls") {
            // Many, so that searches come upon them.
            for (const n of upTo(checks ? 2 : 60)) {
              const fallen = version - 61 + n;
              if (fallen <= 0) continue;
              await writer.put(encodeEvent(makeEvent("a", fallen)));
            }
          } else if (what === "malformed") await writer.put("no event");
        }
        const beside = oddities.map(({ at }, i) => at - 7 * i);
        for (const from of [...starts, ...beside]) {
          await using reader = await JetStreamEventStore.open(nc, {
            namespace,
          });
          const expected = events.filter((event) => event.version >= from);
          assertEquals(await reader.getEvents("a", from), expected);
          const part = { fromVersion: from, limit: 3 };
          assertEquals(
            await collect(reader.readEvents("a", part)),
            expected.slice(0, 3),
          );
          const before = {
            direction: "backward",
            toVersion: from - 1,
            limit: 3,
          } as const;
          assertEquals(
            await collect(reader.readEvents("a", before)),
            events.filter((event) => event.version < from).slice(-3).reverse(),
          );
          assertEquals(await reader.getLatestVersion("a"), version);
        }
      },
    ),
    { numRuns: 12 },
  );
});
