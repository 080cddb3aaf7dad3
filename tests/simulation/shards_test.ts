/**
 * Clusters of shards, with all the code that ships but the connection, in
 * simulated schedules. A failure prints its schedule, shrunk; `AETHER_SEED`
 * begins with another seed.
 */

import { assert, assertEquals, fail } from "@std/assert";
import { plant, PLANTED_BUGS, type PlantedBug } from "./shards/_planted.ts";
import { type Schedule, scheduleOf } from "./shards/_schedule.ts";
import { simulate, simulatorOf } from "./shards/_simulation.ts";
import { explain, search } from "./search.ts";

/** How many schedules each run tries; `deno task simulate:shards` tries more. */
const SCHEDULES = 20;
/** How many schedules a planted bug may take. */
const MOST = 10;

const seed = Number(Deno.env.get("AETHER_SEED") ?? 1);

Deno.test("no two nodes serve a shard, epochs rise, and all are served again", async () => {
  const simulator = simulatorOf();
  const found = await search(simulator, seed, SCHEDULES);
  if (found === undefined) return;
  throw new Error((await explain(simulator, found.seed)).text);
});

Deno.test("the same seed gives the same history of shards", async () => {
  const logged = () => simulate(scheduleOf(7), { logs: true });
  const [a, b] = [await logged(), await logged()];
  assertEquals(a, b);
  assert(a.begun > 0);
});

/** A schedule with only what a bug needs to be found. */
function scheduleFor({ faults, late = 0 }: PlantedBug, seed: number): Schedule {
  const conditions = {
    rates: [1, 1, 1],
    sameIds: true,
    hooks: 1_000,
    lost: 0,
    late,
    doubled: 0,
    stale: 0,
  };
  return { seed, conditions, faults };
}

for (const bug of PLANTED_BUGS) {
  Deno.test(`it is found when ${bug.name}`, async () => {
    await using planted = await plant(bug);
    for (let seed = 1; seed <= MOST; seed++) {
      const schedule = scheduleFor(bug, seed);
      assertEquals((await simulate(schedule)).violation, undefined);
      const { violation } = await simulate(schedule, planted);
      if (violation !== undefined) return;
    }
    fail(`not in ${MOST} schedules`);
  });
}
