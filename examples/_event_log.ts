/**
 * Event logs in CSV: a row an event, the columns of one row naming the rest.
 *
 * @module
 */

import { createEvent, type Event } from "@flowmade-one/aether";
import { generate as uuid } from "@std/uuid/v5";
import { parse } from "csv-parse";
import { pipeline, Readable } from "node:stream";

/** An event of a log: its row, without what the event itself says. */
export type LogEvent = Event<string, Record<string, string>>;

/** The columns that make a row an event. */
export interface Columns {
  readonly actor: string;
  readonly type: string;
  readonly time: string;
}

/** A row that can't be an event. */
export interface BadRow {
  /** The line of the file on which the row ends; the first line is 1. */
  readonly line: number;
  readonly reason: string;
}

/** The UUID namespace of ids that are made from rows. */
const ROWS = "0b7c3c0e-53f5-5b0e-9d6c-6d0a3c6b7f11";

interface ParsedRow {
  readonly record: string[];
  readonly info: { readonly lines: number };
}

/**
 * The events of a log in the order of its rows. An actor's versions count its
 * rows, and ids are made from the rows, so that the same log gives the same
 * events each time.
 *
 * @param onBadRow Told of each row that can't be an event, which is left out.
 * @throws {RangeError} If the first row lacks one of the columns.
 */
export async function* readEventLog(
  csv: ReadableStream<Uint8Array>,
  columns: Columns,
  onBadRow: (row: BadRow) => void,
): AsyncGenerator<LogEvent, void> {
  const parser = parse({
    bom: true,
    info: true,
    relax_column_count: true,
    relax_quotes: true,
    skip_empty_lines: true,
  });
  // What fails on the way ends the parser, and so the loop below.
  pipeline(Readable.fromWeb(csv as never), parser, () => {});
  const versions = new Map<string, number>();
  let names: readonly string[] | undefined;
  for await (const { record, info } of parser as AsyncIterable<ParsedRow>) {
    if (names === undefined) {
      names = record;
      checkColumns(names, columns);
      continue;
    }
    const line = info.lines;
    try {
      const fields = fieldsOf(record, names);
      const actorId = fields[columns.actor] ?? "";
      const version = (versions.get(actorId) ?? 0) + 1;
      yield await eventOf(fields, columns, version);
      versions.set(actorId, version);
    } catch (error) {
      if (!(error instanceof TypeError || error instanceof RangeError)) {
        throw error;
      }
      onBadRow({ line, reason: error.message });
    }
  }
}

function checkColumns(names: readonly string[], columns: Columns): void {
  for (const [what, name] of Object.entries(columns)) {
    if (names.includes(name)) continue;
    throw new RangeError(
      `The log has no column ${JSON.stringify(name)} for the ${what}; it has ${
        names.map((name) => JSON.stringify(name)).join(", ")
      }. Name the column with --${what}`,
    );
  }
}

function fieldsOf(
  record: readonly string[],
  names: readonly string[],
): Record<string, string> {
  if (record.length !== names.length) {
    throw new RangeError(
      `it has ${record.length} columns, the first row has ${names.length}`,
    );
  }
  return Object.fromEntries(names.map((name, i) => [name, record[i]!]));
}

async function eventOf(
  fields: Record<string, string>,
  columns: Columns,
  version: number,
): Promise<LogEvent> {
  const {
    [columns.actor]: actorId = "",
    [columns.type]: eventType = "",
    [columns.time]: time = "",
    ...data
  } = fields;
  const row = JSON.stringify([version, Object.entries(fields)]);
  return createEvent({
    id: await uuid(ROWS, new TextEncoder().encode(row)),
    eventType,
    actorId,
    version,
    data,
    // RFC 3339 but for a space, as many tools write it.
    timestamp: time.replace(" ", "T"),
  });
}
