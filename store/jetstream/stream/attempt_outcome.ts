/**
 * Classifies the error of a save attempt.
 *
 * @module
 */

import {
  ConnectionClosedError,
  ConnectionLostError,
  NoRespondersError,
  RequestTimeoutError,
} from "../../../internal/nats/errors.ts";
import { isApiError, JetStreamCode } from "../../../internal/nats/js_api.ts";
import { show } from "../../../internal/show.ts";
import { IncompletePageError } from "./page_request.ts";

/** The deadline passed before the save was sent. */
export class NotSentError extends Error {
  override readonly name = "NotSentError";

  constructor() {
    super("Its time was up before its turn to be sent came");
  }
}

/** The stream's leader changed before it answered. */
export class LeaderChangedError extends Error {
  override readonly name = "LeaderChangedError";

  constructor(subject: string) {
    super(
      `The stream's leader changed before ${show(subject)} was answered`,
    );
  }
}

/**
 * - `unknown`: it may have been stored.
 * - `conflict`: it was not, and an actor may not be where it was expected.
 * - `duplicate-id`: it was not, an id in the batch is known to the server.
 * - `refused`: it was not, and may be the next time.
 * - `final`: it was not, and trying again is of no use.
 */
export type Outcome =
  | "unknown"
  | "conflict"
  | "duplicate-id"
  | "refused"
  | "final";

/** Statuses of a busy server. */
const BUSY_STATUSES = [429, 503];

/**
 * Tells whether a failed attempt may have been stored, and whether another one
 * may help. The error codes are those met with nats-server 2.15.2.
 */
export function classify(error: unknown): Outcome {
  if (
    error instanceof RequestTimeoutError ||
    error instanceof LeaderChangedError ||
    ((error instanceof ConnectionLostError ||
      error instanceof ConnectionClosedError) && error.sent)
  ) return "unknown";
  if (
    error instanceof ConnectionLostError ||
    error instanceof NoRespondersError || error instanceof NotSentError ||
    error instanceof IncompletePageError || isUnsendable(error) ||
    isBusy(error)
  ) return "refused";
  if (
    isApiError(
      error,
      JetStreamCode.wrongLastSequence,
      // On replicas: another write of the subject is in process, and may fail.
      JetStreamCode.wrongLastSequenceUnknown,
    )
  ) return "conflict";
  if (isApiError(error, JetStreamCode.batchDuplicateId)) return "duplicate-id";
  return "final";
}

/**
 * Whether nats.js did not send it, because it is larger than the server takes
 * by now: before it is tried again, its size is checked.
 */
function isUnsendable(error: unknown): boolean {
  return error instanceof Error && error.name === "InvalidArgumentError";
}

/** Whether the server did not store it for now. */
function isBusy(error: unknown): boolean {
  return isApiError(
    error,
    JetStreamCode.clusterNotAvailable,
    JetStreamCode.clusterNotLeader,
    JetStreamCode.duplicateInProcess,
    JetStreamCode.batchIncomplete,
  ) ||
    (isApiError(error) && BUSY_STATUSES.includes(error.status) &&
      !isFull(error));
}

/** Whether the server has no room for it. */
export function isFull(error: unknown): boolean {
  return isApiError(
    error,
    JetStreamCode.storeFailed,
    JetStreamCode.accountResourcesExceeded,
    JetStreamCode.insufficientResources,
    JetStreamCode.memoryResourcesExceeded,
    JetStreamCode.storageResourcesExceeded,
  );
}
