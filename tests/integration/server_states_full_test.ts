/** Streams, accounts and servers that have no room left. */

import { jetstreamManager } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/nats-core";
import { assert, assertEquals } from "@std/assert";
import { VersionConflictError } from "../../store/errors.ts";
import type { Event } from "../../event/event.ts";
import { StreamFullError } from "../../store/jetstream/errors.ts";
import {
  JetStreamEventStore,
  type JetStreamEventStoreOptions,
} from "../../store/jetstream/jetstream_event_store.ts";
import {
  assertHistory,
  makeEvent,
  makeEvents,
  upTo,
} from "../support/contract/helpers.ts";
import { connect } from "../support/nats_connect.ts";
import type { NatsCluster } from "../support/nats_cluster.ts";
import type { NatsServer, NatsServerOptions } from "../support/nats_server.ts";
import { assertRefusedAtOnce } from "../support/refusals.ts";
import { withCluster, withServer } from "../support/with_server.ts";

const stream = "AETHER_default";

/** An event of some 20 kB. */
function makeLarge(actorId: string, version: number): Event {
  const data = { text: "x".repeat(20_000) };
  return makeEvent(actorId, version, { data });
}

/** A way to have no room. */
interface Limit {
  readonly options?: JetStreamEventStoreOptions;
  readonly server?: NatsServerOptions;
  /** Whether there are three servers. */
  readonly cluster?: boolean;
  /** What the error says to do. */
  readonly advice: string;
}

/** A server whose account has room for so many bytes, all replicas together. */
const accountOf = (bytes: string): NatsServerOptions => ({
  config: `accounts {
      A { jetstream { max_file: ${bytes} }, users: [{ user: a, password: p }] }
    }
    no_auth_user: a`,
});

const limits: Record<string, Limit> = {
  "the stream is at max_msgs": {
    options: { maxMessages: 4 },
    advice: "raise its max_bytes or max_msgs",
  },
  "the stream is at max_bytes": {
    options: { maxBytes: 100_000 },
    advice: "raise its max_bytes or max_msgs",
  },
  "the stream in memory is at max_bytes": {
    options: { maxBytes: 100_000, storage: "memory" },
    advice: "raise its max_bytes or max_msgs",
  },
  "the account is at its limit": {
    server: accountOf("100K"),
    advice: "storage limit",
  },
  "the server is at its limit": {
    server: { jetstreamConfig: "max_file_store: 100K" },
    advice: "storage limit",
  },
};

interface Full {
  readonly nc: NatsConnection;
  readonly store: JetStreamEventStore;
  /** An instance that knows nothing of the actors. */
  readonly cold: JetStreamEventStore;
  /** An instance that knows of the first event, and of nothing since. */
  readonly stale: JetStreamEventStore;
  /** The events that found room, all of actor "a". */
  readonly kept: readonly Event[];
}

/** Saves to actor "a" until there is no room. */
async function fill(
  { server = {}, cluster, options = {} }: Limit,
  body: (full: Full) => Promise<void>,
): Promise<void> {
  const run = async (target: NatsServer | NatsCluster) => {
    await using nc = await connect(target);
    await using store = await JetStreamEventStore.open(nc, options);
    await using cold = await JetStreamEventStore.open(nc);
    await using stale = await JetStreamEventStore.open(nc);
    const kept = [makeLarge("a", 1)];
    await store.saveEvent(kept[0]!);
    assertEquals(await stale.getLatestVersion("a"), 1);
    for (let full = false; !full;) {
      const event = makeLarge("a", kept.length + 1);
      try {
        await store.saveEvent(event);
        kept.push(event);
      } catch (error) {
        if (!(error instanceof StreamFullError)) throw error;
        full = true;
      }
    }
    assert(kept.length >= 3, `${kept.length} events had room`);
    await body({ nc, store, cold, stale, kept });
  };
  if (cluster) await withCluster(server, run);
  else await withServer(server, run);
}

async function assertOutcomes(
  { store, cold, stale, kept }: Full,
): Promise<void> {
  const currentVersion = kept.length;
  for (const each of [stale, store, cold]) {
    // The second event: what a stale instance takes for the next one.
    await assertRefusedAtOnce(
      () => each.saveEvent(makeLarge("a", 2)),
      VersionConflictError,
      { actorId: "a", attemptedVersion: 2, currentVersion },
    );
    await assertRefusedAtOnce(
      () => each.saveEvents([makeLarge("b", 1), makeLarge("a", 2)]),
      VersionConflictError,
      { actorId: "a", attemptedVersion: 2, currentVersion },
    );
    const expectedVersion = 1;
    await assertRefusedAtOnce(
      () => each.saveEvent(makeLarge("a", 100), { expectedVersion }),
      VersionConflictError,
      { actorId: "a", currentVersion, expectedVersion },
    );
    const { sequence, duplicate } = await each.saveEvent(kept[1]!);
    assertEquals([sequence, duplicate], [2, true]);
    assertEquals((await each.saveEvents(kept)).duplicate, true);
    await assertRefusedAtOnce(
      () => each.saveEvent({ ...kept[1]!, eventType: "Another" }),
      VersionConflictError,
      { attemptedVersion: 2, currentVersion },
    );
  }
}

async function assertDuplicate({ stale, kept }: Full): Promise<void> {
  const { sequence, duplicate } = await stale.saveEvent(kept[1]!);
  assertEquals([sequence, duplicate], [2, true]);
}

for (const [what, limit] of Object.entries(limits)) {
  Deno.test(`saveEvent() fails when ${what}`, () =>
    fill(limit, async ({ nc, store, cold, stale, kept }) => {
      const next = makeLarge("a", kept.length + 1);
      const other = makeLarge("b", 1);
      for (const each of [store, cold, stale]) {
        for (const event of [next, other]) {
          const error = await assertRefusedAtOnce(
            () => each.saveEvent(event),
            StreamFullError,
            { stream },
            "full",
            limit.advice,
          );
          assert(error.cause instanceof Error);
        }
      }
      const jsm = await jetstreamManager(nc);
      const { state } = await jsm.streams.info(stream);
      assertEquals(state.messages, kept.length);
      for (const each of [store, cold, stale]) {
        await assertHistory(each, "a", kept);
        await assertHistory(each, "b", []);
      }
    }));

  Deno.test(`saveEvents() stores nothing when ${what}`, () =>
    fill(limit, async ({ store, cold, kept }) => {
      const { length } = kept;
      const batch = [
        ...[1, 2, 3].map((i) => makeLarge("a", length + i)),
        ...[1, 2, 3].map((i) => makeLarge("b", i)),
      ];
      for (const each of [store, cold]) {
        for (const events of [batch, batch.slice(0, 2), batch.slice(3)]) {
          await assertRefusedAtOnce(
            () => each.saveEvents(events),
            StreamFullError,
            { stream },
          );
        }
        await assertHistory(each, "a", kept);
        await assertHistory(each, "b", []);
      }
    }));

  Deno.test(`saveEvent() tells conflicts and duplicates when ${what}`, () =>
    fill(limit, assertOutcomes));

  Deno.test(`saveEvent() finds a duplicate first of all when ${what}`, () =>
    fill(limit, assertDuplicate));
}

Deno.test("saveEvent() tells conflicts and duplicates when three servers are full", () =>
  // Here the server looks at its limits before it looks at expectations.
  fill({
    cluster: true,
    server: accountOf("300K"),
    options: { replicas: 3 },
    advice: "",
  }, async (full) => {
    await assertDuplicate(full);
    await assertOutcomes(full);
  }));

Deno.test("saveEvent() goes on when the owner has made room", () =>
  fill({ options: { maxMessages: 4 }, advice: "" }, async (full) => {
    const { nc, store, kept } = full;
    const jsm = await jetstreamManager(nc);
    await jsm.streams.update(stream, { max_msgs: 5 });
    const next = makeEvent("a", kept.length + 1);
    await store.saveEvent(next);
    await assertHistory(store, "a", [...kept, next]);
  }));

Deno.test("saveEvents() takes all that has room when many save at once", () =>
  withServer({}, async (server) => {
    await using nc = await connect(server);
    await using store = await JetStreamEventStore.open(nc, {
      maxMessages: 20,
    });
    const outcomes = await Promise.allSettled(
      upTo(30).map((i) => store.saveEvents(makeEvents(`a.${i}`, 1, 2))),
    );
    const stored = outcomes.filter(({ status }) => status === "fulfilled");
    for (const outcome of outcomes) {
      if (outcome.status === "rejected") {
        assert(outcome.reason instanceof StreamFullError, outcome.reason);
      }
    }
    assertEquals(stored.length, 10);
  }));

Deno.test("saveSnapshot() fails when there is no room for it", () =>
  fill(limits["the account is at its limit"]!, async ({ store, kept }) => {
    const snapshot = {
      actorId: "a",
      version: kept.length,
      state: "x".repeat(100_000),
      timestamp: "2024-01-01T00:00:00Z",
    };
    const bucket = "KV_AETHER_SNAPSHOTS_default";
    await assertRefusedAtOnce(
      () => store.saveSnapshot(snapshot),
      StreamFullError,
      { stream: bucket },
      bucket,
    );
    assertEquals(await store.getLatestSnapshot("a"), undefined);
  }));
