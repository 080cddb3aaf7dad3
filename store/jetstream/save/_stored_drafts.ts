/**
 * Which events of a save are stored already.
 *
 * @module
 */

import { decodeEvent, sameEvent } from "../../../event/event_codec.ts";
import type { ActorHistory } from "../read/actor_history.ts";
import type { ActorTails } from "../read/actor_tails.ts";
import type { Tail } from "../read/tail_cache.ts";
import type { ReadBounds } from "../stream/read_retries.ts";
import {
  type LocatedEvent,
  provenance,
  tryRead,
} from "../stream/stored_event.ts";
import { Header } from "../stream/stored_message.ts";
import { PAGE_SIZE } from "../stream/stream_reader.ts";
import type { Draft } from "./_entry.ts";

/** The most actors that are looked up one by one. */
const FEW_ACTORS = 4;

/** Where stored events are looked up. */
export interface StoredSources {
  readonly history: ActorHistory;
  readonly tails: ActorTails;
}

/**
 * The events of a save that are stored. Those of many actors were often stored
 * together, when the call or an import was made before: then they lie side by
 * side, and one request finds 1,000 of them.
 *
 * @param tails The ends of all its actors' histories.
 */
export async function findStored(
  drafts: readonly Draft[],
  tails: ReadonlyMap<string, Tail>,
  { history, tails: ends }: StoredSources,
  bounds: ReadBounds,
): Promise<LocatedEvent[]> {
  const wanted = new Map<string, Draft>();
  for (const draft of drafts) {
    const isAbove = draft.version > tails.get(draft.actorId)!.version;
    if (!isAbove) wanted.set(draft.msgId, draft);
  }
  const byActor = () => Map.groupBy(wanted.values(), ({ actorId }) => actorId);
  const found: LocatedEvent[] = [];
  const findOf = async (actorId: string, own: readonly Draft[]) => {
    const tail = tails.get(actorId)!;
    found.push(...await findOfActor(own, tail, history, bounds));
  };
  const [first] = wanted.values();
  if (first !== undefined && byActor().size > FEW_ACTORS) {
    await findOf(first.actorId, [first]);
    wanted.delete(first.msgId);
    const from = found[0]?.sequence;
    if (from !== undefined) {
      found.push(...await findBehind(from, wanted, ends, bounds));
    }
  }
  await Promise.all(
    Array.from(byActor(), ([actorId, own]) => findOf(actorId, own)),
  );
  return found;
}

/** Those of one actor's drafts, in the order of versions, that are stored. */
async function findOfActor(
  drafts: readonly Draft[],
  tail: Tail,
  history: ActorHistory,
  bounds: ReadBounds,
): Promise<LocatedEvent[]> {
  const [first, last] = [drafts[0]!, drafts.at(-1)!];
  if (first.version === tail.version && first.id !== tail.eventId) {
    return []; // its place is taken by another event
  }
  const range = await history.between(
    first.actorId,
    tail,
    first.version,
    last.version,
    bounds,
  );
  const byId = new Map(range.map((stored) => [stored.event.id, stored]));
  const found: LocatedEvent[] = [];
  for (const draft of drafts) {
    const twin = byId.get(draft.id);
    if (twin && sameEvent(twin.event, decodeEvent(draft.payload))) {
      found.push(twin);
    }
  }
  return found;
}

/** Those of the wanted drafts that lie behind a sequence; takes them out. */
async function findBehind(
  from: number,
  wanted: Map<string, Draft>,
  { reader, subjects }: ActorTails,
  bounds: ReadBounds,
): Promise<LocatedEvent[]> {
  const page = await reader.messages(subjects, from, PAGE_SIZE, bounds);
  const found: LocatedEvent[] = [];
  for (const { subject, sequence, data, header } of page.items) {
    const draft = wanted.get(header(Header.msgId));
    if (draft?.subject !== subject) continue;
    const event = tryRead(data, draft.actorId);
    if (!event || !sameEvent(event, decodeEvent(draft.payload))) continue;
    found.push({ event, sequence, ...provenance(header) });
    wanted.delete(draft.msgId);
  }
  return found;
}
