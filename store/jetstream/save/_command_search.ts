/**
 * Finds the stored events of a command.
 *
 * @module
 */

import { commandEventId } from "../../../event/command_ids.ts";
import { encodeToken } from "../../../internal/nats/names.ts";
import type { ActorHistory } from "../read/actor_history.ts";
import type { ActorTails } from "../read/actor_tails.ts";
import type { ReadBounds } from "../stream/read_retries.ts";
import { type LocatedEvent, tryRead } from "../stream/stored_event.ts";
import { findRecentIds } from "./_duplicate_ids.ts";

/** How many versions are looked through at once. */
const SLICE = 64;

/** Whose events are searched. */
export interface CommandKey {
  readonly actorId: string;
  readonly commandId: string;
}

/**
 * The actor's stored events of a command, in the order of versions; empty if
 * there are none, or they are older than the duplicate window and not at
 * `hint`.
 *
 * @param hint The version that the first of them may have.
 */
export async function findCommandEvents(
  { actorId, commandId }: CommandKey,
  hint: number | undefined,
  tails: ActorTails,
  history: ActorHistory,
  bounds: ReadBounds,
): Promise<LocatedEvent[]> {
  const tail = await tails.of(actorId, "strong", bounds);
  const eventsFrom = async (first: number) => {
    const found: LocatedEvent[] = [];
    for (let from = first; from <= tail.version; from += SLICE) {
      const to = Math.min(tail.version, from + SLICE - 1);
      const slice = await history.between(actorId, tail, from, to, bounds);
      for (const stored of slice) {
        const id = commandEventId(actorId, commandId, found.length);
        if (stored.event.id !== id) return found;
        found.push(stored);
      }
    }
    return found;
  };
  if (hint !== undefined) {
    const found = await eventsFrom(hint);
    if (found.length > 0) return found;
  }
  const first = encodeToken(commandEventId(actorId, commandId, 0));
  const subject = tails.subjectOf(actorId);
  const [message] = await findRecentIds(
    tails.reader,
    subject,
    new Set([first]),
    bounds,
  );
  const event = message && tryRead(message.data, actorId);
  return event === undefined ? [] : await eventsFrom(event.version);
}
