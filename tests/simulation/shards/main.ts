/**
 * Tries more schedules of shards than a test run has time for.
 *
 *     deno task simulate:shards [schedules] [first seed]
 *
 * @module
 */

import { explain, search } from "./_search.ts";

const [schedules = 2_000, first = 1] = Deno.args.map(Number);
const STEP = 100;
const start = performance.now();
for (let seed = first; seed < first + schedules; seed += STEP) {
  const count = Math.min(STEP, first + schedules - seed);
  const found = await search(seed, count);
  if (found !== undefined) {
    console.error((await explain(found.seed)).text);
    Deno.exit(1);
  }
  const seconds = Math.round((performance.now() - start) / 1000);
  console.log(`${seed + count - first} schedules are well, ${seconds} s`);
}
