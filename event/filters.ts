/**
 * Filters of events by type and actor.
 *
 * @module
 */

import { badType } from "../internal/arguments.ts";
import { checkEventType } from "../internal/nats/names.ts";

/**
 * A copy of event types to filter by; undefined for all of them.
 *
 * @throws {TypeError} If it is no array of strings.
 * @throws {RangeError} If it is empty, or one of them is not valid.
 */
export function copyEventTypes(
  eventTypes: readonly string[] | undefined,
  action: string,
): ReadonlySet<string> | undefined {
  if (eventTypes === undefined) return undefined;
  if (!Array.isArray(eventTypes)) {
    throw badType(action, "eventTypes", "an array", eventTypes);
  }
  const copy = new Set<string>();
  for (const eventType of eventTypes) {
    checkEventType(eventType, action);
    copy.add(eventType);
  }
  if (copy.size > 0) return copy;
  throw new RangeError(
    `Cannot ${action}: eventTypes must name at least one type, got none`,
  );
}
