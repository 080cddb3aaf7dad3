/**
 * How far each shard is, as it is written down.
 *
 * @module
 */

import type { AnyEvent } from "../../event/event.ts";
import type { ShardEpoch } from "../map/held_shards.ts";
import type { ShardCheckpoints } from "../requests/shard_work.ts";
import type { ShardWorkError } from "./errors.ts";
import {
  BEGINNING,
  type Position,
  positionAt,
  positionOf,
} from "./_positions.ts";
import { NEAR } from "./_reader_pool.ts";
import type { ShardQueue } from "./_shard_queue.ts";
import type { Timers } from "./_timers.ts";
import type { EventWorkOptions } from "./event_handling.ts";

/** How long loading or saving a checkpoint may take, in milliseconds. */
const TIMEOUT_MS = 30_000;

const TOO_LONG = `has not settled within ${TIMEOUT_MS} ms`;

/** Loads and saves the checkpoints of shards. */
export class ShardProgress<E extends AnyEvent> {
  readonly #options: EventWorkOptions<E>;
  readonly #checkpoints: ShardCheckpoints;
  readonly #timers: Timers;
  readonly #failed: (
    code: ShardWorkError["code"],
    cause: unknown,
    shard: number,
  ) => void;
  /** Where shards begin that have no checkpoint. */
  #start: Promise<Position> | undefined;

  /** @param failed Hears of what went wrong. */
  constructor(
    options: EventWorkOptions<E>,
    timers: Timers,
    failed: (
      code: ShardWorkError["code"],
      cause: unknown,
      shard: number,
    ) => void,
  ) {
    this.#options = options;
    this.#checkpoints = options.checkpoints;
    this.#timers = timers;
    this.#failed = failed;
  }

  /** Finds out how far a shard is; resolves to whether that is known. */
  async load(queue: ShardQueue<E>): Promise<boolean> {
    const { at } = queue;
    try {
      const checkpoint = await this.#load(at);
      const position = checkpoint == null
        ? await (this.#start ??= this.#findStart())
        : positionOf(checkpoint);
      queue.beginAt(position);
      return true;
    } catch (cause) {
      this.#start = undefined;
      if (!queue.isOver) this.#failed("load", cause, at.shard);
      return false;
    }
  }

  /**
   * Saves how far a shard is, if it has handled something since, or has passed
   * so many events of others, or what was saved is lost. One save of a shard
   * follows on the other.
   */
  async save(queue: ShardQueue<E>, passed: number = NEAR): Promise<void> {
    await queue.saving;
    const { sequence, checkpoint } = queue.position;
    if (checkpoint !== undefined && this.#isDue(queue, passed)) {
      queue.saving = this.#save(queue, sequence, checkpoint);
      await queue.saving;
    }
  }

  #isDue(
    { at, isDirty, saved, position }: ShardQueue<E>,
    passed: number,
  ): boolean {
    if (isDirty || position.sequence - saved >= passed) return true;
    try {
      return this.#checkpoints.isLost?.(at) === true;
    } catch (cause) {
      this.#failed("save", cause, at.shard);
      return false;
    }
  }

  /** What comes after the time is up is left out: it is loaded again. */
  #load(at: ShardEpoch): Promise<string | null | undefined> {
    return new Promise((resolve, reject) => {
      const stop = this.#timers.later(
        TIMEOUT_MS,
        () => reject(new Error(`load() ${TOO_LONG}`)),
      );
      const load = async () => await this.#checkpoints.load(at);
      load().then(resolve, reject).finally(stop);
    });
  }

  async #save(
    queue: ShardQueue<E>,
    sequence: number,
    checkpoint: string,
  ): Promise<void> {
    queue.isDirty = false;
    const stop = this.#timers.later(TIMEOUT_MS, () => {
      // It is waited for: overtaken, it might undo a later one.
      this.#failed("save", new Error(`save() ${TOO_LONG}`), queue.at.shard);
    });
    try {
      await this.#checkpoints.save?.(queue.at, checkpoint);
      queue.saved = sequence;
    } catch (cause) {
      queue.isDirty = true;
      this.#failed("save", cause, queue.at.shard);
    } finally {
      stop();
      queue.saving = undefined;
    }
  }

  #findStart(): Promise<Position> {
    const { after, subscribe } = this.#options;
    if (after instanceof Date) return positionAt(after, subscribe);
    return Promise.resolve(after === undefined ? BEGINNING : positionOf(after));
  }
}
