import {
  checkHistory,
  type HistoryReport,
} from "../support/history/checker.ts";
import type { FinalEvent, HistoryRecord } from "../support/history/records.ts";

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

/** Bytes to be read at once. */
const CHUNK = 256 * 1024;

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
    { [Symbol.iterator]: () => recordsOf(folder, facts) },
    parsedLines<FinalEvent>(folder, FINAL),
    {
      slack: facts.slack,
      lag: facts.lag,
      // What was not sent in time, or before it was given up: nothing is stored.
      allowed: ["JetStreamUnavailableError", "GivenUpError"],
    },
  );
}

function* recordsOf(
  folder: string,
  { whole, cut }: Facts,
): Generator<HistoryRecord, void> {
  for (const name of whole) yield* parsedLines<HistoryRecord>(folder, name);
  for (const name of cut) {
    const stores = new Set<string>();
    let last = 0;
    for (const record of parsedLines<HistoryRecord>(folder, name)) {
      if (record.kind === "invoke") stores.add(record.store);
      last = record.at;
      yield record;
    }
    for (const store of stores) yield { kind: "killed", store, at: last };
  }
}

/**
 * What the lines of a file stand for. What follows the last line break was cut
 * off when its process was killed, and is left out.
 */
function* parsedLines<T>(folder: string, name: string): Generator<T, void> {
  using file = Deno.openSync(`${folder}/${name}`);
  // Nothing else is to be done meanwhile, and there are millions of lines.
  const buffer = new Uint8Array(CHUNK);
  const decoder = new TextDecoder();
  let rest = "";
  for (let count; (count = file.readSync(buffer)) !== null;) {
    const text = decoder.decode(buffer.subarray(0, count), { stream: true });
    const lines = (rest + text).split("\n");
    rest = lines.pop()!;
    for (const line of lines) yield JSON.parse(line);
  }
}
