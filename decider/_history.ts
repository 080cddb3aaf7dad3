/**
 * Reading histories that are decided on.
 *
 * @module
 */

import type { AnyEvent } from "../event/event.ts";
import type { EventStore } from "../store/event_store.ts";

/**
 * An actor's events from a version on, inclusive, lowest version first.
 *
 * @throws {ReplayError} If one can't be read: half a history decides nothing.
 */
export async function readHistory<E extends AnyEvent>(
  store: EventStore<E>,
  actorId: string,
  fromVersion: number,
  signal: AbortSignal | undefined,
): Promise<E[]> {
  return await store.getEvents(actorId, {
    fromVersion,
    onReplayError: () => "fail",
    signal,
  });
}

/** Those of an actor's events that a command made. */
export function eventsOfCommand<E extends AnyEvent>(
  events: readonly E[],
  commandId: string,
): E[] {
  return events.filter((event) => event.commandId === commandId);
}
