/**
 * Saves an event log from a CSV file and replays it.
 *
 *     deno task import FILE.csv
 *     deno task import --help
 *
 * The ids of the events are derived from the rows: what is stored already is
 * not stored again, so an import that was cut off is finished by running it
 * again.
 *
 * @module
 */

import {
  ConnectionLostError,
  type EventStore,
  InMemoryEventStore,
  JetStreamEventStore,
  JetStreamUnavailableError,
  SaveOutcomeUnknownError,
} from "@flowmade-one/aether";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { BulkSaver } from "./_bulk_saver.ts";
import {
  DEFAULT_COLUMNS,
  type EventLogOptions,
  type LogColumns,
  type LogEvent,
  readEventLog,
} from "./_event_log.ts";
import { connectToNats } from "./_nats.ts";
import { format, ProgressLine } from "./_progress.ts";

const HELP = `Usage: deno task import FILE.csv [option]...

Saves an event log, one row an event, and replays every actor.

  --nats            keep it on JetStream: on the server that NATS_URL names,
                    else on one that is started for it, and goes with it
  --store DIR       as --nats; the server that is started keeps its files here
  --namespace NAME  the namespace it is kept in     [event-log]
  --actor COLUMN    the case, which is the actor    [${DEFAULT_COLUMNS.actor}]
  --type COLUMN     what happened                   [${DEFAULT_COLUMNS.type}]
  --time COLUMN     when, with its offset           [${DEFAULT_COLUMNS.time}]
  --user COLUMN     who did it                      [${DEFAULT_COLUMNS.user}]
  --delimiter CHAR  what divides the fields         [,]
  --encoding NAME   such as windows-1252            [utf-8]
  --help            this text`;

/** A store that counts what it does, as both stores do. */
type CountingStore = EventStore<LogEvent> & {
  readonly metrics: { readonly savedEvents: number };
};

/** What {@linkcode importEventLog} did. */
export interface ImportResult {
  /** Rows, including those that are not events. */
  readonly rows: number;
  /** Events that are stored now, new or already stored before. */
  readonly events: number;
  /** How many of them are new. */
  readonly newEvents: number;
  /** The cases, in the order of their first rows. */
  readonly actors: readonly string[];
}

/** Options of {@linkcode importEventLog}. */
export interface ImportOptions extends EventLogOptions {
  /** Told of every row that is not stored, and why. */
  onBadRow: (line: number, error: unknown) => void;
  /** Told how many bytes were read and how many events are stored. */
  onProgress?: ((bytes: number, events: number) => void) | undefined;
  /** Gives up. What is stored stays. */
  signal?: AbortSignal | undefined;
}

/** What {@linkcode replay} found. */
export interface ReplaySummary {
  /** Events of all actors. */
  readonly events: number;
  /** The actor with the longest history, and how many events it has. */
  readonly longest: { readonly actorId: string; readonly events: number };
  /** Event types and how often each occurs, the most common first. */
  readonly types: readonly (readonly [type: string, events: number])[];
}

/** Saves a log's events. */
export async function importEventLog(
  csv: ReadableStream<Uint8Array>,
  store: CountingStore,
  { onBadRow, onProgress, signal, ...options }: ImportOptions,
): Promise<ImportResult> {
  const lines = new Map<string, number>();
  const actors = new Set<string>();
  let rows = 0;
  let bytes = 0;
  let events = 0;
  const { savedEvents } = store.metrics;
  const saver = new BulkSaver(store, {
    signal,
    onSaved(batch) {
      events += batch.length;
      for (const { id } of batch) lines.delete(id);
      onProgress?.(bytes, events);
    },
    onRefused({ id }, error) {
      onBadRow(lines.get(id)!, error);
      lines.delete(id);
    },
  });
  try {
    for await (const row of readEventLog(csv, options)) {
      rows++;
      bytes = row.bytes;
      if ("error" in row) {
        onBadRow(row.line, row.error);
        continue;
      }
      lines.set(row.event.id, row.line);
      actors.add(row.event.actorId);
      await saver.add(row.event);
    }
    await saver.end();
  } finally {
    await saver.settled();
  }
  const newEvents = store.metrics.savedEvents - savedEvents;
  return { rows, events, newEvents, actors: [...actors] };
}

/** How many actors are read at a time. */
const READERS = 32;

/** Reads the history of every actor. */
export async function replay(
  store: EventStore<LogEvent>,
  actors: readonly string[],
): Promise<ReplaySummary> {
  const counts = new Map<string, number>();
  let events = 0;
  let longest = { actorId: "", events: 0 };
  const queue = actors.values();
  const read = async () => {
    for (const actorId of queue) {
      const history = await store.getEvents(actorId);
      events += history.length;
      if (history.length > longest.events) {
        longest = { actorId, events: history.length };
      }
      for (const { eventType } of history) {
        counts.set(eventType, (counts.get(eventType) ?? 0) + 1);
      }
    }
  };
  await Promise.all(Array.from({ length: READERS }, read));
  const types = [...counts].sort(([, a], [, b]) => b - a);
  return { events, longest, types };
}

interface Options extends EventLogOptions {
  readonly file: string;
  readonly nats: boolean;
  readonly storeDir: string | undefined;
  readonly namespace: string;
}

/** The options of the command line. */
function readOptions(args: readonly string[]): Options {
  const text = { type: "string" } as const;
  const { positionals, values } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      nats: { type: "boolean" },
      store: text,
      namespace: text,
      actor: text,
      type: text,
      time: text,
      user: text,
      delimiter: text,
      encoding: text,
    },
  });
  const [file, ...more] = positionals;
  if (file === undefined || more.length > 0) {
    throw new TypeError(
      `Cannot import: name one file, got ${positionals.length}; --help tells how`,
    );
  }
  const { store, namespace = "event-log", delimiter, encoding } = values;
  const { actor, type, time, user } = values;
  const columns = Object.fromEntries(
    Object.entries({ actor, type, time, user })
      .filter(([, column]) => column !== undefined),
  ) as Partial<LogColumns>;
  return {
    file,
    nats: values.nats === true || store !== undefined,
    storeDir: store && resolve(store),
    namespace,
    columns,
    delimiter,
    encoding,
  };
}

async function openStore(
  { nats, storeDir, namespace }: Options,
  resources: AsyncDisposableStack,
): Promise<CountingStore> {
  return resources.use(
    nats
      ? await JetStreamEventStore.open<LogEvent>(
        await connectToNats(resources, storeDir),
        { namespace },
      )
      : new InMemoryEventStore<LogEvent>(),
  );
}

/** Rows that are left out of which each gets a line of its own. */
const BAD_ROWS_SHOWN = 10;

/** @returns Whether every row is stored. */
async function main(options: Options): Promise<boolean> {
  await using resources = new AsyncDisposableStack();
  using file = await Deno.open(options.file);
  const store = await openStore(options, resources);

  const progress = new ProgressLine((await file.stat()).size);
  let bad = 0;
  let start = performance.now();
  const imported = await importEventLog(file.readable, store, {
    ...options,
    onProgress: progress.show,
    onBadRow(line, error) {
      bad++;
      progress.clear();
      if (bad <= BAD_ROWS_SHOWN) {
        console.error(
          printable(`line ${line} is left out: ${reasonOf(error)}`),
        );
      } else if (bad === BAD_ROWS_SHOWN + 1) {
        console.error("more rows are left out; the summary counts them");
      }
    },
  });
  const saving = (performance.now() - start) / 1000;
  progress.clear();

  start = performance.now();
  const replayed = await replay(store, imported.actors);
  const reading = (performance.now() - start) / 1000;

  const { rows, events, newEvents, actors } = imported;
  const rate = (count: number, seconds: number) =>
    `${seconds.toFixed(2)} s, ${format(count / seconds)} events/s`;
  console.log(`Read ${format(rows)} rows: ${rate(events, saving)}`);
  const outcomes = [
    ["new", newEvents],
    ["already stored", events - newEvents],
    ["left out", bad],
  ] as const;
  for (const [outcome, count] of outcomes) {
    console.log(`${format(count).padStart(9)}  ${outcome}`);
  }
  console.log(
    `Replayed ${format(replayed.events)} events of ${
      format(actors.length)
    } actors: ${rate(replayed.events, reading)}`,
  );
  if (replayed.events === 0) return bad === 0;
  const { longest, types } = replayed;
  console.log(
    printable(`Longest history: ${longest.actorId}, ${longest.events} events`),
  );
  console.log(`Most common of ${types.length} event types:`);
  for (const [type, count] of types.slice(0, 5)) {
    console.log(printable(`${format(count).padStart(9)}  ${type}`));
  }
  return bad === 0;
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Whether it may go well the next time. */
function isOutage(error: unknown): boolean {
  return error instanceof SaveOutcomeUnknownError ||
    error instanceof JetStreamUnavailableError ||
    error instanceof ConnectionLostError;
}

/** Without the control characters that would steer a terminal. */
function printable(text: string): string {
  return text.replaceAll(
    /\p{Cc}/gu,
    (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, "0")}`,
  );
}

if (import.meta.main) {
  if (Deno.args.includes("--help")) {
    console.log(HELP);
  } else {
    try {
      if (!await main(readOptions(Deno.args))) Deno.exitCode = 1;
    } catch (error) {
      console.error(printable(reasonOf(error)));
      if (isOutage(error)) {
        console.error(
          "Run the same command again: nothing is stored twice",
        );
      }
      Deno.exitCode = 1;
    }
  }
}
