/**
 * Checkpoints: a sequence, and which incarnation of a stream it counts in.
 *
 * @module
 */

import { show } from "../internal/show.ts";
import { CheckpointError } from "./errors.ts";
import type { Checkpoint } from "./event_store.ts";

/** The parts of a checkpoint. */
export interface CheckpointParts {
  /** Identifies one incarnation of one stream; not empty. */
  readonly incarnation: string;
  /** The last sequence passed; 0 for the beginning. A safe integer. */
  readonly sequence: number;
}

const grammar = /^(0|[1-9][0-9]{0,15})@(.+)$/s;

/** The checkpoint after a sequence of a stream. Never `"end"`. */
export function formatCheckpoint(
  incarnation: string,
  sequence: number,
): Checkpoint {
  return `${sequence}@${incarnation}`;
}

/**
 * The parts that {@linkcode formatCheckpoint} was given.
 *
 * @param action What can't be done without it.
 * @throws {CheckpointError} `"malformed"` if it never gave this text.
 */
export function parseCheckpoint(
  checkpoint: Checkpoint,
  action = "subscribe",
): CheckpointParts {
  const match = grammar.exec(checkpoint);
  const sequence = Number(match?.[1]);
  if (match === null || !Number.isSafeInteger(sequence)) {
    throw new CheckpointError(
      `Cannot ${action}: ${
        show(checkpoint)
      } is not a checkpoint; pass one that a store gave`,
      "malformed",
      checkpoint,
    );
  }
  return { incarnation: match[2]!, sequence };
}
