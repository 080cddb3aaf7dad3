/**
 * Where records go, and where they come from again.
 *
 * @module
 */

import type { HistoryRecord } from "./records.ts";

/** Takes records as they are made. */
export interface RecordSink {
  /**
   * Takes one; when it returns, a crash of this process does not lose it,
   * unless there is {@linkcode flushed}.
   */
  write(record: HistoryRecord): void;
  /** Resolves when a crash does not lose what was taken so far. */
  flushed?(): Promise<void>;
}

/** Milliseconds that never go back and mean the same in every process here. */
export function now(): number {
  return performance.timeOrigin + performance.now();
}

/** Records in memory. */
export class MemoryHistory implements RecordSink, Iterable<HistoryRecord> {
  readonly #records: HistoryRecord[] = [];

  /** As {@linkcode RecordSink.write}; a crash loses it all the same. */
  write(record: HistoryRecord): void {
    this.#records.push(record);
  }

  /** Notes what was done to the servers. */
  fault(what: string): void {
    this.write({ kind: "fault", at: now(), what });
  }

  [Symbol.iterator](): Iterator<HistoryRecord> {
    return this.#records[Symbol.iterator]();
  }
}

/** Records as lines of JSON, each written before the call it tells of goes on. */
export class LineHistory implements RecordSink {
  readonly #to: { writeSync(bytes: Uint8Array): number };
  readonly #encoder = new TextEncoder();

  /** @param to A file, or standard output. */
  constructor(to: { writeSync(bytes: Uint8Array): number }) {
    this.#to = to;
  }

  /** As {@linkcode RecordSink.write}. */
  write(record: HistoryRecord): void {
    let bytes = this.#encoder.encode(JSON.stringify(record) + "\n");
    while (bytes.length > 0) bytes = bytes.subarray(this.#to.writeSync(bytes));
  }
}

/** The records in files of lines, in the order of the files. */
export class FileHistory implements AsyncIterable<HistoryRecord> {
  readonly #paths: readonly string[];

  /** @param paths Files that {@linkcode LineHistory} wrote. */
  constructor(paths: readonly string[]) {
    this.#paths = paths;
  }

  /** The records from the first on, each time. */
  async *[Symbol.asyncIterator](): AsyncGenerator<HistoryRecord, void> {
    for (const path of this.#paths) {
      const file = await Deno.open(path);
      yield* parseLines(file.readable);
    }
  }
}

/**
 * The records in lines of JSON. What follows the last line break was cut off
 * when its process was killed, and is left out.
 */
export async function* parseLines(
  bytes: ReadableStream<Uint8Array>,
): AsyncGenerator<HistoryRecord, void> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of bytes) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop()!;
    for (const line of lines) yield JSON.parse(line);
  }
}
