/**
 * A subscription that is closed and gone on with again and again.
 *
 * @module
 */

import type { Random } from "./random.ts";
import type { RecordedSubscription } from "./recorded_subscription.ts";
import type { RecordedStore } from "./recorder.ts";

/** Follows a store from checkpoint to checkpoint. */
export class Follower {
  readonly #store: RecordedStore;
  readonly #random: Random;
  readonly #filter:
    | { actors?: string; eventTypes?: readonly string[] }
    | undefined;
  readonly #running: Promise<RecordedSubscription>;
  readonly #stopped = Promise.withResolvers<void>();
  #isStopped = false;

  /** Starts at the beginning. */
  constructor(
    store: RecordedStore,
    random: Random,
    filter?: { actors?: string; eventTypes?: readonly string[] },
  ) {
    this.#store = store;
    this.#random = random;
    this.#filter = filter;
    this.#running = this.#run();
  }

  /** Goes on once more, and resolves to the subscription that does, open. */
  async stop(): Promise<RecordedSubscription> {
    this.#isStopped = true;
    this.#stopped.resolve();
    return await this.#running;
  }

  async #run(): Promise<RecordedSubscription> {
    const filter = this.#filter;
    let subscription = this.#store.subscribe(filter);
    while (!this.#isStopped && subscription.failure === undefined) {
      await this.#pause(100 + this.#random.below(400));
      await subscription[Symbol.asyncDispose]();
      if (subscription.failure !== undefined) break;
      // Whatever it has not delivered comes from the next one.
      const after = subscription.checkpoint;
      subscription = this.#store.subscribe({ ...filter, after });
    }
    return subscription;
  }

  async #pause(ms: number): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const passed = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, ms);
    });
    await Promise.race([passed, this.#stopped.promise]);
    clearTimeout(timer);
  }
}
