/**
 * Reads on replicas that are at least as fresh as they have to be.
 *
 * @module
 */

import type { ReadBounds } from "../stream/read_retries.ts";
import type { StoredMessage } from "../stream/stored_message.ts";
import type { StreamReader } from "../stream/stream_reader.ts";
import type { Tail } from "./tail_cache.ts";
import { backoff, delay } from "../../../internal/waiting.ts";
import { StaleReadError } from "../errors.ts";

/** How often a lagging replica is asked before the leader is believed. */
const MAX_LAGGING_ANSWERS = 5;

/** The minimum a replica must have before its answer counts. */
export interface Floor {
  /** The end of the actor's history, as this store remembers it. */
  readonly known: Tail;
  /**
   * A sequence up to which more of the actor may have been seen than is
   * remembered; 0 for none.
   */
  readonly seen: number;
  /** Whether the read has to be as fresh as the leader. */
  readonly strong: boolean;
}

/** Whether replicas may answer with less than a read must see. */
export function needsCheck(
  { seen, strong }: Pick<Floor, "seen" | "strong">,
  replicas: number,
): boolean {
  return replicas > 1 && (strong || seen > 0);
}

/** An actor whose last message is wanted. */
export interface WantedTail {
  readonly actorId: string;
  readonly subject: string;
  readonly floor: Floor;
}

/**
 * The last messages of some actors, by their subjects, from a replica that
 * reaches each actor's floor: for strong reads one that knows the stream as far
 * as the leader does.
 *
 * @param filter A subject filter for all events of the store.
 * @throws {StaleReadError} If no replica reaches the floor in time.
 */
export async function lastMessagesAbove(
  reader: StreamReader,
  filter: string,
  wanted: readonly WantedTail[],
  bounds: ReadBounds,
): Promise<Map<string, StoredMessage>> {
  const subjects = wanted.map(({ subject }) => subject);
  const { replicas } = reader.stream;
  if (!wanted.some(({ floor }) => needsCheck(floor, replicas))) {
    return (await reader.lastOf(subjects, bounds)).messages;
  }
  const strong = wanted.some(({ floor }) => floor.strong);
  const request = { last_by_subj: filter };
  /** The stream's last message: a replica that finds none tells no sequence. */
  let last: StoredMessage | undefined;
  for (let n = 0, confirmed = 0;; n++) {
    const asksLeader = strong || n > 0;
    const [{ messages, upTo }, latest] = await Promise.all([
      reader.lastOf(subjects, bounds, last?.subject),
      asksLeader ? reader.fromLeader(request, bounds) : undefined,
    ]);
    const end = latest?.sequence ?? 0;
    // An actor whose message is as late as the one seen needs no other proof.
    let seen = 0;
    let late = wanted[0]!;
    for (const each of wanted) {
      if ((messages.get(each.subject)?.sequence ?? 0) >= each.floor.seen) {
        continue;
      }
      if (each.floor.seen > seen) [seen, late] = [each.floor.seen, each];
    }
    const required = Math.max(seen, strong ? end : 0);
    // Where the leader answered, it knows what it knew right beside that.
    if ((upTo ?? end) >= required) return messages;
    if (asksLeader && latest === undefined) {
      const { first_seq } = await reader.state("read", bounds);
      if (first_seq > seen) return withoutExpired(first_seq, messages);
    }
    // A leader that was frozen may know less, though not for long.
    confirmed = end >= seen ? confirmed + 1 : 0;
    if (confirmed > MAX_LAGGING_ANSWERS) {
      return await reader.lastFromLeader(subjects, bounds);
    }
    if (bounds.deadline.left === 0) {
      throw new StaleReadError(late.actorId, required);
    }
    const isNews = upTo === 0 && last === undefined && latest !== undefined;
    last = latest ?? last;
    if (isNews) continue;
    await delay(Math.min(backoff(n), bounds.deadline.left), bounds.signal);
  }
}

function withoutExpired(
  firstSequence: number,
  messages: ReadonlyMap<string, StoredMessage>,
): Map<string, StoredMessage> {
  return new Map(
    [...messages].filter(([, { sequence }]) => sequence >= firstSequence),
  );
}
