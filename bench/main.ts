/**
 * Measures this library beside its peers and what the server allows:
 *
 *     deno task bench --help
 *
 * @module
 */

import { parseArgs } from "node:util";
import { cells, headings, line } from "./_figures.ts";
import {
  Bench,
  type Row,
  type Scale,
  scaleOf,
  type Theme,
} from "./_harness.ts";
import { describe, environment, type Report } from "./_report.ts";
import { appends } from "./appends.ts";
import { bus } from "./bus.ts";
import { deciders } from "./deciders.ts";
import { footprint } from "./footprint.ts";
import { groups } from "./groups.ts";
import { hosts } from "./hosts.ts";
import { inFlight } from "./in_flight.ts";
import { leases } from "./leases.ts";
import { memory } from "./memory.ts";
import { nagle } from "./nagle.ts";
import { placement } from "./placement.ts";
import { reads } from "./reads.ts";
import { requests } from "./requests.ts";
import { saves } from "./saves.ts";
import { subscriptions } from "./subscriptions.ts";

const THEMES: readonly ((scale: Scale) => Theme)[] = [
  memory,
  saves,
  appends,
  groups,
  reads,
  subscriptions,
  deciders,
  hosts,
  requests,
  bus,
  footprint,
  inFlight,
  placement,
  leases,
  nagle,
];

const HELP = `Measures this library beside its peers and what the server allows.

    deno task bench [--full] [--only NAME] [--json FILE] [--list] [--help]

  --full       long runs on large streams: the figures that targets are judged
               by. Without it streams are a tenth as large and runs short.
  --only NAME  only themes and rows with this in their names, such as
               "saves" or "one in flight"; may be given more than once
  --json FILE  writes the figures to a file, too
  --list       prints the names of all themes and rows
  --help       prints this

Rows that --list marks are measured with --full, or when --only names them.`;

const progressing = Deno.stderr.isTerminal();
const encoder = new TextEncoder();

/** Says what is being done, on one line that the next one overwrites. */
function progress(text: string): void {
  if (!progressing) return;
  const cut = text.slice(0, 100).padEnd(100);
  Deno.stderr.writeSync(encoder.encode(`\r${cut}\r`));
}

interface Options {
  readonly scale: Scale;
  /** In lower case. Empty for everything. */
  readonly only: readonly string[];
}

/** What a run has come to so far. */
interface Taken {
  readonly rows: Row[];
  readonly failures: string[];
}

/** Measures a theme and prints its rows. */
async function measure(
  { name, onlyFull = false, measurements }: Theme,
  { scale, only }: Options,
  { rows: taken, failures }: Taken,
): Promise<void> {
  const named = (text: string) =>
    only.some((part) => text.toLowerCase().includes(part));
  const wants = (row: string) => only.length === 0 || named(name) || named(row);
  if (onlyFull && !scale.full && only.length === 0) return;
  const wanted = measurements.filter(({ rows, onlyFull }) =>
    rows.some(wants) && (!onlyFull || scale.full || rows.some(named))
  );
  if (wanted.length === 0) return;
  progress("");
  console.log(`\n${line([name, ...headings.slice(1)])}`);
  let doing = "";
  await using bench = new Bench(name, scale, {
    wants,
    print(row) {
      progress("");
      console.log(line(cells(row)));
      taken.push(row);
    },
    progress: (text) => progress(`  ${doing}: ${text}`),
  });
  for (const { rows, run } of wanted) {
    doing = rows.find(wants)!;
    progress(`  ${doing}`);
    try {
      await run(bench);
    } catch (error) {
      progress("");
      console.error(`${doing} failed:`, error);
      failures.push(`${name}, ${doing}: ${error}`);
    }
  }
}

function list(themes: readonly Theme[]): void {
  const mark = (onlyFull = false) => onlyFull ? " (--full)" : "";
  for (const { name, onlyFull, measurements } of themes) {
    console.log(name + mark(onlyFull));
    for (const { rows, onlyFull } of measurements) {
      for (const row of rows) console.log(`  ${row}${mark(onlyFull)}`);
    }
  }
}

function summary({ rows, mode, seconds, failures }: Report): void {
  const judged = rows.filter(({ met }) => met !== undefined);
  const missed = judged.filter(({ met }) => !met);
  console.log(
    `\n${rows.length} rows in ${seconds.toFixed(0)} s; ` +
      `${judged.length - missed.length} of ${judged.length} targets met`,
  );
  for (const { theme, name } of missed) {
    console.log(`  missed: ${theme}, ${name}`);
  }
  for (const failure of failures) console.log(`  failed: ${failure}`);
  if (mode === "quick") {
    console.log("Small streams, short runs: targets are judged with --full");
  }
}

function fail(message: string): never {
  console.error(`${message}; see --help`);
  Deno.exit(2);
}

function parseOptions() {
  try {
    return parseArgs({
      args: Deno.args,
      options: {
        full: { type: "boolean", default: false },
        quick: { type: "boolean", default: false },
        only: { type: "string", multiple: true, default: [] },
        json: { type: "string" },
        list: { type: "boolean", default: false },
        help: { type: "boolean", default: false },
      },
    });
  } catch (error) {
    fail((error as Error).message);
  }
}

async function main(): Promise<void> {
  const { values } = parseOptions();
  if (values.help) return console.log(HELP);
  if (values.full && values.quick) {
    fail("--full and --quick exclude each other");
  }
  const scale = scaleOf(values.full);
  const themes = THEMES.map((theme) => theme(scale));
  if (values.list) return list(themes);

  const began = new Date();
  const found = await environment();
  for (const text of describe(found)) console.log(text);
  const mode = scale.full ? "full" : "quick";
  console.log(
    scale.full
      ? "Long runs on large streams"
      : "A quick look: streams a tenth as large, short runs (--full for more)",
  );
  const only = values.only.map((part) => part.toLowerCase());
  const taken: Taken = { rows: [], failures: [] };
  for (const theme of themes) await measure(theme, { scale, only }, taken);
  if (taken.rows.length + taken.failures.length === 0) {
    throw new RangeError(
      `Cannot bench: nothing has ${only.join(" or ")} in its name (see --list)`,
    );
  }
  const seconds = (Date.now() - began.getTime()) / 1000;
  const report: Report = {
    ...found,
    mode,
    began: began.toISOString(),
    seconds,
    ...taken,
  };
  summary(report);
  if (values.json !== undefined) {
    await Deno.writeTextFile(
      values.json,
      JSON.stringify(report, null, 2) + "\n",
    );
  }
  if (report.failures.length > 0) Deno.exitCode = 1;
}

if (import.meta.main) await main();
