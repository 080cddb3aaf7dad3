/**
 * The consumers that a subscription has at the server.
 *
 * @module
 */

import { apiRequest } from "../../../internal/nats/js_api.ts";
import type { Multiplexer } from "../../../internal/nats/multiplexer.ts";
import { isTransient } from "../stream/request_errors.ts";

/**
 * How long deleting a consumer may take: the server drops it by itself before
 * long.
 */
const DELETE_TIMEOUT_MS = 500;

/** Deletes consumers, those that a lost connection left behind as well. */
export class OwnConsumers {
  readonly #mux: Multiplexer;
  readonly #stream: string;
  /** Consumers that may still be there. */
  readonly #left = new Set<string>();

  constructor(mux: Multiplexer, stream: string) {
    this.#mux = mux;
    this.#stream = stream;
  }

  /** Notes a consumer that may be there, to be deleted before the next. */
  leave(name: string): void {
    this.#left.add(name);
  }

  /** Deletes a consumer; notes it if that is not answered. */
  async delete(name: string): Promise<void> {
    const endpoint = `CONSUMER.DELETE.${this.#stream}.${name}`;
    const options = { timeout: DELETE_TIMEOUT_MS };
    try {
      await apiRequest(this.#mux, endpoint, undefined, options);
    } catch (error) {
      // Other errors come again: it is gone, or the user may not delete it.
      if (isTransient(error)) this.leave(name);
    }
  }

  /** Deletes those that were left, as far as the server answers. */
  async deleteLeft(): Promise<void> {
    const left = [...this.#left];
    this.#left.clear();
    await Promise.all(left.map((name) => this.delete(name)));
  }
}
