/**
 * Where a stream ends.
 *
 * @module
 */

import type { ReadBounds } from "./read_retries.ts";
import { Header, type StoredMessage } from "./stored_message.ts";
import type { StreamReader } from "./stream_reader.ts";
import { backoff, delay } from "../../../internal/waiting.ts";

/**
 * The last sequence of the stream as its leader knows it, or if that is in
 * the middle of a batch the sequence the batch ends with; 0 when it is empty.
 *
 * @param seen A sequence that the stream is known to have reached: a leader
 * that was frozen may know less for a moment.
 */
export async function endOfBatch(
  reader: StreamReader,
  subjects: string,
  seen: number,
  bounds: ReadBounds,
): Promise<number> {
  const last = await lastFrom(reader, subjects, seen, bounds);
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

/** The last message, of a leader that knows what was seen before. */
async function lastFrom(
  reader: StreamReader,
  subjects: string,
  seen: number,
  bounds: ReadBounds,
): Promise<StoredMessage | undefined> {
  for (let n = 0;; n++) {
    const last = await reader.fromLeader({ last_by_subj: subjects }, bounds);
    const isOnlyOne = reader.stream.replicas === 1;
    if (isOnlyOne || (last?.sequence ?? 0) >= seen) return last;
    const { first_seq } = await reader.state("subscribe", bounds);
    // It has expired; or it is lost, which is told to those who read it.
    if (first_seq > seen || bounds.deadline.left === 0) return last;
    await delay(Math.min(backoff(n), bounds.deadline.left), bounds.signal);
  }
}

/**
 * The sequence of the last message of some subjects, or patterns, as the
 * stream's leader knows it; 0 when there is none.
 */
export async function lastSequenceOf(
  reader: StreamReader,
  subjects: readonly string[],
  bounds: ReadBounds,
): Promise<number> {
  const messages = await Promise.all(
    subjects.map((subject) =>
      reader.fromLeader({ last_by_subj: subject }, bounds)
    ),
  );
  return messages.reduce(
    (last, message) => Math.max(last, message?.sequence ?? 0),
    0,
  );
}
