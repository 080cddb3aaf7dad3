/**
 * Checks of checkpoints against the stream as it is.
 *
 * @module
 */

import { show } from "../../../internal/show.ts";
import { backoff, delay } from "../../../internal/waiting.ts";
import { formatCheckpoint, parseCheckpoint } from "../../checkpoint.ts";
import { CheckpointError, type CheckpointErrorCode } from "../../errors.ts";
import type { Checkpoint } from "../../event_store.ts";
import { isSetupError } from "../../../internal/nats/stream_errors.ts";
import type { StreamReader, StreamState } from "./stream_reader.ts";

/** How often a stream that ends before a checkpoint is asked again. */
const MAX_CONFIRMATIONS = 6;

/** The first and the last sequence; the first is one more when all expired. */
export type Extent = Pick<StreamState, "first_seq" | "last_seq">;

/**
 * The sequence a checkpoint stands for; 0 for none.
 *
 * @throws {CheckpointError} If it is malformed, or of another stream.
 */
export function sequenceOf(
  checkpoint: Checkpoint | undefined,
  streamIncarnation: string,
  action: string,
): number {
  if (checkpoint === undefined) return 0;
  const { incarnation, sequence } = parseCheckpoint(checkpoint, action);
  if (incarnation === streamIncarnation) return sequence;
  throw new CheckpointError(
    `Cannot ${action}: checkpoint ${
      show(checkpoint)
    } is of another stream, or of one that was deleted and made again; read this one from the beginning`,
    "other-stream",
    checkpoint,
  );
}

/**
 * Makes sure that no message behind a sequence is missing.
 *
 * @param mayHaveExpired Whether messages behind it may have expired, as they
 * may where a read begins with those that are left.
 * @throws {CheckpointError} If messages have expired or are lost, or the
 * stream is another one by now.
 */
export async function checkContinuation(
  reader: StreamReader,
  after: number,
  mayHaveExpired: boolean,
  signal: AbortSignal,
  action: string,
): Promise<Extent> {
  const error = (code: CheckpointErrorCode, why: string) => {
    const text = formatCheckpoint(reader.stream.incarnation, after);
    const message = `Cannot ${action} after checkpoint ${show(text)}: ${why}`;
    return new CheckpointError(message, code, text);
  };
  for (let n = 0;; n++) {
    const extent = await extentOf(reader, after, signal, action);
    const { first_seq, last_seq } = extent;
    if (after <= last_seq) {
      if (after + 1 >= first_seq || mayHaveExpired) return extent;
      throw error(
        "expired",
        "events after it have expired; read the events that are left from the beginning",
      );
    }
    if (n >= MAX_CONFIRMATIONS) {
      throw error(
        "beyond-end",
        `it lies beyond the end of the stream, ${last_seq}: the servers lost events; read from the beginning`,
      );
    }
    await delay(8 * backoff(n), signal); // a leader may lag behind
  }
}

/**
 * Where the stream begins and ends.
 *
 * @param after The last sequence passed, for the error; undefined for none.
 */
export async function extentOf(
  reader: StreamReader,
  after: number | undefined,
  signal: AbortSignal,
  action: string,
): Promise<Extent> {
  try {
    return await reader.state(action, reader.bounds(signal));
  } catch (cause) {
    if (!isSetupError(cause, "replaced")) throw cause;
    const { incarnation } = reader.stream;
    const text = after === undefined
      ? ""
      : formatCheckpoint(incarnation, after);
    throw new CheckpointError(cause.message, "other-stream", text, { cause });
  }
}
