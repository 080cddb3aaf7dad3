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
export function readHistory<E extends AnyEvent>(
  store: EventStore<E>,
  actorId: string,
  fromVersion: number,
  signal: AbortSignal | undefined,
): Promise<E[]> {
  return store.getEvents(actorId, {
    fromVersion,
    signal,
    onReplayError: () => "fail",
  });
}

/** Those of an actor's events that a command made. */
export function eventsOfCommand<E extends AnyEvent>(
  events: readonly E[],
  commandId: string,
): E[] {
  return events.filter((event) => event.commandId === commandId);
}
