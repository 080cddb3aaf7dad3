/**
 * What goes wrong in a simulated cluster of shards, and when.
 *
 * @module
 */

import { Random } from "../../support/history/random.ts";
import {
  type CommonConditions,
  type CommonFault,
  commonFault,
  FAULTS_END,
  placeOf,
  type ScheduleOf,
  withClocks,
} from "../faults.ts";

/** Something that goes wrong. Times are milliseconds. */
export type Fault =
  | CommonFault
  /** A process leaves, and is started anew. */
  | { kind: "leave"; node: number; at: number; for: number }
  /** The leader, whoever it is, is stopped, or killed and started anew. */
  | { kind: "pauseLeader" | "crashLeader"; at: number; for: number }
  /** Somebody deletes a value: a mark with a revision takes its place. */
  | { kind: "delete"; at: number; key: number };

/** How messages, clocks and nodes are. */
export interface Conditions extends CommonConditions {
  /** Whether a node that is started anew has its id again. */
  readonly sameIds: boolean;
  /** How long the hooks of shards take at most, in milliseconds. */
  readonly hooks: number;
}

/** One simulated history. */
export type Schedule = ScheduleOf<Conditions, Fault>;

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
  const faults: Fault[] = Array.from(
    { length: random.below(16) },
    () => faultOf(random.pick(kinds), random, nodes),
  );
  if (random.chance(0.2)) {
    const every = 2_000 + random.next() * 6_000;
    const at = random.next() * FAULTS_END;
    const until = at + random.next() * (FAULTS_END - at);
    faults.push(...flapping({ node: random.below(nodes), at, every, until }));
  }
  return { seed, conditions, faults: withClocks(faults) };
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

function faultOf(
  kind: Fault["kind"],
  random: Random,
  nodes: number,
): Fault {
  const place = placeOf(random, nodes);
  const { at, node, lasting } = place;
  switch (kind) {
    case "leave":
      return { kind, node, ...lasting };
    case "pauseLeader":
    case "crashLeader":
      return { kind, ...lasting };
    case "delete":
      return { kind, at, key: random.below(100) };
    default:
      return commonFault(kind, place, random);
  }
}
