/**
 * Where a stream ends.
 *
 * @module
 */

import { Header } from "./_stored_message.ts";
import type { ReadBounds, StreamReader } from "./_stream_reader.ts";
import { backoff, delay } from "./_waiting.ts";

/**
 * The last sequence of the stream as its leader knows it, or if that is in
 * the middle of a batch the sequence the batch ends with; 0 when it is empty.
 */
export async function endOfBatch(
  reader: StreamReader,
  subjects: string,
  bounds: ReadBounds,
): Promise<number> {
  const last = await reader.fromLeader({ last_by_subj: subjects }, bounds);
  if (last === undefined) return 0;
  const batch = last.header(Header.batchId);
  if (batch === "" || last.header(Header.batchCommit) !== "") {
    return last.sequence;
  }
  for (let n = 0, end = last.sequence;;) {
    const { items } = await reader.messages(subjects, end + 1, 1_000, bounds);
    for (const message of items) {
      if (message.header(Header.batchId) !== batch) return end;
      end = message.sequence;
      if (message.header(Header.batchCommit) !== "") return end;
    }
    if (items.length === 0) await delay(backoff(n++), bounds.signal);
    // The rest is stored already: waiting for it can't take long.
    if (bounds.deadline.left === 0) return end;
  }
}
