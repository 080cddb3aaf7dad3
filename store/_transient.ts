/**
 * Errors that may be gone when the same is asked again.
 *
 * @module
 */

import {
  ConnectionLostError,
  NoRespondersError,
  RequestTimeoutError,
} from "../nats/errors.ts";
import { isApiError, JetStreamCode } from "../nats/js_api.ts";
import { JetStreamUnavailableError } from "./jetstream_errors.ts";

/** What to tell of a transient error that lasted. */
export function asUnavailable(action: string, error: unknown): unknown {
  return isTransient(error) && !(error instanceof ConnectionLostError)
    ? new JetStreamUnavailableError(
      `Cannot ${action}: ${
        (error as Error).message
      }; look whether JetStream's servers run, most of them at least`,
      { cause: error },
    )
    : error;
}

/** Whether asking again may help. */
export function isTransient(error: unknown): boolean {
  return error instanceof RequestTimeoutError ||
    error instanceof ConnectionLostError ||
    error instanceof NoRespondersError ||
    isApiError(
      error,
      JetStreamCode.clusterNotAvailable,
      JetStreamCode.clusterNotLeader,
    );
}
