/**
 * Requests of a read, each repeated until it is answered or the time is up.
 *
 * @module
 */

import {
  ConnectionLostError,
  NoRespondersError,
  RequestTimeoutError,
} from "../../../internal/nats/errors.ts";
import { isApiError, JetStreamCode } from "../../../internal/nats/js_api.ts";
import type { Multiplexer } from "../../../internal/nats/multiplexer.ts";
import { isTransient } from "./request_errors.ts";
import { backoff, type Deadline, delay } from "../../../internal/waiting.ts";

/** How long one attempt waits on a stream without replicas, in milliseconds. */
const SINGLE_SERVER_TIMEOUT_MS = 5_000;

/**
 * How long the first attempt waits on a replicated stream: a stopped follower
 * keeps its share of the requests, and asking again finds another one.
 */
const FIRST_REPLICA_TIMEOUT_MS = 400;

/**
 * How long a later attempt waits at most on a replicated stream: one that is
 * sent while there is no leader is never answered, however soon there is one.
 */
const MAX_REPLICA_TIMEOUT_MS = 1_600;

/** The bounds of a read. */
export interface ReadBounds {
  readonly deadline: Deadline;
  readonly signal: AbortSignal | undefined;
  /** Whether the deadline is that of all pages together, not of each. */
  readonly isFinal?: boolean | undefined;
}

/** A stream that may be gone. */
export interface Verifiable {
  readonly stream: { readonly replicas: number };
  /** Rejects with a {@linkcode StreamSetupError} if it is gone. */
  verify(
    action: string,
    options: { timeout: number; signal?: AbortSignal | undefined },
  ): Promise<unknown>;
}

/**
 * Repeats a request until it is answered, for as long as the bounds allow.
 *
 * @param attempt Asks once, and waits so many milliseconds.
 * @throws {StreamSetupError} If the stream is not
 * there any more.
 */
export async function untilAnswered<T>(
  mux: Multiplexer,
  watch: Verifiable,
  attempt: (timeout: number) => Promise<T>,
  { deadline, signal }: ReadBounds,
): Promise<T> {
  let timeout = watch.stream.replicas > 1
    ? FIRST_REPLICA_TIMEOUT_MS
    : SINGLE_SERVER_TIMEOUT_MS;
  for (let n = 0;; n++) {
    try {
      return await attempt(Math.min(timeout, Math.max(1, deadline.left)));
    } catch (error) {
      // The reason may be any error, such as one that is tried again after.
      signal?.throwIfAborted();
      if (
        error instanceof NoRespondersError ||
        isApiError(error, JetStreamCode.streamNotFound)
      ) {
        // Nobody serves a stream that is gone, nor one without a leader.
        await watch.verify("read", {
          timeout: Math.max(
            1,
            Math.min(SINGLE_SERVER_TIMEOUT_MS, deadline.left),
          ),
          signal,
        }).catch((checkError) => {
          if (!isTransient(checkError)) throw checkError;
        });
      } else if (!isTransient(error)) {
        throw error;
      }
      if (deadline.left === 0) throw error;
      if (error instanceof ConnectionLostError) {
        await mux.watch.connected({ timeout: deadline.left, signal });
      } else if (error instanceof RequestTimeoutError) {
        timeout = Math.max(
          timeout,
          Math.min(2 * timeout, MAX_REPLICA_TIMEOUT_MS),
        );
        continue;
      }
      await delay(Math.min(backoff(n), deadline.left), signal);
    }
  }
}
