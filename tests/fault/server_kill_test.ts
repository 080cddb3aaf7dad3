import { assert } from "@std/assert";
import type { HistoryReport } from "../support/history/checker.ts";
import { type Random, seeded } from "../support/history/random.ts";
import type { WriterOptions } from "../support/history/workload.ts";
import { withServer } from "../support/with_server.ts";
import { Scenario } from "./_scenario.ts";

const KILLS = 5;

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Kills the server again and again while four writers are at work. */
async function killRepeatedly(
  random: Random,
  writing: WriterOptions,
  saves: number,
): Promise<HistoryReport> {
  return await withServer({}, async (server) => {
    await using scenario = await Scenario.start({
      random,
      namespace: "kill",
      writers: { w0: server, w1: server, w2: server, w3: server },
      readers: { r0: server },
      writing,
      // A busy machine may take its time to come back five times.
      store: { readTimeout: 30_000 },
    });
    for (let i = 0; i < KILLS; i++) {
      await scenario.progress(saves);
      await pause(random.below(100)); // At any moment of a save.
      const { saving } = scenario;
      assert(saving >= 2 * writing.inFlight, `only ${saving} under way`);
      await scenario.fault(`kill ${i + 1}, ${saving} under way`, async () => {
        await server.kill();
        await pause(random.below(500));
        await server.restart();
      });
    }
    // It goes on without being opened anew.
    await scenario.progress(saves);
    return await scenario.finish(server);
  });
}

Deno.test("a store keeps its promises when its server is killed and restarted five times", async () => {
  const random = seeded("server kill");
  const writing = { inFlight: 100, actors: 40 };
  const { outcomes } = await killRepeatedly(random, writing, 80);
  for (const how of ["success", "conflict", "duplicate"]) {
    assert(outcomes.has(`saveEvent ${how}`), how);
    assert(outcomes.has(`saveEvents ${how}`), how);
  }
});

Deno.test("a store keeps its promises when its server is killed amid large batches", async () => {
  const random = seeded("server kill, batches");
  const writing = { inFlight: 4, actors: 5, batches: 0.9, batchSize: 200 };
  const { outcomes } = await killRepeatedly(random, writing, 3);
  assert(outcomes.has("saveEvents success"));
});
