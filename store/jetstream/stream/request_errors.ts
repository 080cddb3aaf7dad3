/**
 * Turns the errors of requests into those of the calls that made them.
 *
 * @module
 */

import {
  ConnectionClosedError,
  ConnectionLostError,
  namingCall,
  NoRespondersError,
  RequestTimeoutError,
  withReason,
} from "../../../internal/nats/errors.ts";
import { isApiError, JetStreamCode } from "../../../internal/nats/js_api.ts";
import { IncompletePageError } from "./page_request.ts";
import { JetStreamUnavailableError } from "../errors.ts";

/**
 * The error that a call ends with, which says what could not be done: the one
 * of a request knows only what was sent.
 *
 * @param signal The caller's, whose reason is told as it is, whatever it is.
 */
export function errorOfCall(
  action: string,
  error: unknown,
  signal?: AbortSignal,
): unknown {
  if (isReasonOf(signal, error)) return error;
  if (error instanceof ConnectionClosedError) {
    return closedDuring(action, error, error.sent);
  }
  if (error instanceof ConnectionLostError) {
    return new ConnectionLostError(`Cannot ${action}: ${error.message}`, {
      cause: error,
      sent: error.sent,
    });
  }
  if (!isTransient(error)) return namingCall(action, error);
  return new JetStreamUnavailableError(
    `Cannot ${action}: ${
      (error as Error).message
    }; look whether JetStream's servers run, most of them at least`,
    { cause: error },
  );
}

/** As {@linkcode errorOfCall}, of a save, which says itself what failed it. */
export function errorOfSave(
  action: string,
  error: unknown,
  signal: AbortSignal | undefined,
): unknown {
  return isReasonOf(signal, error) ? error : namingCall(action, error);
}

/** The error of a call that found the connection closed. */
export function closedDuring(
  action: string,
  cause: unknown,
  sent: boolean,
): ConnectionClosedError {
  return new ConnectionClosedError(
    `Cannot ${action}: ${
      withReason("the NATS connection is closed", reasonToClose(cause))
    }; connect, and open the store anew`,
    { cause, sent },
  );
}

/** What closed the connection, if it was an error. */
function reasonToClose(closed: unknown): unknown {
  return closed instanceof Error ? closed.cause : undefined;
}

/** Whether a call failed because its caller has given up. */
export function isReasonOf(
  signal: AbortSignal | undefined,
  error: unknown,
): boolean {
  return signal?.aborted === true && error === signal.reason;
}

/** Whether asking again may help. */
export function isTransient(error: unknown): boolean {
  return error instanceof RequestTimeoutError ||
    error instanceof IncompletePageError ||
    error instanceof ConnectionLostError ||
    error instanceof NoRespondersError ||
    isApiError(
      error,
      JetStreamCode.clusterNotAvailable,
      JetStreamCode.clusterNotLeader,
    );
}
