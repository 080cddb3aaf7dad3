/**
 * What goes wrong in every simulation, and schedules of it.
 *
 * @module
 */

import type { Random } from "../support/history/random.ts";

/** Faults begin before this time, in milliseconds; then everything heals. */
export const FAULTS_END = 120_000;
/** The longest that a message is under way, in milliseconds. */
export const LONGEST_DELAY = 25_000;

/** How long servers are down that lose data: their machines start anew. */
const DOWN = 8_000;

/** Something that goes wrong. Times are milliseconds. */
export type CommonFault =
  /** A process is stopped, and goes on. */
  | { kind: "pause"; node: number; at: number; for: number }
  /** A process is killed, and started anew. */
  | { kind: "crash"; node: number; at: number; for: number }
  /** A machine is suspended: its monotonic clock stands still. */
  | { kind: "suspend"; node: number; at: number; for: number }
  /** Messages of a node are lost, those of one direction or all. */
  | {
    kind: "cut";
    node: number;
    at: number;
    for: number;
    what: "requests" | "replies" | "both";
  }
  /** A node's wall clock jumps. */
  | { kind: "jump"; node: number; at: number; by: number }
  /** The servers answer nobody. */
  | { kind: "outage"; at: number; for: number }
  /** A leader of the stream that was frozen answers reads with what it knew. */
  | { kind: "stale"; at: number; for: number }
  /** The bucket is deleted and made again. */
  | { kind: "recreate"; at: number }
  /** The servers come back with what they had some time before. */
  | { kind: "restore"; at: number; age: number; for: number };

/** How messages and clocks are, from the beginning to the end of the faults. */
export interface CommonConditions {
  /** How fast each node's clocks run; they are at most 10 % apart. */
  readonly rates: readonly number[];
  /** The share of messages that is lost, late, doubled, or read stale. */
  readonly lost: number;
  readonly late: number;
  readonly doubled: number;
  readonly stale: number;
}

/** One simulated history. */
export interface ScheduleOf<Conditions, Fault> {
  readonly seed: number;
  readonly conditions: Conditions;
  readonly faults: readonly Fault[];
}

/** When and where a fault of any kind is, and for how long if it lasts. */
export interface FaultPlace {
  readonly at: number;
  readonly node: number;
  readonly lasting: { readonly at: number; readonly for: number };
}

/** Chooses where a fault is. */
export function placeOf(random: Random, nodes: number): FaultPlace {
  const at = Math.floor(random.next() * FAULTS_END);
  const node = random.below(nodes);
  const long = Math.floor(random.next() * 40_000);
  return { at, node, lasting: { at, for: Math.min(long, FAULTS_END - at) } };
}

/** A fault of a kind that every simulation has. */
export function commonFault(
  kind: CommonFault["kind"],
  { at, node, lasting }: FaultPlace,
  random: Random,
): CommonFault {
  switch (kind) {
    case "cut": {
      const what = random.pick(["requests", "replies", "both"] as const);
      return { kind, node, ...lasting, what };
    }
    case "jump": {
      // Seconds, or hours.
      const most = random.chance(0.7) ? 240_000 : 24 * 3_600_000;
      return { kind, node, at, by: (random.next() - 0.5) * most };
    }
    case "outage":
    case "stale":
      return { kind, ...lasting };
    case "restore":
      return restoreOf(at, random.next() * 30_000);
    case "recreate":
      return { kind, at };
    default:
      return { kind, node, ...lasting };
  }
}

/** Servers that come back with what they had so long before. */
export function restoreOf(at: number, age: number): CommonFault {
  return {
    kind: "restore",
    at: Math.min(at, FAULTS_END - DOWN),
    age,
    for: DOWN,
  };
}

/**
 * The faults that leave each node a clock: a machine that is suspended, and
 * whose wall clock is set back, has none.
 */
export function withClocks<Fault extends { kind: string }>(
  faults: readonly (Fault | CommonFault)[],
): (Fault | CommonFault)[] {
  const suspended = new Set(
    faults.map((each) =>
      "node" in each && each.kind === "suspend" && each.node
    ),
  );
  return faults.filter((each) =>
    !("by" in each) || each.by > 0 || !suspended.has(each.node)
  );
}

/**
 * The same schedule with as little in it as still goes wrong.
 *
 * @param chaos The conditions that may be 0.
 * @param isWrong Whether a schedule goes wrong.
 */
export async function shrink<Conditions extends CommonConditions, Fault>(
  schedule: ScheduleOf<Conditions, Fault>,
  chaos: readonly (keyof Conditions & string)[],
  isWrong: (
    schedule: ScheduleOf<Conditions, Fault>,
  ) => boolean | Promise<boolean>,
): Promise<ScheduleOf<Conditions, Fault>> {
  let least = schedule;
  const attempt = async (next: ScheduleOf<Conditions, Fault>) => {
    if (!await isWrong(next)) return false;
    least = next;
    return true;
  };
  const attemptWith = (changed: Partial<CommonConditions>) =>
    attempt({ ...least, conditions: { ...least.conditions, ...changed } });
  for (const each of ["lost", "late", "doubled", "stale", ...chaos]) {
    await attemptWith({ [each]: 0 });
  }
  await attemptWith({ rates: least.conditions.rates.map(() => 1) });
  for (let i = 0; i < least.faults.length;) {
    const faults = least.faults.toSpliced(i, 1);
    if (!await attempt({ ...least, faults })) i++;
  }
  return least;
}

/** A schedule in words, in the order in which things happen. */
export function describe(
  { seed, conditions, faults }: ScheduleOf<
    unknown,
    { readonly kind: string; readonly at: number }
  >,
): string {
  const lines = [`seed ${seed}: ${JSON.stringify(conditions)}`];
  for (const { kind, ...rest } of faults.toSorted((a, b) => a.at - b.at)) {
    lines.push(`  ${kind} ${JSON.stringify(rest)}`);
  }
  return lines.join("\n");
}
