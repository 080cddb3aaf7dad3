/**
 * The most that the server takes in one message. It may lower it without a
 * word, and then hangs up when more comes.
 *
 * @module
 */

import type { NatsConnection } from "@nats-io/nats-core";
import { PayloadTooLargeError } from "../event/errors.ts";
import type { EncodedEvent } from "../event/event_codec.ts";
import { show } from "../internal/show.ts";
import type { Link } from "./_link.ts";

/** Bytes of an event from which on it is looked whether the server took it. */
const LARGE_BYTES = 16 * 1024;

/** Called with the error when the server turns out to have refused an event. */
type Refused = (namespace: string, error: PayloadTooLargeError) => void;

/** Looks after the sizes of the events that a bus publishes. */
export class SizeLimit {
  readonly #nc: NatsConnection;
  readonly #link: Link;
  readonly #action: string;
  readonly #refused: Refused;

  /** @param action What can't be done with what is too large. */
  constructor(
    nc: NatsConnection,
    link: Link,
    action: string,
    refused: Refused,
  ) {
    this.#nc = nc;
    this.#link = link;
    this.#action = action;
    this.#refused = refused;
  }

  /**
   * The error for an event above the limit, as far as that is known.
   *
   * @param size Its bytes with its headers.
   */
  refusal(
    { version, actorId }: EncodedEvent["fields"],
    size: number,
  ): PayloadTooLargeError | undefined {
    const limit = this.#nc.info?.max_payload ?? Infinity;
    if (size <= limit) return undefined;
    return new PayloadTooLargeError(
      `Cannot ${this.#action}: version ${version} of actor ${
        show(actorId)
      } takes ${size} bytes with its headers, the server takes at most ${limit} (max_payload)`,
      { size, limit },
    );
  }

  /** Looks whether the server takes an event that was published just now. */
  async published(
    namespace: string,
    fields: EncodedEvent["fields"],
    size: number,
  ): Promise<void> {
    if (size < LARGE_BYTES) return;
    try {
      await this.#link.confirm();
    } catch {
      // Only the next connection tells the limit, if there is one.
      await this.#link.connected().catch(() => {});
      const refusal = this.refusal(fields, size);
      if (refusal !== undefined) this.#refused(namespace, refusal);
    }
  }
}
