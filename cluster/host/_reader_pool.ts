/**
 * The subscriptions of a node, as few as will do.
 *
 * @module
 */

import type { AnyEvent } from "../../event/event.ts";
import { EventReader, type ReaderOptions } from "./_event_reader.ts";
import type { Position } from "./_positions.ts";
import type { ShardQueue } from "./_shard_queue.ts";

/**
 * Shards that are at most so many sequences apart share a subscription: reading
 * so much once more costs less than a subscription of its own.
 */
export const NEAR = 10_000;

/** The most subscriptions of a node; it has one when no shard is far behind. */
const MAX_READERS = 4;

/** Gives shards the events that they wait for. */
export class ReaderPool<E extends AnyEvent> {
  readonly #options: ReaderOptions<E>;
  readonly #readers = new Set<EventReader<E>>();

  constructor(options: ReaderOptions<E>) {
    this.#options = options;
  }

  /** Has shards read, each from its position on. */
  place(queues: readonly ShardQueue<E>[]): void {
    const sorted = [...queues].sort((a, b) =>
      a.position.sequence - b.position.sequence
    );
    while (sorted.length > 0) {
      const { position } = sorted[0]!;
      const far = sorted.findIndex((each) =>
        each.position.sequence > position.sequence + NEAR
      );
      const group = sorted.splice(0, far < 0 ? sorted.length : far);
      const shards = group.map(({ at }) => at.shard);
      let reader = this.#readerAt(position);
      if (reader === undefined) {
        reader = new EventReader<E>(shards, position, this.#options);
        this.#readers.add(reader);
      } else reader.add(shards, position);
      for (const queue of group) queue.reader = reader;
    }
  }

  /** A shard is read no more. */
  leave(queue: ShardQueue<E>): void {
    const { reader } = queue;
    queue.reader = undefined;
    reader?.shards.delete(queue.at.shard);
    if (reader?.shards.size !== 0) return;
    this.#readers.delete(reader);
    reader.close();
  }

  /** As {@linkcode EventReader.advance}. */
  advance(): void {
    for (const reader of this.#readers) reader.advance();
  }

  /** Has readers be one again that have come near the last one. */
  merge(queues: Iterable<ShardQueue<E>>): void {
    const [last, ...others] = this.#sorted();
    const near = others.filter(({ position }) =>
      position.sequence <= last!.position.sequence + NEAR
    );
    for (const reader of near) {
      this.#readers.delete(reader);
      last!.add(reader.shards, reader.position);
      reader.close();
    }
    if (near.length === 0) return;
    for (const queue of queues) {
      if (near.includes(queue.reader!)) queue.reader = last;
    }
  }

  /** Ends all. */
  async close(): Promise<void> {
    await Promise.all([...this.#readers].map((reader) => reader.close()));
  }

  /** A reader that is near, or the last one if there are enough. */
  #readerAt({ sequence }: Position): EventReader<E> | undefined {
    const readers = this.#sorted();
    const near = readers.find(({ position }) =>
      Math.abs(position.sequence - sequence) <= NEAR
    );
    return near ?? (readers.length < MAX_READERS ? undefined : readers[0]);
  }

  /** The one that is furthest behind first. */
  #sorted(): EventReader<E>[] {
    return [...this.#readers].sort((a, b) =>
      a.position.sequence - b.position.sequence
    );
  }
}
