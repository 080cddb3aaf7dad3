/**
 * Which message has an id that the server remembers.
 *
 * @module
 */

import type { ReadBounds } from "../stream/read_retries.ts";
import { Header, type StoredMessage } from "../stream/stored_message.ts";
import { PAGE_SIZE, type StreamReader } from "../stream/stream_reader.ts";

/** How much older than the window a message may be and its id still known. */
const DUPLICATE_WINDOW_MARGIN_MS = 1_000;

/**
 * Finds the messages within the stream's duplicate window that have one of
 * these ids (as header values), as far as there is time to look. The server
 * only says that there is one.
 */
export async function findRecentIds(
  reader: StreamReader,
  subjects: string,
  ids: { has(id: string): boolean },
  bounds: ReadBounds,
): Promise<StoredMessage[]> {
  const { time } = await reader.state("save", bounds);
  const since = time - reader.stream.duplicateWindow -
    DUPLICATE_WINDOW_MARGIN_MS;
  const found: StoredMessage[] = [];
  let from: number | Date = new Date(since);
  for (;;) {
    const page = await reader.messages(subjects, from, PAGE_SIZE, bounds);
    for (const message of page.items) {
      if (ids.has(message.header(Header.msgId))) found.push(message);
    }
    if (page.remaining === 0 || bounds.deadline.left === 0) return found;
    from = page.lastSequence + 1;
  }
}
