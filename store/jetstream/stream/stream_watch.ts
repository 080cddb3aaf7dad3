/**
 * Notices when a store's stream changes or is replaced.
 *
 * @module
 */

import type { Multiplexer } from "../../../internal/nats/multiplexer.ts";
import { isSetupError } from "../../../internal/nats/stream_errors.ts";
import type { StreamInfo } from "../../../internal/nats/streams.ts";
import {
  checkIncarnation,
  identify,
  type StreamIdentity,
  streamReplaced,
} from "./stream.ts";

/**
 * How often the stream is refreshed while it is used. Nothing else shows that
 * its owner has changed it, or that it was replaced where an actor is new.
 */
const REFRESH_INTERVAL_MS = 5_000;

/** How long a refresh in the background may take, in milliseconds. */
const REFRESH_TIMEOUT_MS = 5_000;

/**
 * How often at most the leader of a silent stream is asked for, and how long a
 * request waits: one that is sent while there is no leader is never answered.
 */
const LEADER_INTERVAL_MS = 500;
const LEADER_TIMEOUT_MS = 1_000;

/** A stream as it was at the last refresh. */
export class StreamWatch {
  readonly #mux: Multiplexer;
  #stream: StreamIdentity;
  #isReplaced = false;
  #lookedAt = performance.now();

  constructor(mux: Multiplexer, stream: StreamIdentity) {
    this.#mux = mux;
    this.#stream = stream;
  }

  /** The stream, with its settings. */
  get stream(): StreamIdentity {
    return this.#stream;
  }

  /**
   * Asks the server once.
   *
   * @throws {StreamSetupError} If it is not the stream any more; that it was
   * replaced stays known.
   */
  async verify(
    action: string,
    options: { timeout: number; signal?: AbortSignal | undefined },
  ): Promise<StreamInfo> {
    this.throwIfReplaced(action);
    this.#lookedAt = performance.now();
    try {
      const info = await checkIncarnation(
        this.#mux,
        this.#stream,
        action,
        options,
      );
      this.#stream = identify(info);
      return info;
    } catch (error) {
      if (isSetupError(error, "replaced")) this.#isReplaced = true;
      throw error;
    }
  }

  /** Asks the server in the background. */
  refresh(): void {
    this.#look(REFRESH_TIMEOUT_MS);
  }

  /**
   * Asks the server in the background if the last answer is old.
   *
   * @param now Monotonic milliseconds.
   */
  refreshIfStale(now: number): void {
    if (now - this.#lookedAt > REFRESH_INTERVAL_MS) this.refresh();
  }

  /** Checks in the background whether the replicas have another leader. */
  refreshLeader(): void {
    if (this.#stream.replicas === 1) return;
    const passed = performance.now() - this.#lookedAt;
    if (passed >= LEADER_INTERVAL_MS) this.#look(LEADER_TIMEOUT_MS);
  }

  #look(timeout: number): void {
    this.verify("go on", { timeout }).catch(() => {
      // What it finds is kept, and thrown by what is asked next.
    });
  }

  /** @throws {StreamSetupError} If the stream is known to be replaced. */
  throwIfReplaced(action: string): void {
    if (this.#isReplaced) throw streamReplaced(action, this.#stream.name);
  }
}
