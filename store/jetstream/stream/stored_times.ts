/**
 * The times at which messages were stored, by the server's clock.
 *
 * @module
 */

import { backoff, delay } from "../../../internal/waiting.ts";
import { IncompletePageError } from "./page_request.ts";
import type { ReadBounds } from "./read_retries.ts";
import type { StoredMessage } from "./stored_message.ts";
import { PAGE_SIZE, type StreamReader } from "./stream_reader.ts";

/**
 * Nanoseconds since the epoch in RFC 3339 and UTC, as the server spells them:
 * without zeros at the end.
 */
export function timeOfNanos(nanos: string): string {
  const seconds = new Date(Number(nanos.slice(0, -9)) * 1000).toISOString();
  const fraction = nanos.slice(-9).replace(/0+$/, "");
  return seconds.replace(".000Z", fraction === "" ? "Z" : `.${fraction}Z`);
}

/**
 * The last sequence that was stored before a time.
 *
 * @param subjects A pattern that every message matches.
 * @param orAt Whether those stored exactly then count as well.
 */
export async function lastBefore(
  reader: StreamReader,
  subjects: string,
  time: Date,
  orAt: boolean,
  bounds: ReadBounds,
): Promise<number> {
  const isBehind = (message: StoredMessage) => {
    const order = compare(message.storedAt(), time);
    return orAt ? order > 0 : order >= 0;
  };
  for (let n = 0;; n++) {
    let from: number | Date = time;
    for (let count = 1;; count = PAGE_SIZE) {
      const page = await reader.messages(subjects, from, count, bounds);
      const first = page.items.find(isBehind);
      if (first !== undefined) return first.sequence - 1;
      if (page.lastSequence === 0) break;
      from = page.lastSequence + 1;
    }
    // A replica may lag behind.
    const last = await reader.fromLeader({ last_by_subj: subjects }, bounds);
    if (last === undefined) {
      return (await reader.state("read", bounds)).last_seq;
    }
    if (!isBehind(last)) return last.sequence;
    if (bounds.deadline.left === 0) {
      throw new IncompletePageError(reader.stream.name);
    }
    await delay(Math.min(backoff(n), bounds.deadline.left), bounds.signal);
  }
}

/** Below 0 if a time in RFC 3339 is earlier than another, above 0 if later. */
function compare(text: string, time: Date): number {
  const milliseconds = Date.parse(text) - time.getTime();
  if (milliseconds !== 0) return milliseconds;
  const digits = /\.\d{3}(\d+)Z$/.exec(text)?.[1] ?? "";
  return /[1-9]/.test(digits) ? 1 : 0;
}
