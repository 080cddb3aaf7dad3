/**
 * Which shards have an event handled next.
 *
 * @module
 */

import type { AnyEvent } from "../../event/event.ts";
import type { ShardQueue } from "./_shard_queue.ts";

/** Lets so many shards at a time have an event handled, in turn. */
export class ShardTurns<E extends AnyEvent> {
  readonly #concurrency: number;
  readonly #handle: (queue: ShardQueue<E>) => Promise<void> | undefined;
  /** Shards that wait for their turn. */
  readonly #ready: ShardQueue<E>[] = [];
  /** Shards whose turn came when nothing could begin. */
  readonly #shut = new Set<ShardQueue<E>>();
  #running = 0;

  /**
   * @param handle Handles the event in front of a shard; undefined if that may
   * not begin just now.
   */
  constructor(
    concurrency: number,
    handle: (queue: ShardQueue<E>) => Promise<void> | undefined,
  ) {
    this.#concurrency = concurrency;
    this.#handle = handle;
  }

  /** Gives a shard a turn, if something waits and it has none yet. */
  schedule(queue: ShardQueue<E>): void {
    if (queue.isBusy || queue.isOver || queue.waiting.length === 0) return;
    queue.isBusy = true;
    this.#ready.push(queue);
    this.#next();
  }

  /** Takes a shard's turn away, unless it has begun. */
  withdraw(queue: ShardQueue<E>): void {
    this.#shut.delete(queue);
    const turn = this.#ready.indexOf(queue);
    if (turn < 0) return;
    this.#ready.splice(turn, 1);
    queue.rest();
  }

  /** What could not begin may be able to by now. */
  retry(): void {
    const shut = [...this.#shut];
    this.#shut.clear();
    for (const queue of shut) this.schedule(queue);
  }

  #next(): void {
    while (this.#running < this.#concurrency) {
      const queue = this.#ready.shift();
      if (queue === undefined) return;
      this.#running++;
      const handled = this.#handle(queue);
      if (handled === undefined) {
        this.#running--;
        queue.rest();
        this.#shut.add(queue);
        continue;
      }
      handled.finally(() => {
        this.#running--;
        this.#next();
      });
    }
  }
}
