/**
 * What goes wrong in a simulated cluster of shards, and when.
 *
 * @module
 */

import { Random } from "../../support/history/random.ts";

/** Faults begin before this time, in milliseconds; then everything heals. */
export const FAULTS_END = 120_000;
/** The longest that a message is under way, in milliseconds. */
export const LONGEST_DELAY = 25_000;

/** How long servers are down that lose data: their machines start anew. */
const DOWN = 8_000;

/** Something that goes wrong. Times are milliseconds. */
export type Fault =
  /** A process is stopped, and goes on. */
  | { kind: "pause"; node: number; at: number; for: number }
  /** A process is killed, and started anew. */
  | { kind: "crash"; node: number; at: number; for: number }
  /** A process leaves, and is started anew. */
  | { kind: "leave"; node: number; at: number; for: number }
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
  /** The leader, whoever it is, is stopped, or killed and started anew. */
  | { kind: "pauseLeader" | "crashLeader"; at: number; for: number }
  /** The servers answer nobody. */
  | { kind: "outage"; at: number; for: number }
  /** A leader of the stream that was frozen answers reads with what it knew. */
  | { kind: "stale"; at: number; for: number }
  /** The bucket is deleted and made again. */
  | { kind: "recreate"; at: number }
  /** The servers come back with what they had some time before. */
  | { kind: "restore"; at: number; age: number; for: number }
  /** Somebody deletes a value: a mark with a revision takes its place. */
  | { kind: "delete"; at: number; key: number };

/** How messages and clocks are, from the beginning to the end of the faults. */
export interface Conditions {
  /** How fast each node's clocks run; they are at most 10 % apart. */
  readonly rates: readonly number[];
  /** Whether a node that is started anew has its id again. */
  readonly sameIds: boolean;
  /** How long the hooks of shards take at most, in milliseconds. */
  readonly hooks: number;
  /** The share of messages that is lost, late, doubled, or read stale. */
  readonly lost: number;
  readonly late: number;
  readonly doubled: number;
  readonly stale: number;
}

/** One simulated history. */
export interface Schedule {
  readonly seed: number;
  readonly conditions: Conditions;
  readonly faults: readonly Fault[];
}

const KINDS = [
  "pause",
  "crash",
  "leave",
  "leave",
  "suspend",
  "cut",
  "cut",
  "jump",
  "pauseLeader",
  "crashLeader",
  "outage",
  "stale",
  "recreate",
  "restore",
  "delete",
] as const;

/** The schedule of a seed. */
export function scheduleOf(seed: number): Schedule {
  const random = new Random(seed);
  const nodes = 2 + random.below(4);
  const conditions = {
    rates: Array.from(
      { length: nodes },
      () => 0.95 * (1 + random.next() * 0.1),
    ),
    sameIds: random.chance(0.5),
    hooks: random.pick([0, 0, 1_000, 10_000]),
    lost: random.pick([0, 0, 0.03, 0.15]),
    late: random.pick([0, 0, 0.05, 0.2]),
    doubled: random.pick([0, 0.1]),
    stale: random.pick([0, 0, 0.3]),
  };
  // Few kinds at a time: what needs several of one kind is then met more often.
  const kinds = Array.from({ length: 4 }, () => random.pick(KINDS));
  const faults = Array.from(
    { length: random.below(16) },
    () => faultOf(random.pick(kinds), random, nodes),
  );
  if (random.chance(0.2)) {
    const every = 2_000 + random.next() * 6_000;
    const at = random.next() * FAULTS_END;
    const until = at + random.next() * (FAULTS_END - at);
    faults.push(...flapping({ node: random.below(nodes), at, every, until }));
  }
  return { seed, conditions, faults: faults.filter(isClockLeft) };
}

/** A node that leaves, and comes back at once, again and again. */
export function flapping(
  { node, at, every, until }: Record<"node" | "at" | "every" | "until", number>,
): Fault[] {
  const faults: Fault[] = [];
  for (; at < until; at += every) {
    faults.push({ kind: "leave", node, at, for: 300 });
  }
  return faults;
}

/** A machine that is suspended, and whose wall clock is set back, has no clock. */
function isClockLeft(fault: Fault, _: number, all: readonly Fault[]): boolean {
  if (fault.kind !== "jump" || fault.by > 0) return true;
  const { node } = fault;
  return !all.some((each) => each.kind === "suspend" && each.node === node);
}

function faultOf(
  kind: Fault["kind"],
  random: Random,
  nodes: number,
): Fault {
  const at = Math.floor(random.next() * FAULTS_END);
  const node = random.below(nodes);
  const long = Math.floor(random.next() * 40_000);
  const lasting = { at, for: Math.min(long, FAULTS_END - at) };
  switch (kind) {
    case "cut": {
      const what = random.pick(["requests", "replies", "both"] as const);
      return { kind, node, ...lasting, what };
    }
    case "jump":
      return { kind, node, at, by: (random.next() - 0.5) * 240_000 };
    case "outage":
    case "stale":
    case "pauseLeader":
    case "crashLeader":
      return { kind, ...lasting };
    case "restore": {
      const age = random.next() * 30_000;
      return { kind, at: Math.min(at, FAULTS_END - DOWN), age, for: DOWN };
    }
    case "recreate":
      return { kind, at };
    case "delete":
      return { kind, at, key: random.below(100) };
    default:
      return { kind, node, ...lasting };
  }
}

/**
 * The same schedule with as little in it as still goes wrong.
 *
 * @param isWrong Whether a schedule goes wrong.
 */
export async function shrink(
  schedule: Schedule,
  isWrong: (schedule: Schedule) => Promise<boolean>,
): Promise<Schedule> {
  let least = schedule;
  const attempt = async (next: Schedule) => {
    if (!await isWrong(next)) return false;
    least = next;
    return true;
  };
  for (const chaos of ["lost", "late", "doubled", "stale", "hooks"] as const) {
    await attempt({
      ...least,
      conditions: { ...least.conditions, [chaos]: 0 },
    });
  }
  const { rates } = least.conditions;
  await attempt({
    ...least,
    conditions: { ...least.conditions, rates: rates.map(() => 1) },
  });
  for (let i = 0; i < least.faults.length;) {
    const faults = least.faults.toSpliced(i, 1);
    if (!await attempt({ ...least, faults })) i++;
  }
  return least;
}

/** A schedule in words, in the order in which things happen. */
export function describe({ seed, conditions, faults }: Schedule): string {
  const lines = [`seed ${seed}: ${JSON.stringify(conditions)}`];
  for (const { kind, ...rest } of faults.toSorted((a, b) => a.at - b.at)) {
    lines.push(`  ${kind} ${JSON.stringify(rest)}`);
  }
  return lines.join("\n");
}
