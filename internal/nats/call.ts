/**
 * What a request over the multiplexer consists of.
 *
 * @module
 */

import type { Msg, MsgHdrs } from "@nats-io/nats-core";

/** Options of a request. */
export interface RequestOptions {
  /** Headers to send. */
  headers?: MsgHdrs | undefined;
  /** Milliseconds until it fails with a RequestTimeoutError. */
  timeout: number;
  /** Ends the wait with the signal's reason. */
  signal?: AbortSignal | undefined;
}

/**
 * A request without a promise, for callers with many of them. Its last reply
 * ends it (`take` returns true), or `fail`; nothing is called after that.
 */
export interface Call {
  /** Where it is sent. */
  readonly subject: string;
  /** See {@linkcode RequestOptions.timeout}. */
  readonly timeout: number;
  /**
   * Subjects published to without a reply that this call answers for: a
   * permission violation on one of them fails the call.
   */
  readonly covers?: readonly string[] | undefined;
  /**
   * Bytes of all that it answers for.
   *
   * @default those of its payload
   */
  readonly bytes?: number | undefined;
  /** Whether each reply restarts the timeout. @default {false} */
  readonly renews?: boolean | undefined;
  /** Handles a reply; true when it was the last. */
  take(msg: Msg): boolean;
  /**
   * Asked from time to time while a reply is overdue but not timed out. An
   * error it returns ends the wait and goes to `fail`.
   */
  late?(): Error | undefined;
  /** Handles the failure, also when nothing could be sent. */
  fail(error: unknown): void;
}
