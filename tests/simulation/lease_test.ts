/**
 * The state machine of leases, which ships, in simulated schedules. A failure
 * prints its schedule, shrunk; `AETHER_SEED` begins with another seed.
 */

import { assert, assertEquals } from "@std/assert";
import { plant, PLANTED_BUGS } from "./_planted.ts";
import { scheduleOf } from "./_schedule.ts";
import { simulate, simulatorOf } from "./_simulation.ts";
import { explain, search } from "./search.ts";

/** How many schedules each run tries, and how many a planted bug may take. */
const SCHEDULES = 3_000;
const MOST = 6_000;

const seed = Number(Deno.env.get("AETHER_SEED") ?? 1);

Deno.test("no two nodes lead, terms rise, and somebody leads again", async () => {
  const simulator = simulatorOf();
  const found = await search(simulator, seed, SCHEDULES);
  if (found === undefined) return;
  throw new Error((await explain(simulator, found.seed)).text);
});

Deno.test("the same seed gives the same history", () => {
  const [a, b] = [1, 2].map(() => simulate(scheduleOf(7), { logs: true }));
  assertEquals(a, b);
  assert(a!.grants > 0);
});

for (const bug of PLANTED_BUGS) {
  Deno.test(`it is found when ${bug.name}`, async () => {
    await using planted = await plant(bug);
    const simulator = simulatorOf(planted);
    const found = await search(simulator, 1, MOST);
    assert(found !== undefined, `not in ${MOST} schedules`);
    // The shrunk schedule goes wrong too, and has no more in it.
    const { schedule, text } = await explain(simulator, found.seed);
    assert(simulate(schedule, planted).violation !== undefined);
    assert(schedule.faults.length <= scheduleOf(found.seed).faults.length);
    assert(text.includes(`seed ${found.seed}`) && text.includes("VIOLATION"));
  });
}

Deno.test("an outage longer than a lease changes no leader", () => {
  const { conditions } = scheduleOf(1);
  for (let length = 5_000; length <= 100_000; length += 5_000) {
    const { violation, grants, log } = simulate({
      seed: length,
      conditions: { ...conditions, lost: 0, late: 0, doubled: 0, stale: 0 },
      faults: [{ kind: "outage", at: 40_000, for: length }],
    }, { logs: true });
    assertEquals(violation, undefined);
    const lines = log.filter((line) => line.includes('"granted"'));
    const leaders = lines.map((line) => /node \d+/.exec(line)?.[0]);
    assertEquals(new Set(leaders).size, 1, lines.join("\n"));
    // It stops when its window ends, and resumes the same term.
    if (length < 8_000) assertEquals(grants, 1);
    if (length > 15_000) assertEquals(grants, 2);
  }
});
