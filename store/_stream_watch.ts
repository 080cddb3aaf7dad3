/**
 * Whether the stream that a store was opened on is still there.
 *
 * @module
 */

import type { StreamInfo } from "@nats-io/jetstream";
import type { Multiplexer } from "../nats/multiplexer.ts";
import { checkIncarnation, type StreamIdentity } from "./_stream.ts";
import { StreamReplacedError } from "./jetstream_errors.ts";

/**
 * How often it is looked whether the stream was replaced while it is used, in
 * milliseconds: nothing tells of it where an actor was never seen before.
 */
const GLANCE_INTERVAL = 5_000;

/** How long a look in the background may take, in milliseconds. */
const GLANCE_TIMEOUT = 5_000;

/** Looks whether a stream was replaced by another of its name. */
export class StreamWatch {
  readonly #mux: Multiplexer;
  readonly #stream: StreamIdentity;
  #replaced: StreamReplacedError | undefined;
  #lookedAt = performance.now();

  constructor(mux: Multiplexer, stream: StreamIdentity) {
    this.#mux = mux;
    this.#stream = stream;
  }

  /**
   * Asks the server once.
   *
   * @throws {StreamNotFoundError | StreamReplacedError} If it is not the
   * stream any more; what replaced it stays known.
   */
  async verify(
    action: string,
    options: { timeout: number; signal?: AbortSignal },
  ): Promise<StreamInfo> {
    this.throwIfReplaced();
    this.#lookedAt = performance.now();
    try {
      return await checkIncarnation(this.#mux, this.#stream, action, options);
    } catch (error) {
      if (error instanceof StreamReplacedError) this.#replaced = error;
      throw error;
    }
  }

  /** Asks in the background. */
  suspect(): void {
    this.verify("go on", { timeout: GLANCE_TIMEOUT }).catch(() => {
      // What it finds is kept, and thrown by what is asked next.
    });
  }

  /**
   * Asks in the background, unless that was done not long before `now`, in
   * monotonic milliseconds.
   */
  glance(now: number): void {
    if (now - this.#lookedAt > GLANCE_INTERVAL) this.suspect();
  }

  /** @throws {StreamReplacedError} If the stream is known to be replaced. */
  throwIfReplaced(): void {
    if (this.#replaced) throw this.#replaced;
  }
}
