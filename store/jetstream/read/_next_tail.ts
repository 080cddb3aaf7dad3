/**
 * How an actor's tail moves on.
 *
 * @module
 */

import { tryRead } from "../stream/stored_event.ts";
import type { StoredMessage } from "../stream/stored_message.ts";
import { FIRST_TRAIL, followingTrail, type Trail } from "../stream/trail.ts";
import type { Tail } from "./tail_cache.ts";
import { trailOf } from "./_version_search.ts";

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
