import { setImmediate } from "node:timers";
import type { RecordSink } from "../support/history/history_log.ts";
import type { HistoryRecord } from "../support/history/records.ts";

/**
 * Records as lines of JSON in a file, written all at once when what is under
 * way has had its turn: a call that waits for {@linkcode flushed} is in the
 * file before anything of it is sent.
 */
export class BufferedHistory implements RecordSink, Disposable {
  readonly #file: Deno.FsFile;
  readonly #encoder = new TextEncoder();
  #lines: string[] = [];
  #flushed: Promise<void> | undefined;

  /** @param path The file, which is made. */
  constructor(path: string) {
    this.#file = Deno.openSync(path, { write: true, createNew: true });
  }

  /** As {@linkcode RecordSink.write}. */
  write(record: HistoryRecord): void {
    this.#lines.push(JSON.stringify(record));
    this.#flushed ??= new Promise((resolve) => {
      setImmediate(() => {
        this.#flush();
        resolve();
      });
    });
  }

  /** As {@linkcode RecordSink.flushed}. */
  flushed(): Promise<void> {
    return this.#flushed ?? Promise.resolve();
  }

  #flush(): void {
    this.#flushed = undefined;
    if (this.#lines.length === 0) return;
    let bytes = this.#encoder.encode(this.#lines.join("\n") + "\n");
    this.#lines = [];
    while (bytes.length > 0) {
      bytes = bytes.subarray(this.#file.writeSync(bytes));
    }
  }

  /** Writes what is left and closes the file. */
  [Symbol.dispose](): void {
    this.#flush();
    this.#file.close();
  }
}
