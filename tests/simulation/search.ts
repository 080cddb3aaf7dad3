/**
 * Looking for schedules that go wrong.
 *
 * @module
 */

import {
  type CommonConditions,
  type CommonFault,
  describe,
  type ScheduleOf,
  shrink,
} from "./faults.ts";

/** A schedule that goes wrong. */
export interface Found {
  readonly seed: number;
  readonly violation: string;
}

/** What came of a schedule. */
export interface Outcome {
  /** What went wrong first; undefined if nothing did. */
  readonly violation: string | undefined;
  /** What happened, in words, if that was asked for. */
  readonly log: readonly string[];
}

/** Schedules, and what comes of them. */
export interface Simulator<Conditions extends CommonConditions, Fault> {
  /** Beside the common ones, conditions that may be 0. */
  readonly chaos: readonly (keyof Conditions & string)[];
  scheduleOf(seed: number): ScheduleOf<Conditions, Fault>;
  simulate(
    schedule: ScheduleOf<Conditions, Fault>,
    logs: boolean,
  ): Outcome | Promise<Outcome>;
}

/** The first schedule that goes wrong, of so many from a seed on. */
export async function search<Conditions extends CommonConditions, Fault>(
  { scheduleOf, simulate }: Simulator<Conditions, Fault>,
  from: number,
  count: number,
): Promise<Found | undefined> {
  for (let seed = from; seed < from + count; seed++) {
    const { violation } = await simulate(scheduleOf(seed), false);
    if (violation !== undefined) return { seed, violation };
  }
  return undefined;
}

/**
 * The smallest schedule that goes wrong like that of a seed, and the last that
 * happened in it.
 */
export async function explain<
  Conditions extends CommonConditions,
  Fault extends { readonly kind: string; readonly at: number } = CommonFault,
>(
  { scheduleOf, simulate, chaos }: Simulator<Conditions, Fault>,
  seed: number,
): Promise<{ schedule: ScheduleOf<Conditions, Fault>; text: string }> {
  const schedule = await shrink(
    scheduleOf(seed),
    chaos,
    async (each) => (await simulate(each, false)).violation !== undefined,
  );
  const { violation, log } = await simulate(schedule, true);
  const lines = log.filter((line) => !line.endsWith(" read"));
  const end = lines.findIndex((line) => line.includes("VIOLATION"));
  const last = lines.slice(Math.max(0, end - 60), end + 1);
  const text = [violation, describe(schedule), ...last].join("\n");
  return { schedule, text };
}

/** Tries schedules and tells how far it is; ends the process if one goes wrong. */
export async function searchLong<
  Conditions extends CommonConditions,
  Fault extends { readonly kind: string; readonly at: number },
>(
  simulator: Simulator<Conditions, Fault>,
  first: number,
  schedules: number,
  step: number,
): Promise<void> {
  const start = performance.now();
  for (let seed = first; seed < first + schedules; seed += step) {
    const count = Math.min(step, first + schedules - seed);
    const found = await search(simulator, seed, count);
    if (found !== undefined) {
      console.error((await explain(simulator, found.seed)).text);
      Deno.exit(1);
    }
    const seconds = Math.round((performance.now() - start) / 1000);
    console.log(`${seed + count - first} schedules are well, ${seconds} s`);
  }
}
