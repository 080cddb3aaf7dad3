import type { Event } from "../../event/event.ts";
import { fingerprint, type SaveCall } from "../support/history/records.ts";

/** The store's namespace, and its stream. */
export const NAMESPACE = "soak";
export const STREAM = "AETHER_soak";

/** What filtered subscriptions ask for. */
export const SOME: { actors: string; eventTypes: string[] } = {
  actors: "order.*",
  eventTypes: ["T0", "T1"],
};
export const LATE: { actors: string } = { actors: "cart.*" };

/** How many of the actors everybody writes all the time. */
export const HOT_ACTORS = 5;

const KINDS = ["order", "cart", "user", "device"];

/** The actor with a number. */
export function actorName(index: number): string {
  return `${KINDS[index % KINDS.length]}.${index}`;
}

/**
 * An event whose content follows from its id, actor and version, so that
 * whoever knows these can save it again.
 *
 * @param variant Another number makes another event of the same id.
 */
export function soakEvent(
  id: string,
  actorId: string,
  version: number,
  variant = 0,
): Event {
  return {
    id,
    eventType: `T${version % 3}`,
    actorId,
    version,
    data: { variant, text: "x".repeat(40 + (version * 7) % 80) },
    timestamp: new Date().toISOString(),
  };
}

/** The events of a call, made anew; undefined if that can't be done. */
export function remake({ events }: SaveCall): Event[] | undefined {
  const made: Event[] = [];
  for (const { id, actor, version, print } of events) {
    const event = soakEvent(id, actor, version);
    if (fingerprint(event) !== print) return undefined;
    made.push(event);
  }
  return made;
}
