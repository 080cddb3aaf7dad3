/**
 * Tries more schedules of shards than a test run has time for.
 *
 *     deno task simulate:shards [schedules] [first seed]
 *
 * @module
 */

import { searchLong } from "../search.ts";
import { simulatorOf } from "./_simulation.ts";

const [schedules = 2_000, first = 1] = Deno.args.map(Number);
await searchLong(simulatorOf(), first, schedules, 100);
