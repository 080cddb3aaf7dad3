/**
 * Rows of a CSV file of any size, with the lines they are on.
 *
 * @module
 */

import { CsvError as ParseError, parse } from "csv-parse";
import type { Writable } from "node:stream";
import { finished } from "node:stream/promises";

/** A row. */
export interface CsvRow {
  readonly fields: readonly string[];
  /** The line it begins on; the first is line 1. */
  readonly line: number;
  /** How many bytes were read when it was found. */
  readonly bytes: number;
}

/** How a file is read. */
export interface CsvOptions {
  /** What divides the fields: one character. */
  readonly delimiter: string;
  /** How it is encoded, as TextDecoder names it. */
  readonly encoding: string;
}

/** A file can't be read any further. */
export class CsvError extends Error {
  override readonly name = "CsvError";
}

/** The longest row, in bytes. A longer one is a quote that is never closed. */
const MAX_ROW_BYTES = 8 * 1024 * 1024;

/** Rows that are handed over together. */
const ROWS_AT_ONCE = 256;

/**
 * Reads a file, some rows at a time. Rows may end in LF or CRLF, each as it
 * likes; blank lines are left out.
 *
 * @throws {RangeError} If the delimiter or the encoding is none.
 * @throws {CsvError} If a quote is never closed, or bytes are not of the
 * encoding. The rows before it were handed over.
 */
export async function* readCsv(
  csv: ReadableStream<Uint8Array>,
  { delimiter, encoding }: CsvOptions,
): AsyncGenerator<CsvRow[], void> {
  if (!/^[^"\r\n]$/u.test(delimiter)) {
    throw new RangeError(
      `Cannot read CSV: the delimiter must be one character other than a quote, got ${
        JSON.stringify(delimiter)
      }`,
    );
  }
  const decoder = decoderOf(encoding);
  let [bytes, line] = [0, 1];
  let rows: CsvRow[] = [];
  const parser = parse({
    delimiter,
    bom: true,
    record_delimiter: ["\r\n", "\n"],
    relax_column_count: true,
    relax_quotes: true,
    max_record_size: MAX_ROW_BYTES,
    // Taken here, for a parser that fails forgets what it has queued.
    on_record(fields: string[]) {
      if (fields.length > 1 || fields[0] !== "") {
        rows.push({ fields, line, bytes });
      }
      for (const field of fields) line += field.split("\n").length - 1;
      line++;
    },
  });
  parser.on("error", () => {}); // comes with the write that failed as well
  try {
    for await (const chunk of csv) {
      const text = decode(decoder, chunk, bytes);
      bytes += chunk.length;
      await write(parser, text);
      if (rows.length < ROWS_AT_ONCE) continue;
      yield rows;
      rows = [];
    }
    await write(parser, decode(decoder, undefined, bytes));
    parser.end();
    await finished(parser.resume());
  } catch (error) {
    if (rows.length > 0) yield rows;
    if (!(error instanceof ParseError)) throw error;
    const problem = error.code === "CSV_MAX_RECORD_SIZE"
      ? "is longer than 8 MiB, perhaps with a quote that is not closed"
      : "has a quote that is not closed";
    throw new CsvError(
      `Cannot read CSV: the row that begins on line ${line} ${problem}, so that nothing behind it can be read`,
      { cause: error },
    );
  } finally {
    parser.destroy();
  }
  if (rows.length > 0) yield rows;
}

function write(parser: Writable, text: string): Promise<void> {
  return new Promise((resolve, reject) =>
    parser.write(text, (error) => error ? reject(error) : resolve())
  );
}

function decoderOf(encoding: string): TextDecoder {
  try {
    return new TextDecoder(encoding, { fatal: true });
  } catch (cause) {
    throw new RangeError(
      `Cannot read CSV: there is no encoding ${JSON.stringify(encoding)}`,
      { cause },
    );
  }
}

/** @param chunk Undefined at the end. */
function decode(
  decoder: TextDecoder,
  chunk: Uint8Array | undefined,
  before: number,
): string {
  try {
    return decoder.decode(chunk, { stream: chunk !== undefined });
  } catch (cause) {
    throw new CsvError(
      `Cannot read CSV: what follows byte ${before} is not ${decoder.encoding}; --encoding names another, such as windows-1252`,
      { cause },
    );
  }
}
