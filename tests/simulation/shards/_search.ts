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
export async function search(
  from: number,
  count: number,
  options: SimulationOptions = {},
): Promise<Found | undefined> {
  for (let seed = from; seed < from + count; seed++) {
    const { violation } = await simulate(scheduleOf(seed), options);
    if (violation !== undefined) return { seed, violation };
  }
  return undefined;
}

/** The smallest schedule that goes wrong like that of a seed, and its history. */
export async function explain(
  seed: number,
  options: SimulationOptions = {},
): Promise<{ schedule: Schedule; text: string }> {
  const isWrong = async (schedule: Schedule) =>
    (await simulate(schedule, options)).violation !== undefined;
  const schedule = await shrink(scheduleOf(seed), isWrong);
  const { violation, log } = await simulate(schedule, {
    ...options,
    logs: true,
  });
  const text = [violation, describe(schedule), ...log.slice(-60)].join("\n");
  return { schedule, text };
}
