/**
 * What goes wrong in a simulated cluster, and when.
 *
 * @module
 */

import { Random } from "../support/history/random.ts";

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
  /** A node gives the lease up, if it has it. */
  | { kind: "release"; node: number; at: number }
  /** The servers answer nobody. */
  | { kind: "outage"; at: number; for: number }
  /** A leader of the stream that was frozen answers reads with what it knew. */
  | { kind: "stale"; at: number; for: number }
  /** The bucket is deleted and made again. */
  | { kind: "recreate"; at: number }
  /** The servers come back with what they had some time before. */
  | { kind: "restore"; at: number; age: number; for: number }
  /** Somebody deletes the record: a mark with a revision takes its place. */
  | { kind: "delete"; at: number }
  /** The record expires, and leaves nothing. */
  | { kind: "expire"; at: number };

/** How messages and clocks are, from the beginning to the end of the faults. */
export interface Conditions {
  /** How fast each node's clocks run; they are at most 10 % apart. */
  readonly rates: readonly number[];
  /** Each node's lease in milliseconds. */
  readonly leases: readonly number[];
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

/** The schedule of a seed. */
export function scheduleOf(seed: number): Schedule {
  const random = new Random(seed);
  const nodes = 2 + random.below(3);
  const each = <T>(make: () => T) => Array.from({ length: nodes }, make);
  const isSameLease = random.chance(0.7);
  const chance = (...shares: number[]) => random.pick(shares);
  const conditions = {
    rates: each(() => 0.95 * (1 + random.next() * 0.1)),
    leases: each(() => isSameLease ? 15_000 : random.pick([6_000, 15_000])),
    lost: chance(0, 0, 0.03, 0.15),
    late: chance(0, 0, 0.05, 0.2),
    doubled: chance(0, 0.1),
    stale: chance(0, 0, 0.3),
  };
  // Few kinds at a time: what needs several of one kind is then met more often.
  const kinds = each(() => random.pick(KINDS)).concat(random.pick(KINDS));
  const faults: Fault[] = [];
  for (let count = random.below(20); count > 0; count--) {
    faults.push(faultOf(random.pick(kinds), random, nodes, faults));
  }
  const told = faults.filter(isTold(isSameLease)).filter(isClockLeft);
  return { seed, conditions, faults: told };
}

/** A machine that is suspended, and whose wall clock is set back, has no clock. */
function isClockLeft(fault: Fault, _: number, all: readonly Fault[]): boolean {
  if (fault.kind !== "jump" || fault.by > 0) return true;
  const { node } = fault;
  return !all.some((each) => each.kind === "suspend" && each.node === node);
}

/**
 * A bucket that is made again remembers nobody's duration: a node that starts
 * then, with a shorter one, would wait too little. The docs say so.
 */
function isTold(isSameLease: boolean): (fault: Fault) => boolean {
  return ({ kind }) =>
    isSameLease ||
    (kind !== "recreate" && kind !== "expire" && kind !== "delete" &&
      kind !== "restore");
}

const KINDS = [
  "pause",
  "crash",
  "suspend",
  "cut",
  "jump",
  "release",
  "release",
  "outage",
  "stale",
  "recreate",
  "restore",
  "delete",
  "expire",
] as const;

function faultOf(
  kind: Fault["kind"],
  random: Random,
  nodes: number,
  earlier: readonly Fault[],
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
    case "release":
      return { kind, node, at };
    case "outage":
    case "stale":
      return { kind, ...lasting };
    case "restore": {
      // Right after a release is the worst time to go back to.
      const to = earlier.findLast((each) => each.kind === "release")?.at ?? at;
      const age = to < at && random.chance(0.7)
        ? at - to - random.next() * 1_000
        : random.next() * 30_000;
      return { kind, at: Math.min(at, FAULTS_END - DOWN), age, for: DOWN };
    }
    case "recreate":
    case "delete":
    case "expire":
      return { kind, at };
    default:
      return { kind, node, ...lasting };
  }
}

/**
 * The same schedule with as little in it as still goes wrong.
 *
 * @param isWrong Whether a schedule goes wrong.
 */
export function shrink(
  schedule: Schedule,
  isWrong: (schedule: Schedule) => boolean,
): Schedule {
  let least = schedule;
  const attempt = (next: Schedule) => {
    if (!isWrong(next)) return false;
    least = next;
    return true;
  };
  for (const chaos of ["lost", "late", "doubled", "stale"] as const) {
    attempt({ ...least, conditions: { ...least.conditions, [chaos]: 0 } });
  }
  const { rates } = least.conditions;
  attempt({
    ...least,
    conditions: { ...least.conditions, rates: rates.map(() => 1) },
  });
  for (let i = 0; i < least.faults.length;) {
    if (!attempt({ ...least, faults: least.faults.toSpliced(i, 1) })) i++;
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
