import { assertEquals } from "@std/assert";
import { createEvent } from "../../event/create_event.ts";
import { JetStreamEventStore } from "../../store/jetstream/jetstream_event_store.ts";
import { waitFor } from "../support/conditions.ts";
import { seeded } from "../support/history/random.ts";
import { connect } from "../support/nats_connect.ts";
import { withCluster } from "../support/with_server.ts";
import { finishOn, startOn, STREAM } from "./_cluster_scenario.ts";

const SAVERS = 50;
const ROUNDS = 6;

/**
 * Milliseconds, less than an attempt waits for an answer that never comes: a
 * save that waits for it does not get another one.
 */
const SHORT = 4_900;

Deno.test("saves don't wait for a leader that has stepped down", async () => {
  await withCluster({}, async (cluster) => {
    await using resources = new AsyncDisposableStack();
    const nc = resources.adopt(await connect(cluster), (nc) => nc.close());
    for (const groupSaves of [true, false]) {
      const namespace = groupSaves ? "grouped" : "single";
      await using store = await JetStreamEventStore.open(nc, {
        namespace,
        replicas: 3,
        saveTimeout: SHORT,
        groupSaves,
      });
      const saved = new Array<number>(SAVERS).fill(0);
      let isOver = false;
      const saver = async (i: number) => {
        while (!isOver) {
          const version = saved[i]! + 1;
          await store.saveEvent(createEvent({
            eventType: "Counted",
            actorId: `saver-${i}`,
            version,
            data: {},
          }));
          saved[i] = version;
        }
      };
      const saving = Promise.all(saved.map((_, i) => saver(i)));
      const progress = async () => {
        const before = [...saved];
        const moved = waitFor(
          () => saved.every((count, i) => count > before[i]!),
          { timeout: 30_000, message: "every saver to have saved" },
        );
        // If one fails, it says why.
        await Promise.race([moved, saving]);
      };
      await progress();
      for (let round = 0; round < ROUNDS; round++) {
        await cluster.stepDown(`AETHER_${namespace}`);
        await progress();
      }
      isOver = true;
      await saving;
      for (const [i, count] of saved.entries()) {
        const events = await store.getEvents(`saver-${i}`);
        assertEquals(
          events.map(({ version }) => version),
          Array.from({ length: count }, (_, k) => k + 1),
        );
      }
    }
  });
});

Deno.test("a store keeps its promises when its stream's leader steps down", async () => {
  const random = seeded("leader step-down");
  await withCluster({}, async (cluster) => {
    await using scenario = await startOn(cluster, random);
    for (let i = 0; i < 6; i++) {
      await scenario.fault("step down", () => cluster.stepDown(STREAM));
      await scenario.progress(50);
    }
    await finishOn(cluster, scenario);
  });
});
