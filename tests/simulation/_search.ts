/**
 * Looks for schedules that go wrong.
 *
 * @module
 */

import { describe, type Schedule, scheduleOf, shrink } from "./_schedule.ts";
import { simulate, type SimulationOptions } from "./_simulation.ts";

/** What a search has found. */
export interface Found {
  readonly seed: number;
  readonly violation: string;
}

/** The first schedule that goes wrong, of so many from a seed on. */
export function search(
  from: number,
  count: number,
  options: SimulationOptions = {},
): Found | undefined {
  for (let seed = from; seed < from + count; seed++) {
    const { violation } = simulate(scheduleOf(seed), options);
    if (violation !== undefined) return { seed, violation };
  }
  return undefined;
}

/** The smallest schedule that goes wrong like that of a seed, and its history. */
export function explain(
  seed: number,
  options: SimulationOptions = {},
): { schedule: Schedule; text: string } {
  const isWrong = (schedule: Schedule) =>
    simulate(schedule, options).violation !== undefined;
  const schedule = shrink(scheduleOf(seed), isWrong);
  const { violation, log } = simulate(schedule, { ...options, logs: true });
  const lines = log.filter((line) => !line.endsWith(" read"));
  const end = lines.findIndex((line) => line.includes("VIOLATION"));
  const last = lines.slice(Math.max(0, end - 30), end + 1);
  const text = [violation, describe(schedule), ...last].join("\n");
  return { schedule, text };
}
