/**
 * Timing, in turns: what is compared is measured A B B A, so that a machine
 * that becomes faster or slower meanwhile does so for both.
 *
 * @module
 */

import { cpuUsage } from "node:process";
import type { Reference } from "./_harness.ts";

/** What one side of a comparison came to, over all its turns. */
export interface Sample {
  /** Each turn's figure, in rising order. */
  readonly values: readonly number[];
  /** The one in the middle. */
  readonly median: number;
  /** How many of this process's threads were busy meanwhile. */
  readonly cpu: number;
}

/** A sample as what another one is compared with. */
export function against(name: string, { median, cpu }: Sample): Reference {
  return { name, figure: median, cpu };
}

/** The value below which a share of the values lie, which rise. */
export function percentile(values: readonly number[], share: number): number {
  return values[
    Math.min(values.length - 1, Math.floor(values.length * share))
  ]!;
}

const rising = (values: Iterable<number>) => [...values].sort((a, b) => a - b);

/** Throws away what earlier turns left, where V8 was told to let us. */
export function collectGarbage(): void {
  (globalThis as { gc?: () => void }).gc?.();
}

/** CPU seconds this process has used. */
function cpuSeconds(): number {
  const { user, system } = cpuUsage();
  return (user + system) / 1e6;
}

/**
 * Runs each side once for nothing, then all of them in turns.
 *
 * @param sides Each gives the figure of one turn.
 */
export async function takeTurns<Name extends string>(
  turns: number,
  sides: Readonly<Record<Name, () => Promise<number>>>,
  progress: (text: string) => void = () => {},
): Promise<Record<Name, Sample>> {
  const names = Object.keys(sides) as Name[];
  const taken = new Map(
    names.map((name) => [name, { values: [] as number[], cpu: 0, wall: 0 }]),
  );
  for (let turn = 0; turn <= turns; turn++) {
    // Each comes first in its turn: whoever does finds code and servers as the
    // one before it has left them.
    const first = turn % names.length;
    for (const name of [...names.slice(first), ...names.slice(0, first)]) {
      progress(turn === 0 ? `warm-up: ${name}` : `${turn}/${turns}: ${name}`);
      collectGarbage();
      const began = performance.now();
      const cpu = cpuSeconds();
      const value = await sides[name]();
      if (turn === 0) continue;
      const side = taken.get(name)!;
      side.values.push(value);
      side.cpu += cpuSeconds() - cpu;
      side.wall += (performance.now() - began) / 1000;
    }
  }
  return Object.fromEntries(names.map((name) => {
    const { values, cpu, wall } = taken.get(name)!;
    const sorted = rising(values);
    const sample: Sample = {
      values: sorted,
      median: percentile(sorted, 0.5),
      cpu: cpu / wall,
    };
    return [name, sample];
  })) as Record<Name, Sample>;
}

/** One side of a comparison of latencies. */
export interface Timed {
  /** Is not timed, and done before each `run`. */
  before?(): Promise<unknown>;
  /** Is timed. */
  run(): Promise<unknown>;
}

/** Latencies in milliseconds, which rise. */
export type Latencies = readonly number[];

/**
 * Times single operations of each side in turns, after some for nothing.
 *
 * @param count How many of each.
 */
export async function timeEach<Name extends string>(
  count: number,
  sides: Readonly<Record<Name, Timed>>,
): Promise<Record<Name, Latencies>> {
  const names = Object.keys(sides) as Name[];
  const taken = new Map(names.map((name) => [name, [] as number[]]));
  const warmUp = Math.min(50, Math.ceil(count / 5));
  for (let i = -warmUp; i < count; i++) {
    for (const name of names) {
      const { before, run } = sides[name];
      await before?.();
      const began = performance.now();
      await run();
      const took = performance.now() - began;
      if (i >= 0) taken.get(name)!.push(took);
    }
  }
  const all: [string, Latencies][] = names.map((
    name,
  ) => [name, rising(taken.get(name)!)]);
  return Object.fromEntries(all) as Record<Name, Latencies>;
}

/**
 * Operations a second, so many of them under way at any time.
 *
 * @param count How many in all.
 * @param run Gets 0, 1, 2 and so on.
 */
export async function rateOf(
  count: number,
  inFlight: number,
  run: (i: number) => Promise<unknown>,
): Promise<number> {
  let next = 0;
  const began = performance.now();
  await Promise.all(Array.from({ length: inFlight }, async () => {
    while (next < count) await run(next++);
  }));
  return count / (performance.now() - began) * 1000;
}
