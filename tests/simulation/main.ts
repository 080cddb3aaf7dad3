/**
 * Tries more schedules than a test run has time for.
 *
 *     deno task simulate [schedules] [first seed]
 *
 * @module
 */

import { simulatorOf } from "./_simulation.ts";
import { searchLong } from "./search.ts";

const [schedules = 100_000, first = 1] = Deno.args.map(Number);
await searchLong(simulatorOf(), first, schedules, 5_000);
