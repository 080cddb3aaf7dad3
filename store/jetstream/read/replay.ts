/**
 * Reads for getEventsWithErrors.
 *
 * @module
 */

import { checkRise } from "./_malformed_messages.ts";
import type { ActorTails } from "./actor_tails.ts";
import type { ReadBounds } from "../stream/read_retries.ts";
import { readPayload } from "../stream/stored_event.ts";
import { followedSequence, replayError } from "../stream/stored_message.ts";
import { PAGE_SIZE } from "../stream/stream_reader.ts";
import type { ReplayError } from "../../errors.ts";
import type { AnyEvent } from "../../../event/event.ts";
import type { Consistency } from "../../event_store.ts";

/** Reads an actor's whole history and reports malformed messages. */
export async function readWithErrors(
  tails: ActorTails,
  actorId: string,
  fromVersion: number,
  consistency: Consistency,
  bounds: ReadBounds,
): Promise<{
  events: AnyEvent[];
  errors: ReplayError[];
  truncated: boolean;
}> {
  const subject = tails.subjectOf(actorId);
  const required = (await tails.of(actorId, consistency, bounds)).sequence;
  const events: AnyEvent[] = [];
  const errors: ReplayError[] = [];
  let [next, reached, version, first] = [1, 0, 0, true];
  let truncated = false;
  for (let n = 0;;) {
    const page = await tails.reader.messages(
      subject,
      next,
      PAGE_SIZE,
      bounds,
    );
    for (const message of page.items) {
      const { sequence, data } = message;
      if (first) {
        truncated = (followedSequence(message.header) ?? 0) > 0;
        first = false;
      }
      try {
        const event = readPayload(data, actorId);
        checkRise(event.version, version);
        version = event.version;
        if (version >= fromVersion) events.push(event);
      } catch (error) {
        errors.push(replayError(actorId, sequence, data, error));
      }
    }
    if (page.lastSequence > 0) {
      reached = page.lastSequence;
      tails.cache.noteSeen(actorId, reached);
      next = reached + 1;
      // Each page has the whole time.
      bounds = tails.reader.bounds(bounds.signal);
    }
    if (page.remaining > 0) continue;
    if (reached >= required) break;
    if (await tails.expiredElseWait(actorId, required, n++, bounds)) break;
  }
  return { events, errors, truncated };
}
