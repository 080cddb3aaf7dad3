/**
 * A history's end: all is read back and checked.
 *
 * @module
 */

import type { NatsConnection } from "@nats-io/nats-core";
import {
  checkHistory,
  type CheckOptions,
  type HistoryReport,
  type HistorySource,
} from "./checker.ts";
import { readFinalEvents, type StreamNames } from "./final_events.ts";
import { LineHistory } from "./history_log.ts";

/**
 * Checks a history against what the stream holds now, and prints what it was
 * made of.
 *
 * @throws {Error} If anything is wrong, with the first of it; the whole history
 * is kept in a file that the message names.
 */
export async function assertKept(
  records: HistorySource,
  nc: NatsConnection,
  names: StreamNames,
  options: CheckOptions = {},
): Promise<HistoryReport> {
  const final = await Array.fromAsync(readFinalEvents(nc, names));
  const report = await checkHistory(records, final, options);
  const outcomes = [...report.outcomes].sort()
    .map(([how, count]) => `${how} ${count}`);
  console.log(
    `${report.stored} stored, ${report.delivered} delivered; ${
      outcomes.join(", ")
    }; longest ${await longest(records)}`,
  );
  if (report.violations.length === 0) return report;
  const folder = await Deno.makeTempDir({ prefix: "aether-history-" });
  using file = await Deno.open(`${folder}/history.jsonl`, {
    write: true,
    create: true,
  });
  const lines = new LineHistory(file);
  for await (const record of records) lines.write(record);
  await Deno.writeTextFile(
    `${folder}/final.jsonl`,
    final.map((event) => JSON.stringify(event) + "\n").join(""),
  );
  const shown = report.violations.slice(0, 10).map((
    { kind, message, records },
  ) =>
    `${kind}: ${message}\n${
      records.map((record) => `    ${JSON.stringify(record).slice(0, 600)}\n`)
        .join("")
    }`
  );
  const counts = [...report.counts].map(([kind, count]) => `${count} ${kind}`);
  throw new Error(
    `Promises broken: ${counts.join(", ")}; see ${folder}\n${shown.join("")}`,
  );
}

/** The calls that took longest, one of each name. */
async function longest(records: HistorySource): Promise<string> {
  const begun = new Map<string, { name: string; at: number }>();
  const most = new Map<string, number>();
  for await (const record of records) {
    if (record.kind === "invoke") {
      begun.set(record.op, { name: record.call.name, at: record.at });
    } else if (record.kind === "complete") {
      const { name, at } = begun.get(record.op)!;
      begun.delete(record.op);
      if (name === "subscribe") continue;
      most.set(name, Math.max(most.get(name) ?? 0, record.at - at));
    }
  }
  return [...most].map(([name, ms]) => `${name} ${ms.toFixed()} ms`).join(", ");
}
