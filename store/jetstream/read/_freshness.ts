/**
 * What reads must not fall behind of, whichever replica answers them.
 *
 * @module
 */

import type { ReadBounds } from "../stream/read_retries.ts";
import type { StoredMessage } from "../stream/stored_message.ts";
import type { StreamReader } from "../stream/stream_reader.ts";
import type { Tail } from "./tail_cache.ts";
import { backoff, delay } from "../../../internal/waiting.ts";
import { StaleReadError } from "../errors.ts";

/** How often a replica that lags is asked before the leader is believed. */
const MAX_LAGGING = 5;

/** What a read must not fall behind of, as it was when the read began. */
export interface Floor {
  /** The end of the actor's history, as far as it is remembered. */
  readonly known: Tail;
  /**
   * A sequence up to which whoever answers has to know the actor: more may
   * have been seen of it than is remembered. 0 for none.
   */
  readonly seen: number;
  /** Whether the read has to be as fresh as the leader knows. */
  readonly strong: boolean;
}

/** Whether it matters who answers. */
export function mustAsk(
  { seen, strong }: Pick<Floor, "seen" | "strong">,
  replicas: number,
): boolean {
  return replicas > 1 && (strong || seen > 0);
}

/** Whose last message is wanted, and what it must not be below. */
export interface Wanted {
  readonly actorId: string;
  readonly subject: string;
  readonly floor: Floor;
}

/**
 * The last messages of some actors, by their subjects. On replicas a strong
 * read is of one that knows the stream as far as the leader does, and each
 * read of one that knows it as far as what was seen.
 *
 * @param filter One for all messages of the store.
 * @throws {StaleReadError} If nobody who knows that much answers in time.
 */
export async function lastAbove(
  reader: StreamReader,
  filter: string,
  wanted: readonly Wanted[],
  bounds: ReadBounds,
): Promise<Map<string, StoredMessage>> {
  const subjects = wanted.map(({ subject }) => subject);
  const { replicas } = reader.stream;
  if (!wanted.some(({ floor }) => mustAsk(floor, replicas))) {
    return (await reader.lastOf(subjects, bounds)).messages;
  }
  const strong = wanted.some(({ floor }) => floor.strong);
  const request = { last_by_subj: filter };
  /** The stream's last message: without any a replica does not say what it knows. */
  let last: StoredMessage | undefined;
  for (let n = 0, confirmed = 0;; n++) {
    const asked = strong || n > 0;
    const [{ messages, upTo }, latest] = await Promise.all([
      reader.lastOf(subjects, bounds, last?.subject),
      asked ? reader.fromLeader(request, bounds) : undefined,
    ]);
    const end = latest?.sequence ?? 0;
    // What is as late as what was seen needs no other proof.
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
    if (asked && latest === undefined) {
      const { first_seq } = await reader.state("read", bounds);
      if (first_seq > seen) return notBefore(first_seq, messages);
    }
    // A leader that was frozen may know less, though not for long.
    confirmed = end >= seen ? confirmed + 1 : 0;
    if (confirmed > MAX_LAGGING) {
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

/** Without the messages that have expired. */
function notBefore(
  first: number,
  messages: ReadonlyMap<string, StoredMessage>,
): Map<string, StoredMessage> {
  return new Map(
    [...messages].filter(([, { sequence }]) => sequence >= first),
  );
}
