/**
 * Strains a store for a while and proves that it kept its promises:
 *
 *     deno task soak --help
 *
 * @module
 */

import { parseArgs } from "node:util";
import type { HistoryReport } from "../support/history/checker.ts";
import { checkFolder } from "./_result.ts";
import { type ClusterSoakReport, soakCluster } from "./cluster.ts";
import { soak, type SoakReport } from "./soak.ts";

const HELP = `Strains a store for a while and proves that it kept its promises.

    deno task soak [--minutes M] [--saves N] [--servers 1|3] [--seed S] ...
    deno task soak --cluster [--minutes M] [--servers 1|3] [--seed S] ...

Processes write, read and subscribe while servers, connections and processes
fail. All they do is written down; in the end what was written is compared with
what is stored. It ends after M minutes or N saves, whichever comes first.

With --cluster, commands go to accounts on a cluster of node processes, while
nodes and servers fail; in the end every answer is compared with what is stored.

  --minutes M   how long (2, without --saves)
  --saves N     how many saves that store something
  --servers 1|3 one server, or a cluster of three (1)
  --seed S      what chance begins with, to have a run's faults again
  --writers W   processes that write (3)
  --readers R   processes that read (2)
  --actors A    actors (5000)
  --in-flight I saves that each writer keeps under way (200)
  --cluster     strains a cluster instead
  --nodes N     with --cluster: node processes (5)
  --rate N      with --cluster: commands a second (200)
  --keep        keeps the histories although all is well
  --check DIR   only checks histories that were kept
  --help        prints this`;

const MB = 1024 * 1024;
const text = (count: number) => count.toLocaleString("en-US");
const seconds = (ms: number) => `${(ms / 1_000).toFixed(1)} s`;

function fail(message: string): never {
  console.error(message);
  Deno.exit(2);
}

/** The value of an option: a number in a range. */
function number(
  name: string,
  given: string | undefined,
  { least = 1, most = Infinity, whole = true } = {},
): number | undefined {
  if (given === undefined) return undefined;
  const value = Number(given);
  const isGood = given.trim() !== "" && value >= least && value <= most &&
    (!whole || Number.isSafeInteger(value));
  if (!isGood) fail(`--${name} cannot be ${JSON.stringify(given)}; see --help`);
  return value;
}

/** Prints what calls came to; true if all is well. */
function printHistory(report: HistoryReport): boolean {
  const { outcomes, stored, delivered, violations, counts } = report;
  const row = (name: string, value: string) =>
    console.log(`${name.padEnd(36)}${value.padStart(12)}`);
  row("events stored", text(stored));
  row("events delivered", text(delivered));
  for (const [name, count] of [...outcomes].sort()) row(name, text(count));
  const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
  row("violations", text(total));
  for (const [kind, count] of counts) row(`  ${kind}`, text(count));
  for (const { kind, message, records } of violations.slice(0, 20)) {
    console.log(`\n${kind}: ${message}`);
    for (const record of records) {
      console.log(`    ${JSON.stringify(record).slice(0, 600)}`);
    }
  }
  return total === 0;
}

function printRun({ faults, processes, ...report }: SoakReport): void {
  const { duration, checking, peakRss } = report;
  for (const [name, count] of faults) {
    console.log(`${name.padEnd(36)}${text(count).padStart(12)}`);
  }
  const memory = Object.entries(peakRss)
    .map(([name, bytes]) => `${name} ${(bytes / MB).toFixed(0)} MB`);
  console.log(
    `${processes} processes; ${seconds(duration)}, and ${
      seconds(checking)
    } to check; most memory of one process: ${memory.join(", ")}`,
  );
}

/** Prints what a run on a cluster came to; true if all is well. */
function printCluster(report: ClusterSoakReport): boolean {
  const { faults, errors, proof, longest, duration } = report;
  const row = (name: string, value: string) =>
    console.log(`${name.padEnd(36)}${value.padStart(12)}`);
  for (const [name, count] of faults) row(name, text(count));
  row("commands sent", text(proof.sent));
  row("acknowledged", text(proof.acknowledged));
  row("refused by the account", text(proof.rejected));
  row("failed", text(proof.failed));
  for (const [name, count] of errors) row(`  ${name}`, text(count));
  row("acknowledged but not stored", text(proof.lost));
  row("stored twice, or though refused", text(proof.wrong));
  row("balance beyond what was expected", text(proof.balance - proof.expected));
  row("longest gap until an answer", seconds(longest));
  row("duration", seconds(duration));
  return proof.lost === 0 && proof.wrong === 0 &&
    proof.balance === proof.expected;
}

function parseOptions() {
  try {
    return parseArgs({
      options: {
        "minutes": { type: "string" },
        "saves": { type: "string" },
        "servers": { type: "string" },
        "seed": { type: "string" },
        "writers": { type: "string" },
        "readers": { type: "string" },
        "actors": { type: "string" },
        "in-flight": { type: "string" },
        "cluster": { type: "boolean" },
        "nodes": { type: "string" },
        "rate": { type: "string" },
        "keep": { type: "boolean" },
        "check": { type: "string" },
        "help": { type: "boolean" },
      },
    });
  } catch (error) {
    fail(`${(error as Error).message}; see --help`);
  }
}

const { values } = parseOptions();
if (values.help) {
  console.log(HELP);
  Deno.exit(0);
}
if (values.check !== undefined) {
  const isGood = printHistory(await checkFolder(values.check));
  Deno.exit(isGood ? 0 : 1);
}
const minutes = number("minutes", values.minutes, { least: 0, whole: false });
const saves = number("saves", values.saves);
const servers = number("servers", values.servers) ?? 1;
if (servers !== 1 && servers !== 3) fail("--servers is 1 or 3");
const seed = number("seed", values.seed, { least: 0, most: 2 ** 32 - 1 }) ??
  crypto.getRandomValues(new Uint32Array(1))[0]!;
console.log(`seed ${seed}, ${servers} server(s)`);
if (values.cluster) {
  const isGood = printCluster(
    await soakCluster({
      seed,
      servers,
      duration: (minutes ?? 2) * 60_000,
      nodes: number("nodes", values.nodes, { least: 2 }) ?? 5,
      rate: number("rate", values.rate) ?? 200,
      onProgress: (line) => console.log(line),
    }),
  );
  console.log(`seed ${seed}, ${servers} server(s)`);
  Deno.exit(isGood ? 0 : 1);
}
const report = await soak({
  seed,
  servers,
  saves,
  duration: minutes !== undefined || saves === undefined
    ? (minutes ?? 2) * 60_000
    : undefined,
  writers: number("writers", values.writers),
  // Every other one of a kind gets its connection through proxies.
  readers: number("readers", values.readers),
  actors: number("actors", values.actors, { least: 10 }),
  inFlight: number("in-flight", values["in-flight"]),
  onProgress: (line) => console.log(line),
});
console.log(`\nseed ${seed}, ${servers} server(s)`);
printRun(report);
const isGood = printHistory(report.history);
if (isGood && !values.keep) {
  await Deno.remove(report.folder, { recursive: true });
} else {
  const args = Deno.args.join(" ");
  const again = values.seed === undefined ? `${args} --seed ${seed}` : args;
  console.log(
    `\nThe histories stay. To check them again, and to have such a run again:
    deno task soak --check ${report.folder}
    deno task soak ${again.trim()}`,
  );
}
Deno.exit(isGood ? 0 : 1);
