/**
 * The subscriptions of a node, as few as will do.
 *
 * @module
 */

import type { AnyEvent } from "../../event/event.ts";
import { EventReader, type ReaderOptions } from "./_event_reader.ts";
import { incarnationOf, type Position } from "./_positions.ts";
import type { ShardQueue } from "./_shard_queue.ts";

/**
 * Shards that are at most so many sequences apart share a subscription: reading
 * so much once more costs less than a subscription of its own.
 */
export const NEAR = 10_000;

/**
 * The most subscriptions of a node for shards whose positions are of one
 * stream; it has one when no shard is far behind.
 */
const MAX_READERS = 4;

/** Gives shards the events that they wait for. */
export class ReaderPool<E extends AnyEvent> {
  readonly #options: ReaderOptions<E>;
  readonly #readers = new Set<EventReader<E>>();

  constructor(options: ReaderOptions<E>) {
    this.#options = options;
  }

  /**
   * Has shards read, each from its position on: together where the positions
   * are near each other and of the same stream.
   */
  place(queues: readonly ShardQueue<E>[]): void {
    const isDoubted = ({ doubts }: ShardQueue<E>) => doubts > 0;
    for (const group of groupsOf(queues.filter((each) => !isDoubted(each)))) {
      this.#read(group, this.#readerFor(group[0]!.position));
    }
    for (const group of groupsOf(queues.filter(isDoubted))) this.#read(group);
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

  /** Has readers be one again that have come near the hindmost one. */
  merge(queues: Iterable<ShardQueue<E>>): void {
    const joined = new Map<EventReader<E>, EventReader<E>>();
    for (const [hindmost, ...others] of this.#byStream()) {
      for (const reader of others) {
        if (!isNear(hindmost!, reader)) continue;
        joined.set(reader, hindmost!);
        this.#readers.delete(reader);
        hindmost!.add(reader.shards, reader.position);
        reader.close();
      }
    }
    if (joined.size === 0) return;
    for (const queue of queues) {
      const reader = joined.get(queue.reader!);
      if (reader === undefined) continue;
      queue.reader = reader;
      queue.doubts = 0;
    }
  }

  /** Ends all. */
  async close(): Promise<void> {
    await Promise.all([...this.#readers].map((reader) => reader.close()));
  }

  #read(queues: readonly ShardQueue<E>[], found?: EventReader<E>): void {
    const [{ position, doubts }] = queues as [ShardQueue<E>];
    const shards = queues.map(({ at }) => at.shard);
    found?.add(shards, position);
    const reader = found ??
      new EventReader<E>(shards, position, doubts > 0, this.#options);
    this.#readers.add(reader);
    for (const queue of queues) queue.reader = reader;
  }

  /** A reader that is near, or the hindmost one if there are enough. */
  #readerFor(position: Position): EventReader<E> | undefined {
    const incarnation = incarnationOf(position);
    const readers =
      this.#byStream().find(([each]) =>
        incarnationOf(each!.position) === incarnation
      ) ?? [];
    const near = readers.find((reader) => isNear(reader, { position }));
    return near ?? (readers.length < MAX_READERS ? undefined : readers[0]);
  }

  /** Those that others may join, by stream, the hindmost first. */
  #byStream(): EventReader<E>[][] {
    return byStream([...this.#readers].filter(({ isApart }) => !isApart));
  }
}

/** What has a position. */
interface Positioned {
  readonly position: Position;
}

function isNear(a: Positioned, b: Positioned): boolean {
  return Math.abs(a.position.sequence - b.position.sequence) <= NEAR;
}

/** By stream, the hindmost first. */
function byStream<T extends Positioned>(all: readonly T[]): T[][] {
  const streams = Map.groupBy(all, ({ position }) => incarnationOf(position));
  return [...streams.values()].map((each) =>
    each.sort((a, b) => a.position.sequence - b.position.sequence)
  );
}

/** Those of one stream that are near each other, the hindmost first. */
function groupsOf<T extends Positioned>(all: readonly T[]): T[][] {
  const groups: T[][] = [];
  for (const stream of byStream(all)) {
    let group: T[] = [];
    for (const each of stream) {
      if (group.length === 0 || !isNear(group[0]!, each)) {
        groups.push(group = []);
      }
      group.push(each);
    }
  }
  return groups;
}
