/**
 * What goes wrong with a simulated lease, and when.
 *
 * @module
 */

import { Random } from "../support/history/random.ts";
import {
  type CommonConditions,
  type CommonFault,
  commonFault,
  placeOf,
  restoreOf,
  type ScheduleOf,
  withClocks,
} from "./faults.ts";

/** Something that goes wrong. Times are milliseconds. */
export type Fault =
  | CommonFault
  /** A node gives the lease up, if it has it. */
  | { kind: "release"; node: number; at: number }
  /** Somebody deletes the record: a mark with a revision takes its place. */
  | { kind: "delete"; at: number }
  /** The record expires, and leaves nothing. */
  | { kind: "expire"; at: number };

/** How messages, clocks and leases are. */
export interface Conditions extends CommonConditions {
  /** Each node's lease in milliseconds. */
  readonly leases: readonly number[];
}

/** One simulated history. */
export type Schedule = ScheduleOf<Conditions, Fault>;

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
  const told = withClocks(faults.filter(isTold(isSameLease)));
  return { seed, conditions, faults: told };
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
  const place = placeOf(random, nodes);
  const { at, node } = place;
  switch (kind) {
    case "release":
      return { kind, node, at };
    case "restore": {
      // Right after a release is the worst time to go back to.
      const to = earlier.findLast((each) => each.kind === "release")?.at ?? at;
      const age = to < at && random.chance(0.7)
        ? at - to - random.next() * 1_000
        : random.next() * 30_000;
      return restoreOf(at, age);
    }
    case "delete":
    case "expire":
      return { kind, at };
    default:
      return commonFault(kind, place, random);
  }
}
