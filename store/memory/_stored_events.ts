/**
 * Events of an in-memory log with their places in it.
 *
 * @module
 */

import { eventTest } from "../../event/filters.ts";
import { show } from "../../internal/show.ts";
import { formatCheckpoint, parseCheckpoint } from "../checkpoint.ts";
import { CheckpointError } from "../errors.ts";
import type { MemoryLog } from "./_event_log.ts";
import type { ResolvedReadAll } from "../read_arguments.ts";
import type { AnyEvent } from "../../event/event.ts";
import type { Checkpoint, StoredEvent } from "../event_store.ts";

/** The event of a sequence from 1 to the log's last. */
export function storedEventAt<E extends AnyEvent>(
  log: MemoryLog<E>,
  sequence: number,
  withTime: boolean,
): StoredEvent<E> {
  const trace = log.traceAt(sequence);
  return {
    event: log.at(sequence),
    sequence,
    checkpoint: formatCheckpoint(log.incarnation, sequence),
    ...(withTime && { storedAt: new Date(log.timeAt(sequence)).toISOString() }),
    ...(trace !== undefined && { trace }),
  };
}

/**
 * The last sequence that does not lie behind `after`; 0 without it.
 *
 * @throws {CheckpointError} If it is a checkpoint of another log, or lies
 * beyond the end.
 */
export function placeAfter(
  log: MemoryLog<AnyEvent>,
  after: Checkpoint | Date | undefined,
  action: string,
): number {
  if (after === undefined) return 0;
  return typeof after === "string"
    ? sequenceOf(log, after, action)
    : log.firstSince(after.getTime() + 1) - 1;
}

/**
 * The events of a read of all, as of the call.
 *
 * @throws As {@linkcode placeAfter}.
 */
export function readLog<E extends AnyEvent>(
  log: MemoryLog<E>,
  { after, filter, direction, limit, storedAt }: ResolvedReadAll,
  action: string,
): Iterable<StoredEvent<E>> {
  const matches = eventTest(filter);
  const [start, end, step] = direction === "forward"
    ? [placeAfter(log, after, action) + 1, log.lastSequence + 1, 1]
    : [placeBefore(log, after, action), 0, -1];
  return walk();

  function* walk() {
    let left = limit;
    for (let sequence = start; sequence !== end && left > 0; sequence += step) {
      if (matches !== undefined && !matches(log.at(sequence))) continue;
      left--;
      yield storedEventAt(log, sequence, storedAt);
    }
  }
}

/** The last sequence that lies before `after`; the log's last without it. */
function placeBefore(
  log: MemoryLog<AnyEvent>,
  after: Checkpoint | Date | undefined,
  action: string,
): number {
  if (after === undefined) return log.lastSequence;
  return typeof after === "string"
    ? Math.max(0, sequenceOf(log, after, action) - 1)
    : log.firstSince(after.getTime()) - 1;
}

function sequenceOf(
  log: MemoryLog<AnyEvent>,
  checkpoint: Checkpoint,
  action: string,
): number {
  const { incarnation, sequence } = parseCheckpoint(checkpoint, action);
  if (incarnation !== log.incarnation) {
    throw new CheckpointError(
      `Cannot ${action}: checkpoint ${
        show(checkpoint)
      } is of another store; read this one from the beginning`,
      "other-stream",
      checkpoint,
    );
  }
  if (sequence > log.lastSequence) {
    throw new CheckpointError(
      `Cannot ${action}: checkpoint ${
        show(checkpoint)
      } lies beyond the end of the stream, ${log.lastSequence}; read from the beginning`,
      "beyond-end",
      checkpoint,
    );
  }
  return sequence;
}
