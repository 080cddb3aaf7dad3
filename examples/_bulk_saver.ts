/**
 * Saving many events fast.
 *
 * @module
 */

import {
  type AnyEvent,
  DuplicateEventError,
  type EventStore,
  PayloadTooLargeError,
  VersionConflictError,
} from "@flowmade-one/aether";

/** How events are saved in bulk. */
export interface BulkSaverOptions<E extends AnyEvent> {
  /** Told of every batch that is stored, now or before. */
  onSaved?: ((batch: readonly E[]) => void) | undefined;
  /** Told of an event that the store refused, and why. The others go on. */
  onRefused: (event: E, error: Error) => void;
  /** Gives up. */
  signal?: AbortSignal | undefined;
}

/** The most events that `saveEvents` takes. */
const BATCH_SIZE = 1000;

/** How many batches are on their way at a time. */
const LANES = 4;

/** Batches of events with one on its way at most. */
interface Lane<E> {
  batch: E[];
  saving: Promise<void>;
}

/**
 * Saves events in batches, several at a time. All events of an actor go down
 * one lane, so that an actor is never in two batches at once and its events
 * are stored in the order they were added. New actors go down the same lane
 * until its batch is full: one batch is on its way early, not all of them late.
 */
export class BulkSaver<E extends AnyEvent> {
  readonly #store: EventStore<E>;
  readonly #options: BulkSaverOptions<E>;
  readonly #lanes: readonly Lane<E>[];
  readonly #laneOf = new Map<string, Lane<E>>();
  #laneOfNew = 0;
  #failure: { error: unknown } | undefined;

  /** Saves into `store`. */
  constructor(store: EventStore<E>, options: BulkSaverOptions<E>) {
    this.#store = store;
    this.#options = options;
    this.#lanes = Array.from({ length: LANES }, () => ({
      batch: [],
      saving: Promise.resolve(),
    }));
  }

  /**
   * Adds an event. Resolves at once or, when its lane is full, as soon as
   * there is room.
   *
   * @throws What a batch before it failed with, and the signal's reason.
   */
  async add(event: E): Promise<void> {
    const { actorId } = event;
    let lane = this.#laneOf.get(actorId);
    if (lane === undefined) {
      lane = this.#lanes[this.#laneOfNew]!;
      this.#laneOf.set(actorId, lane);
    }
    lane.batch.push(event);
    if (lane.batch.length === BATCH_SIZE) {
      this.#laneOfNew = (this.#laneOfNew + 1) % LANES;
      await lane.saving;
      this.#send(lane);
    }
    this.#throwIfFailed();
  }

  /** Saves what is left, and resolves when everything is stored. */
  async end(): Promise<void> {
    for (const lane of this.#lanes) {
      lane.saving = lane.saving.then(() => this.#send(lane));
    }
    await this.settled();
    this.#throwIfFailed();
  }

  /** Resolves when nothing is on its way, whatever came of it. */
  async settled(): Promise<void> {
    for (const lane of this.#lanes) await lane.saving;
  }

  #throwIfFailed(): void {
    this.#options.signal?.throwIfAborted();
    if (this.#failure) throw this.#failure.error;
  }

  /** Puts a lane's batch on its way, unless one has failed. */
  #send(lane: Lane<E>): Promise<void> {
    const { batch } = lane;
    lane.batch = [];
    if (this.#failure) return Promise.resolve();
    return lane.saving = this.#save(batch).catch((error) => {
      this.#failure ??= { error };
    });
  }

  async #save(batch: readonly E[]): Promise<void> {
    const { signal, onSaved, onRefused } = this.#options;
    if (batch.length === 0) return;
    try {
      await this.#store.saveEvents(batch, { signal });
      onSaved?.(batch);
    } catch (error) {
      if (!isRefusal(error)) throw error;
      if (batch.length === 1) return onRefused(batch[0]!, error);
      // A batch is saved all or none: halve it until the culprit is alone.
      const middle = batch.length >> 1;
      await this.#save(batch.slice(0, middle));
      await this.#save(batch.slice(middle));
    }
  }
}

/** Whether an error says that an event can't be stored, now or later. */
function isRefusal(error: unknown): error is Error {
  return error instanceof VersionConflictError ||
    error instanceof DuplicateEventError ||
    error instanceof PayloadTooLargeError;
}
