/**
 * Tails that move on as events come.
 *
 * @module
 */

import type { AnyEvent } from "../../../event/event.ts";
import type { ReadBounds } from "../stream/read_retries.ts";
import {
  type LocatedEvent,
  provenance,
  tryRead,
} from "../stream/stored_event.ts";
import type { StoredMessage } from "../stream/stored_message.ts";
import type { StreamReader } from "../stream/stream_reader.ts";
import { FIRST_TRAIL, followingTrail, type Trail } from "../stream/trail.ts";
import type { Tail } from "./tail_cache.ts";
import { type Searched, trailOf } from "./_version_search.ts";

/** At most so many new events are read to find where a history ends. */
export const FEW_NEW = 32;

/** An actor's last message. */
export interface LastMessage {
  readonly tail: Tail;
  readonly message: StoredMessage | undefined;
  /** The event in it, if that is the last one. */
  readonly event: AnyEvent | undefined;
}

/** Events that have moved a tail. */
export interface News {
  /** The version before the first of them. */
  readonly after: number;
  /** All events behind that version. */
  readonly events: readonly LocatedEvent[];
}

/** A tail, with the events that have moved it there if they were read. */
export interface MovedTail extends Tail {
  readonly news?: News;
}

/**
 * A known tail moved on to where the history ends now, in one request, on
 * replicas beside one that asks the leader whether that is the end: a save
 * that lost a race against a busy writer is ready for the next one while that
 * saves once more. It wins a third of such races; with one request for the tail
 * and others for the events it won none of 500.
 *
 * @returns Undefined if there is no news, too much, or malformed messages, or
 * if the replica that answers lags behind.
 */
export async function readNews(
  reader: StreamReader,
  { actorId, subject, tail: known }: Searched,
  bounds: ReadBounds,
): Promise<{ tail: Tail; news: News } | undefined> {
  const isReplicated = reader.stream.replicas > 1;
  const [{ items, lastSequence, remaining }, last] = await Promise.all([
    reader.messages(subject, known.sequence + 1, FEW_NEW, bounds),
    isReplicated
      ? reader.fromLeader({ last_by_subj: subject }, bounds)
      : undefined,
  ]);
  if (items.length === 0 || remaining > 0) return undefined;
  if (isReplicated && last?.sequence !== lastSequence) return undefined;
  let tail = known;
  const events: LocatedEvent[] = [];
  for (const message of items) {
    const { version } = tail;
    tail = nextTail(actorId, tail, message);
    if (tail.version === version) return undefined;
    const { sequence, header } = message;
    const event = tryRead(message.data, actorId)!;
    events.push({ event, sequence, ...provenance(header) });
  }
  return { tail, news: { after: known.version, events } };
}

/** A tail moved on by at most so many messages, and not beyond a sequence. */
export async function extendTail(
  reader: StreamReader,
  { actorId, subject, tail }: Searched,
  upTo: number,
  count: number,
  bounds: ReadBounds,
): Promise<Tail> {
  const { items } = await reader
    .messages(subject, tail.sequence + 1, count, bounds);
  return items.filter(({ sequence }) => sequence <= upTo)
    .reduce((tail, message) => nextTail(actorId, tail, message), tail);
}

/**
 * The tail that ends with the actor's next message. Events of other writers,
 * which bring no trail, go on with the one before.
 */
export function nextTail(
  actorId: string,
  tail: Tail,
  message: StoredMessage,
): Tail {
  const { sequence } = message;
  const event = tryRead(message.data, actorId);
  if (event === undefined || event.version <= tail.version) {
    return { ...tail, sequence, trail: undefined };
  }
  const { version, id } = event;
  const trail = trailOf(message) ?? trailBehind(tail, version);
  return { version, sequence, eventId: id, trail };
}

function trailBehind(tail: Tail, version: number): Trail | undefined {
  if (tail.sequence > 0) return followingTrail(tail, tail.trail);
  // Those before a later version may have expired.
  return version === 1 ? FIRST_TRAIL : undefined;
}
