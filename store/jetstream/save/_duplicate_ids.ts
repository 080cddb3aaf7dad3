/**
 * Ids that the server knows already: whose are they?
 *
 * @module
 */

import type { AnyEvent } from "../../../event/event.ts";
import { decodeEvent, sameEvent } from "../../../event/event_codec.ts";
import type { DuplicateEventError } from "../../errors.ts";
import type { ActorTails } from "../read/actor_tails.ts";
import type { ReadBounds } from "../stream/read_retries.ts";
import { Header, type StoredMessage } from "../stream/stored_message.ts";
import { PAGE_SIZE, type StreamReader } from "../stream/stream_reader.ts";
import type { Draft, Entry } from "./_entry.ts";
import { duplicateOf } from "./_save_plan.ts";

/** The server remembers an id a little longer than the window it is given. */
const DUPLICATE_WINDOW_MARGIN_MS = 1_000;

/** The most subjects searched for an id before the whole stream is. */
const MAX_SEARCHED_SUBJECTS = 8;

/**
 * The error for a draft whose id the server knows, if it is another event's.
 *
 * @param sequence Where the server has the id.
 */
export async function checkTakenId(
  tails: ActorTails,
  draft: Draft,
  sequence: number,
  action: string,
  bounds: ReadBounds,
): Promise<DuplicateEventError | undefined> {
  const message = await tails.reader.fromLeader({ seq: sequence }, bounds);
  return message && errorUnlessSame(tails, draft, message, action);
}

/**
 * The error for a batch of which the server knows an id, if it finds that one
 * to be another event's: the server does not say which id it is.
 */
export async function findTakenId(
  tails: ActorTails,
  entries: readonly Entry[],
  action: string,
  bounds: ReadBounds,
): Promise<DuplicateEventError | undefined> {
  const byId = new Map(entries.map(({ draft }) => [draft.msgId, draft]));
  const own = new Set(entries.map(({ draft }) => draft.subject));
  const { reader, subjects } = tails;
  // Most ids that come again are the actor's own; the stream may be long.
  const isShort = own.size <= MAX_SEARCHED_SUBJECTS;
  for (const subject of isShort ? [...own, subjects] : [subjects]) {
    for (const message of await findRecentIds(reader, subject, byId, bounds)) {
      const draft = byId.get(message.header(Header.msgId))!;
      const error = errorUnlessSame(tails, draft, message, action);
      if (error !== undefined) return error;
    }
  }
  return undefined;
}

/**
 * Finds the messages within the stream's duplicate window that have one of
 * these ids (as header values), as far as there is time.
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

function errorUnlessSame(
  { cache }: ActorTails,
  draft: Draft,
  { subject, sequence, data }: StoredMessage,
  action: string,
): DuplicateEventError | undefined {
  const stored = tryDecode(data);
  const isSame = subject === draft.subject && stored !== undefined &&
    sameEvent(stored, decodeEvent(draft.payload));
  if (isSame) return undefined;
  if (stored) cache.noteSeen(stored.actorId, sequence);
  return duplicateOf(draft, { event: stored, sequence }, action);
}

function tryDecode(data: Uint8Array): AnyEvent | undefined {
  try {
    return decodeEvent(data);
  } catch {
    return undefined; // whatever it is, it is not the event in question
  }
}
