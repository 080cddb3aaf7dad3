/**
 * Places in the stream of a store.
 *
 * @module
 */

import type { AnyEvent } from "../../event/event.ts";
import { formatCheckpoint, parseCheckpoint } from "../../store/checkpoint.ts";
import type { Checkpoint, EventSubscription } from "../../store/event_store.ts";

/** How far something is in the stream. */
export interface Position {
  /** The last sequence that is done with; 0 for the beginning. */
  readonly sequence: number;
  /** Resumes behind it; undefined for the beginning. */
  readonly checkpoint: Checkpoint | undefined;
}

/** The beginning of the stream. */
export const BEGINNING: Position = { sequence: 0, checkpoint: undefined };

/** Which life of which stream a position counts in; undefined for the beginning. */
export function incarnationOf({ checkpoint }: Position): string | undefined {
  return checkpoint && parseCheckpoint(checkpoint).incarnation;
}

/** The position of a checkpoint. */
export function positionOf(checkpoint: Checkpoint): Position {
  const { sequence } = parseCheckpoint(checkpoint, "handle each event");
  return { sequence, checkpoint };
}

/**
 * The position in front of the first event that was stored later than a time,
 * or the end of the stream.
 */
export async function positionAt<E extends AnyEvent>(
  time: Date,
  subscribe: (
    from: { after: Date | "end"; live?: boolean },
  ) => EventSubscription<E>,
): Promise<Position> {
  // Asked first: what is stored between the two comes behind it.
  const last = await endOf(subscribe({ after: "end" }));
  const later = subscribe({ after: time, live: false });
  try {
    for await (const { sequence, checkpoint } of later) {
      if (sequence > last.sequence) break;
      const { incarnation } = parseCheckpoint(checkpoint);
      return {
        sequence: sequence - 1,
        checkpoint: formatCheckpoint(incarnation, sequence - 1),
      };
    }
    return last;
  } finally {
    await later.close();
  }
}

/** Where a subscription to what comes next begins. */
async function endOf<E extends AnyEvent>(
  next: EventSubscription<E>,
): Promise<Position> {
  try {
    await next.caughtUp;
    return positionOf(next.checkpoint!);
  } finally {
    await next.close();
  }
}
