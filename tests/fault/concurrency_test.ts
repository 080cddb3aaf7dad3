import { assert, assertEquals } from "@std/assert";
import type { Consistency } from "../../store/event_store.ts";
import { JetStreamEventStore } from "../../store/jetstream/jetstream_event_store.ts";
import { MemoryHistory } from "../support/history/history_log.ts";
import { type Random, seeded } from "../support/history/random.ts";
import { RecordedStore } from "../support/history/recorder.ts";
import type { Outcome } from "../support/history/records.ts";
import { assertKept } from "../support/history/verdict.ts";
import { workEvent } from "../support/history/workload.ts";
import { NatsCluster } from "../support/nats_cluster.ts";
import { connect } from "../support/nats_connect.ts";
import { showLogs } from "../support/with_server.ts";

let cluster: NatsCluster;

Deno.test.beforeAll(async () => {
  cluster = await NatsCluster.start();
});

Deno.test.afterAll(() => cluster[Symbol.asyncDispose]());

/** Gives a store on each server, of three replicas, and checks what was done. */
async function withStores(
  namespace: string,
  use: (stores: readonly RecordedStore[]) => Promise<void>,
): Promise<void> {
  try {
    const history = new MemoryHistory();
    await using stack = new AsyncDisposableStack();
    const stores: RecordedStore[] = [];
    for (const server of cluster.servers) {
      const nc = stack.adopt(await connect(server), (nc) => nc.close());
      const store = stack.use(
        await JetStreamEventStore.open(nc, { namespace, replicas: 3 }),
      );
      stores.push(new RecordedStore(store, history, server.name));
    }
    await use(stores);
    await cluster.waitForCurrent(`AETHER_${namespace}`);
    const nc = stack.adopt(await connect(cluster), (nc) => nc.close());
    const { outcomes } = await assertKept(history, nc, { namespace });
    assertEquals(outcomes.get("saveEvent unknown"), undefined);
    assertEquals(outcomes.get("saveEvents unknown"), undefined);
  } catch (error) {
    await showLogs(cluster.servers);
    throw error;
  }
}

/** Every way to read an actor to its end. */
const reads: readonly ((
  store: RecordedStore,
  actor: string,
  version: number,
) => Promise<number>)[] = [
  async (store, actor) => versionOf(await store.latest(actor, "strong")),
  async (store, actor) => versionOf(await store.read(actor, "strong")),
  async (store, actor, version) =>
    versionOf(await store.read(actor, "strong", { from: version })),
  async (store, actor) => {
    const bounds = { backward: true, limit: 1 };
    return versionOf(await store.read(actor, "strong", bounds));
  },
];

function versionOf(outcome: Outcome): number {
  if (outcome.is === "version") return outcome.version;
  assert(outcome.is === "events", JSON.stringify(outcome));
  return Math.max(0, ...outcome.versions);
}

Deno.test("a save that one connection was told of is seen by the next read on another", async () => {
  const random = seeded("next read");
  await withStores("next-read", async (stores) => {
    const follow = async (actor: string, random: Random) => {
      for (let version = 1; version <= 60; version++) {
        const writer = random.pick(stores);
        const event = workEvent(actor, version, { text: "x".repeat(100) });
        const saved = random.chance(0.5)
          ? await writer.saveEvent(event)
          : await writer.saveEvents([event, workEvent(actor, ++version, {})]);
        assertEquals(saved.is, "success");
        const others = stores.filter((store) => store !== writer);
        await Promise.all(others.map(async (store) => {
          const seen = await random.pick(reads)(store, actor, version);
          assertEquals(seen, version);
        }));
      }
    };
    await Promise.all(
      Array.from({ length: 12 }, (_, i) => follow(`a.${i}`, random.fork())),
    );
  });
});

Deno.test("no read shows half a batch while batches of two actors race", async () => {
  const random = seeded("half a batch");
  const actors = ["left", "right"];
  const LAST = 150;
  await withStores("half-batch", async (stores) => {
    const subscriptions = stores.map((store) => store.subscribe());
    let over = false;
    const write = async (store: RecordedStore, random: Random) => {
      for (let version = 0; version < LAST;) {
        const order = random.chance(0.5) ? actors : actors.toReversed();
        const outcome = await store.saveEvents(
          order.flatMap((actor) => [
            workEvent(actor, version + 1, {}),
            workEvent(actor, version + 2, {}),
          ]),
          new Map(actors.map((actor) => [actor, version])),
        );
        if (outcome.is === "success") version += 2;
        else if (outcome.is === "conflict") version = outcome.current;
        else throw new Error(JSON.stringify(outcome));
      }
    };
    const watch = async (store: RecordedStore, random: Random) => {
      while (!over) {
        const actor = random.pick(actors);
        const consistency: Consistency = random.chance(0.5)
          ? "strong"
          : "eventual";
        const outcome = random.chance(0.3)
          ? await store.latest(actor, consistency)
          : await store.read(actor, consistency, {
            ...(random.chance(0.3) && { from: random.below(LAST) }),
            ...(random.chance(0.5) && { backward: true }),
          });
        const latest = versionOf(outcome);
        assertEquals(latest % 2, 0, `half a batch: ${latest} of ${actor}`);
      }
    };
    const watching = Promise.all(
      stores.flatMap((store) => [
        watch(store, random.fork()),
        watch(store, random.fork()),
      ]),
    );
    // A failure of a watcher ends the race as well.
    const writing = Promise.all(
      stores.flatMap((store) => [
        write(store, random.fork()),
        write(store, random.fork()),
      ]),
    );
    await Promise.race([writing, watching]).finally(() => over = true);
    await Promise.all([writing, watching]);
    for (const subscription of subscriptions) {
      await subscription.caughtUp;
      await subscription[Symbol.asyncDispose]();
    }
  });
});

Deno.test("each version has one winner when sixteen writers race on three replicas", async () => {
  const random = seeded("race");
  const LAST = 300;
  await withStores("race", async (stores) => {
    const won: number[] = [];
    const write = async (store: RecordedStore) => {
      for (let version = 1; version <= LAST;) {
        const outcome = await store.saveEvent(
          workEvent("raced", version, {}),
          { expectedVersion: version - 1 },
        );
        if (outcome.is === "success") won.push(version++);
        else if (outcome.is === "conflict") {
          assert(outcome.current >= version);
          version = outcome.current + 1;
        } else throw new Error(JSON.stringify(outcome));
      }
    };
    await Promise.all(
      Array.from({ length: 16 }, () => write(random.pick(stores))),
    );
    const expected = Array.from({ length: LAST }, (_, i) => i + 1);
    assertEquals(won.sort((a, b) => a - b), expected);
  });
});
