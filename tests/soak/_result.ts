import {
  checkHistory,
  type HistoryReport,
} from "../support/history/checker.ts";
import { FileHistory } from "../support/history/history_log.ts";
import type { FinalEvent, HistoryRecord } from "../support/history/records.ts";
import { linesOf } from "./_protocol.ts";

/** What a check needs beside the histories: a file of the same folder. */
export interface Facts {
  readonly seed: number;
  /** Files of workers that ended, and of the run itself. */
  readonly whole: readonly string[];
  /** Files of workers that were killed. */
  readonly cut: readonly string[];
  readonly slack: number;
  readonly lag: readonly (readonly [from: number, to: number])[];
}

const FACTS = "facts.json";
const FINAL = "final.jsonl";

/** Writes down what is stored in the end. */
export async function writeFinal(
  folder: string,
  events: AsyncIterable<FinalEvent>,
): Promise<void> {
  using file = await Deno.open(`${folder}/${FINAL}`, {
    write: true,
    createNew: true,
  });
  const encoder = new TextEncoder();
  let lines: string[] = [];
  const flush = () => {
    let bytes = encoder.encode(lines.join(""));
    while (bytes.length > 0) bytes = bytes.subarray(file.writeSync(bytes));
    lines = [];
  };
  for await (const event of events) {
    lines.push(JSON.stringify(event) + "\n");
    if (lines.length >= 1_000) flush();
  }
  flush();
}

/** Writes down what a check needs to know. */
export async function writeFacts(folder: string, facts: Facts): Promise<void> {
  await Deno.writeTextFile(`${folder}/${FACTS}`, JSON.stringify(facts));
}

/** Checks what is in a folder. */
export async function checkFolder(folder: string): Promise<HistoryReport> {
  const facts = JSON.parse(
    await Deno.readTextFile(`${folder}/${FACTS}`),
  ) as Facts;
  return await checkHistory(
    { [Symbol.asyncIterator]: () => recordsOf(folder, facts) },
    finalEvents(folder),
    {
      slack: facts.slack,
      lag: facts.lag,
      // What was not sent within a store's timeout: nothing was stored.
      allowed: ["JetStreamUnavailableError"],
    },
  );
}

async function* finalEvents(folder: string): AsyncGenerator<FinalEvent, void> {
  const file = await Deno.open(`${folder}/${FINAL}`);
  for await (const line of linesOf(file.readable)) yield JSON.parse(line);
}

async function* recordsOf(
  folder: string,
  { whole, cut }: Facts,
): AsyncGenerator<HistoryRecord, void> {
  for (const name of whole) yield* new FileHistory([`${folder}/${name}`]);
  for (const name of cut) {
    const stores = new Set<string>();
    let last = 0;
    for await (const record of new FileHistory([`${folder}/${name}`])) {
      if (record.kind === "invoke") stores.add(record.store);
      last = record.at;
      yield record;
    }
    for (const store of stores) yield { kind: "killed", store, at: last };
  }
}
