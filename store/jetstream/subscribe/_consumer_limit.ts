/**
 * Waiting where the server allows no more consumers.
 *
 * @module
 */

import { JetStreamApiError } from "../../../internal/nats/errors.ts";
import { isApiError, JetStreamCode } from "../../../internal/nats/js_api.ts";
import { Deadline } from "../../../internal/waiting.ts";

/** How long the server keeps a consumer that nobody pulls from. */
export const CONSUMER_EXPIRY_MS = 30_000;

/**
 * How long the limit may be reached: until the consumers of a process that was
 * killed have lapsed, and a margin.
 */
const MAX_LIMITED_MS = CONSUMER_EXPIRY_MS + 10_000;

/** Tells a limit of consumers that passes from one that stays. */
export class ConsumerLimit {
  #deadline: Deadline | undefined;

  /**
   * Whether an error is of the limit, and trying again may help.
   *
   * @throws {JetStreamApiError} If the limit has been reached for too long.
   */
  passes(error: unknown): boolean {
    if (!isApiError(error, JetStreamCode.maximumConsumers)) return false;
    this.#deadline ??= new Deadline(MAX_LIMITED_MS);
    if (this.#deadline.left > 0) return true;
    throw new JetStreamApiError(
      `${error.message}: the stream or its account has had as many consumers as it may (max_consumers) for ${
        MAX_LIMITED_MS / 1_000
      } s; raise that limit, or open fewer subscriptions`,
      error,
      { cause: error },
    );
  }
}
