/**
 * Imports an event log from a CSV file, replays every actor, and says what
 * was found.
 *
 *     deno task import FILE.csv                 # into memory
 *     deno task import FILE.csv --nats          # into JetStream
 *     deno task import FILE.csv --nats --dir D  # which keeps its files in D
 *
 * With `--nats` it runs on the server that `NATS_URL` names, else on one that
 * is started for it. An import that was cut off is finished by running it
 * again, and one that is repeated stores nothing.
 *
 * @module
 */

import {
  type EventStore,
  InMemoryEventStore,
  JetStreamEventStore,
} from "@flowmade-one/aether";
import { parseArgs } from "node:util";
import {
  type BadRow,
  type Columns,
  type LogEvent,
  readEventLog,
} from "./_event_log.ts";
import { connectToNats } from "./_nats.ts";

/** Events of a save: as many as one call takes. */
const BATCH = 1_000;

/** Saves that are under way at the same time. */
const SAVES = 4;

/** Actors that are read at the same time. */
const READS = 64;

const HELP = `Usage: deno task import FILE.csv [options]

  --actor COLUMN      who it happened to    (case:concept:name)
  --type COLUMN       what happened         (concept:name)
  --time COLUMN       when, in RFC 3339     (time:timestamp)
  --nats              into JetStream: NATS_URL, or a server of its own
  --dir DIR           where a server of its own keeps its files
  --namespace NAME    of the JetStream store (event-log)
  --help              this text`;

/** What an import did. */
export interface ImportSummary {
  /** Events of the log that are in the store now. */
  readonly events: number;
  /** Those of them whose whole batch had been stored before. */
  readonly duplicates: number;
  readonly badRows: number;
  readonly actors: ReadonlySet<string>;
  /** How often each event type occurs. */
  readonly types: ReadonlyMap<string, number>;
  readonly seconds: number;
}

/** Who is told how an import goes. */
export interface ImportListener {
  onBadRow?: (row: BadRow) => void;
  /** Called with the events that are in the store by now. */
  onProgress?: (events: number) => void;
}

/**
 * Saves a log in batches, several at a time: the store keeps the order of
 * each actor's saves.
 *
 * @throws What the first save threw that failed; later ones are not begun.
 */
export async function importEventLog(
  store: EventStore<LogEvent>,
  csv: ReadableStream<Uint8Array>,
  columns: Columns,
  { onBadRow, onProgress }: ImportListener = {},
): Promise<ImportSummary> {
  const started = performance.now();
  const actors = new Set<string>();
  const types = new Map<string, number>();
  let [events, duplicates, badRows] = [0, 0, 0];
  const saving = new Set<Promise<void>>();
  let failure: { readonly error: unknown } | undefined;
  const save = async (batch: readonly LogEvent[]) => {
    try {
      const { duplicate } = await store.saveEvents(batch);
      events += batch.length;
      if (duplicate) duplicates += batch.length;
      onProgress?.(events);
    } catch (error) {
      failure ??= { error };
    }
  };
  const submit = async (batch: readonly LogEvent[]) => {
    while (saving.size >= SAVES) await Promise.race(saving);
    if (failure) throw failure.error;
    const done: Promise<void> = save(batch).finally(() => saving.delete(done));
    saving.add(done);
  };
  const log = readEventLog(csv, columns, (row) => {
    badRows++;
    onBadRow?.(row);
  });
  let batch: LogEvent[] = [];
  try {
    for await (const event of log) {
      const { actorId, eventType } = event;
      actors.add(actorId);
      types.set(eventType, (types.get(eventType) ?? 0) + 1);
      if (batch.push(event) < BATCH) continue;
      await submit(batch);
      batch = [];
    }
    await submit(batch);
  } finally {
    await Promise.all(saving);
  }
  if (failure) throw failure.error;
  const seconds = (performance.now() - started) / 1_000;
  return { events, duplicates, badRows, actors, types, seconds };
}

/** What the replay of all actors found. */
export interface ReplaySummary {
  readonly events: number;
  readonly longest: { readonly actorId: string; readonly events: number };
  readonly seconds: number;
}

/** Reads every actor's history, several at a time. */
export async function replay(
  store: EventStore<LogEvent>,
  actors: ReadonlySet<string>,
): Promise<ReplaySummary> {
  const started = performance.now();
  let events = 0;
  let longest = { actorId: "", events: 0 };
  const left = actors.values();
  const worker = async () => {
    for (const actorId of left) {
      const { length } = await store.getEvents(actorId);
      events += length;
      if (length > longest.events) longest = { actorId, events: length };
    }
  };
  await Promise.all(Array.from({ length: READS }, worker));
  return { events, longest, seconds: (performance.now() - started) / 1_000 };
}

const format = (n: number) => Math.round(n).toLocaleString("en");

/** The summary, as text. */
export function describe(imported: ImportSummary, read: ReplaySummary): string {
  const { events, duplicates, badRows, actors, types, seconds } = imported;
  const most = [...types].sort(([, a], [, b]) => b - a).slice(0, 5);
  const { longest } = read;
  return [
    `Events: ${format(events)}, ${format(duplicates)} of them stored before`,
    `Rows left out: ${format(badRows)}`,
    `Actors: ${format(actors.size)}`,
    `Longest history: ${format(longest.events)} events of ${longest.actorId}`,
    "Most common event types:",
    ...most.map(([type, count]) => `  ${type}: ${format(count)}`),
    `Saved at ${format(events / seconds)} events/s`,
    `Read at ${format(read.events / read.seconds)} events/s`,
  ].join("\n");
}

async function main(): Promise<void> {
  const { values, positionals: [file] } = parseArgs({
    allowPositionals: true,
    options: {
      actor: { type: "string", default: "case:concept:name" },
      type: { type: "string", default: "concept:name" },
      time: { type: "string", default: "time:timestamp" },
      nats: { type: "boolean", default: false },
      dir: { type: "string" },
      namespace: { type: "string", default: "event-log" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help || file === undefined) {
    console.log(HELP);
    if (!values.help) Deno.exitCode = 2;
    return;
  }
  await using resources = new AsyncDisposableStack();
  const csv = await Deno.open(file);
  const { actor, type, time, nats, dir, namespace } = values;
  const store: EventStore<LogEvent> = resources.use(
    nats
      ? await JetStreamEventStore.open<LogEvent>(
        await connectToNats(resources, dir),
        { namespace },
      )
      : new InMemoryEventStore<LogEvent>(),
  );
  const write = (text: string) =>
    Deno.stderr.writeSync(new TextEncoder().encode(text));
  const imported = await importEventLog(
    store,
    csv.readable,
    { actor, type, time },
    {
      onBadRow: ({ line, reason }) =>
        write(`\rLine ${line} is left out: ${reason}\n`),
      onProgress: (events) => write(`\r${format(events)} events saved`),
    },
  );
  write("\n");
  console.log(describe(imported, await replay(store, imported.actors)));
}

if (import.meta.main) await main();
