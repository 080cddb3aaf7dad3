/**
 * An event log, one row an event, read as events of its cases.
 *
 * @module
 */

import { createEvent, type Event, MetadataKey } from "@flowmade-one/aether";
import { generate } from "@std/uuid/v5";
import { type CsvRow, readCsv } from "./_csv.ts";

/** What a row becomes; `data` holds the columns that have no other meaning. */
export type LogEvent = Event<string, Record<string, string>>;

/** Which columns mean what. */
export interface LogColumns {
  /** The case, which becomes the actor. */
  readonly actor: string;
  /** What happened. */
  readonly type: string;
  /** When, in RFC 3339, or with a space in the place of its `T`. */
  readonly time: string;
  /** Who did it; a log without that column has nobody. */
  readonly user: string;
}

/** How a log is read. */
export interface EventLogOptions {
  /** Which columns mean what. @default {@linkcode DEFAULT_COLUMNS} */
  columns?: Partial<LogColumns> | undefined;
  /** What divides the fields. @default {","} */
  delimiter?: string | undefined;
  /** How the file is encoded, as TextDecoder names it. @default {"utf-8"} */
  encoding?: string | undefined;
}

/** A row of a log: the event it is, or why it is none. */
export type LogRow =
  & {
    /** The line it begins on; the header is on line 1. */
    readonly line: number;
    /** How many bytes were read up to its end. */
    readonly bytes: number;
  }
  & ({ readonly event: LogEvent } | { readonly error: unknown });

/** The columns of the XES standard, as event logs in CSV name them. */
export const DEFAULT_COLUMNS: LogColumns = {
  actor: "case:concept:name",
  type: "concept:name",
  time: "time:timestamp",
  user: "org:resource",
};

/** The namespace of the ids, so that no other source of ids makes the same. */
const ID_NAMESPACE = "9d6de7f5-6c39-4ac9-8ae3-3ba08f51cbb1";

/**
 * Reads a log, row by row.
 *
 * A case's n-th row is version n, also when a row before it is no event: its
 * version stays free. The id is derived from the row's case, version, type and
 * time, so that the same log gives the same events each time.
 *
 * @throws {RangeError} If a column is missing, or there are two of a name.
 * @throws {CsvError} If the file can't be read on: a quote that is never
 * closed, bytes that are not of its encoding.
 */
export async function* readEventLog(
  csv: ReadableStream<Uint8Array>,
  { columns = {}, delimiter = ",", encoding = "utf-8" }: EventLogOptions = {},
): AsyncGenerator<LogRow, void> {
  let toEvent: ((fields: readonly string[]) => Promise<LogEvent>) | undefined;
  const toRow = async ({ fields, line, bytes }: CsvRow): Promise<LogRow> => {
    try {
      return { line, bytes, event: await toEvent!(fields) };
    } catch (error) {
      return { line, bytes, error };
    }
  };
  for await (const rows of readCsv(csv, { delimiter, encoding })) {
    toEvent ??= mapping(rows.shift()?.fields ?? [], columns);
    // Together, for hashes are made on other threads.
    yield* await Promise.all(rows.map(toRow));
  }
  if (toEvent === undefined) mapping([], columns);
}

const encoder = new TextEncoder();

/** How a log with this header is read. */
function mapping(
  header: readonly string[],
  columns: Partial<LogColumns>,
): (fields: readonly string[]) => Promise<LogEvent> {
  const versions = new Map<string, number>();
  const indexOf = (column: string): number => {
    const index = header.indexOf(column);
    if (index >= 0 && index === header.lastIndexOf(column)) return index;
    throw new RangeError(
      `Cannot read event log: its header must have one column "${column}", has ${
        header.slice(0, 50).map((name) => JSON.stringify(name)).join(", ")
      }`,
    );
  };
  const { actor, type, time } = { ...DEFAULT_COLUMNS, ...columns };
  const actorIndex = indexOf(actor);
  const typeIndex = indexOf(type);
  const timeIndex = indexOf(time);
  const user = columns.user ?? DEFAULT_COLUMNS.user;
  const userIndex = columns.user !== undefined || header.includes(user)
    ? indexOf(user)
    : -1;
  const meant = new Set([actorIndex, typeIndex, timeIndex, userIndex]);
  const dataColumns = header.map((name, index) => ({ name, index }))
    .filter(({ index }) => !meant.has(index));
  for (const { name } of dataColumns) indexOf(name);

  return async (fields) => {
    if (fields.length !== header.length) {
      throw new SyntaxError(
        `must have ${header.length} fields, has ${fields.length}`,
      );
    }
    const actorId = fields[actorIndex]!;
    if (actorId === "") throw new RangeError(`column "${actor}" is empty`);
    const version = (versions.get(actorId) ?? 0) + 1;
    versions.set(actorId, version);
    const data: Record<string, string> = {};
    for (const { name, index } of dataColumns) {
      if (fields[index] !== "") data[name] = fields[index]!;
    }
    const userId = fields[userIndex];
    const eventType = fields[typeIndex]!;
    const timestamp = fields[timeIndex]!.replace(" ", "T");
    const name = JSON.stringify([actorId, version, eventType, timestamp]);
    return createEvent({
      id: await generate(ID_NAMESPACE, encoder.encode(name)),
      eventType,
      actorId,
      version,
      data,
      ...(userId && { metadata: { [MetadataKey.userId]: userId } }),
      timestamp,
    });
  };
}
