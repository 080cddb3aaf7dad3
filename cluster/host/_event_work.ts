/**
 * Handling the events of a node's shards.
 *
 * @module
 */

import type { AnyEvent } from "../../event/event.ts";
import { shardOf } from "../../internal/hash.ts";
import type { CheckpointError } from "../../store/errors.ts";
import type { StoredEvent } from "../../store/event_store.ts";
import type { ShardEpoch } from "../map/held_shards.ts";
import type {
  OpenShardWork,
  ShardWorkMetrics,
  ShardWorkNode,
} from "../requests/shard_work.ts";
import { ShardLostError } from "../shards/errors.ts";
import { ShardWorkError } from "./errors.ts";
import type { EventWorkOptions } from "./event_handling.ts";
import type { EventReader } from "./_event_reader.ts";
import { pauseAfter } from "./_pauses.ts";
import { ReaderPool } from "./_reader_pool.ts";
import { ShardProgress } from "./_shard_progress.ts";
import { ShardQueue } from "./_shard_queue.ts";
import { ShardTurns } from "./_shard_turns.ts";
import { Timers } from "./_timers.ts";

/** Events that may wait on a node before its readers pause. */
const MAX_WAITING = 1_000;

/**
 * Events that may wait for one shard. It is read on when they are handled: a
 * handler that hangs holds up no other shard.
 */
const MAX_SHARD_WAITING = 500;

/**
 * How many times as often busy shards are saved as idle ones. These only pass
 * the events of others; but what they have not passed must not expire.
 */
const IDLE_TICKS = 60;

/**
 * How long shards that are loaded wait for others to begin with them, in
 * milliseconds.
 */
const GATHER_MS = 100;

/** Hands each event of this node's shards to a handler. */
export class EventWork<E extends AnyEvent> implements OpenShardWork {
  readonly #node: ShardWorkNode;
  readonly #options: EventWorkOptions<E>;
  readonly #progress: ShardProgress<E>;
  readonly #readers: ReaderPool<E>;
  /** By shard, while the node owns it. */
  readonly #queues = new Map<number, ShardQueue<E>>();
  /** Shards that are on their way out. */
  readonly #ending = new Set<ShardQueue<E>>();
  readonly #turns: ShardTurns<E>;
  readonly #timers = new Timers();
  /** Shards whose checkpoints are loaded, and that are to be read. */
  readonly #loaded: ShardQueue<E>[] = [];
  /** Resolved when readers may go on. */
  #room: PromiseWithResolvers<void> | undefined;
  #counters = { done: 0, failed: 0, waiting: 0 };
  /** Events that wait for shards that are being read. */
  #buffered = 0;
  /** Checkpoints that are being loaded. */
  #loading = 0;
  #isTicking = false;
  #ticks = 0;
  #isClosed = false;

  constructor(node: ShardWorkNode, options: EventWorkOptions<E>) {
    this.#node = node;
    this.#options = options;
    this.#turns = new ShardTurns(
      options.concurrency,
      (queue) =>
        this.#isClosed || !node.admits(queue.at)
          ? undefined
          : this.#handle(queue),
    );
    this.#progress = new ShardProgress(options, this.#timers, this.#failed);
    this.#readers = new ReaderPool<E>({
      shardCount: node.shardCount,
      subscribe: options.subscribe,
      take: (reader, stored) => this.#take(reader, stored),
      begun: (reader, end) => this.#checkEnd(reader, end),
      refused: (reader, cause) => this.#refused(reader, cause),
      failed: (cause) => this.#failed("read", cause),
    });
  }

  get metrics(): ShardWorkMetrics {
    return { ...this.#counters };
  }

  acquired(at: ShardEpoch): void {
    if (this.#isClosed) return;
    const queue = new ShardQueue<E>(at);
    this.#queues.set(at.shard, queue);
    this.#load(queue);
    this.#tick();
  }

  async released({ shard, epoch }: ShardEpoch): Promise<void> {
    const queue = this.#queues.get(shard);
    if (queue?.at.epoch !== epoch) return;
    // Before it takes nothing more: what comes then is left to the next owner.
    queue.advance();
    this.#leave(queue);
    this.#queues.delete(shard);
    this.#ending.add(queue);
    this.#turns.withdraw(queue);
    await queue.end();
    this.#counters.waiting -= queue.waiting.splice(0).length;
    await this.#progress.save(queue, 1);
    this.#ending.delete(queue);
  }

  changed(): void {
    for (const queue of [...this.#queues.values(), ...this.#ending]) {
      if (!queue.isBusy || this.#node.holds(queue.at)) continue;
      queue.stop.abort(new ShardLostError(queue.at, "lapsed"));
    }
    this.#turns.retry();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#timers.close();
    this.#makeRoom(this.#buffered);
    await this.#readers.close();
  }

  readonly #failed = (
    code: ShardWorkError["code"],
    cause: unknown,
    shard?: number,
    sequence?: number,
  ): void => {
    const { name: work, report } = this.#node;
    report(new ShardWorkError({ work, code, shard, sequence }, { cause }));
  };

  /**
   * Finds out how far a shard is, and has it read. Those that come together
   * begin together, without the ones that take long.
   */
  async #load(queue: ShardQueue<E>): Promise<void> {
    if (queue.isOver) return;
    this.#loading++;
    const isKnown = await this.#progress.load(queue);
    this.#loading--;
    if (isKnown) this.#loaded.push(queue);
    else {
      this.#timers.later(
        pauseAfter(queue.failures++),
        () => this.#load(queue),
      );
    }
    if (this.#loading === 0) this.#begin();
    else if (this.#loaded.length === 1) {
      this.#timers.later(GATHER_MS, () => this.#begin());
    }
  }

  /** Has shards read that are loaded. */
  #begin(): void {
    const queues = this.#loaded.splice(0);
    if (this.#isClosed) return;
    this.#readers.place(queues.filter(({ isOver }) => !isOver));
  }

  #take(
    reader: EventReader<E>,
    stored: StoredEvent<E>,
  ): Promise<void> | undefined {
    const shard = shardOf(stored.event.actorId, this.#node.shardCount);
    const queue = this.#queues.get(shard);
    if (queue?.reader === reader && queue.take(stored)) {
      this.#counters.waiting++;
      this.#buffered++;
      if (queue.waiting.length >= MAX_SHARD_WAITING) this.#leave(queue);
      this.#turns.schedule(queue);
    }
    if (this.#buffered < MAX_WAITING) return undefined;
    this.#room ??= Promise.withResolvers();
    return this.#room.promise;
  }

  /**
   * Has shards read apart that were already further than where the stream ends:
   * the store says whether they may go on there.
   */
  #checkEnd(reader: EventReader<E>, end: number): void {
    const known = Math.max(end, reader.position.sequence);
    const ahead = this.#readBy(reader).filter(({ position }) =>
      position.sequence > known
    );
    for (const queue of ahead) {
      queue.doubts++;
      this.#leave(queue);
    }
    this.#readers.place(ahead.filter(isDrained));
  }

  /**
   * The store refuses a reader's position: shards that are there wait, and the
   * others are read without them.
   */
  #refused(reader: EventReader<E>, cause: CheckpointError): void {
    const { sequence } = reader.position;
    const queues = this.#readBy(reader);
    for (const queue of queues) {
      queue.advance();
      this.#leave(queue);
    }
    const drained = queues.filter(isDrained);
    const isThere = ({ position }: ShardQueue<E>) =>
      position.sequence === sequence;
    for (const queue of drained.filter(isThere)) {
      this.#failed("read", cause, queue.at.shard);
      this.#timers.later(pauseAfter(queue.doubts++), () => this.#load(queue));
    }
    this.#readers.place(drained.filter((queue) => !isThere(queue)));
  }

  #readBy(reader: EventReader<E>): ShardQueue<E>[] {
    return [...this.#queues.values()].filter((each) => each.reader === reader);
  }

  /** A shard is read no more, for now or for ever. */
  #leave(queue: ShardQueue<E>): void {
    if (queue.reader === undefined) return;
    this.#makeRoom(queue.waiting.length);
    this.#readers.leave(queue);
  }

  /** So many events that were taken wait no more. */
  #makeRoom(count: number): void {
    this.#buffered -= count;
    if (this.#buffered >= MAX_WAITING) return;
    this.#room?.resolve();
    this.#room = undefined;
  }

  /** Handles the event in front. */
  async #handle(queue: ShardQueue<E>): Promise<void> {
    const { at, stop: { signal }, failures } = queue;
    const stored = queue.waiting[0]!;
    const isOwner = () => this.#node.holds(at);
    try {
      const context = { ...at, attempt: failures + 1, signal, isOwner };
      await this.#options.handler(stored, context);
    } catch (cause) {
      this.#counters.failed++;
      queue.rest();
      // Else it comes again for the next owner.
      if (!queue.isOver) this.#holdUp(queue, stored, cause);
      return;
    }
    this.#counters.done++;
    this.#counters.waiting--;
    if (queue.reader !== undefined) this.#makeRoom(1);
    queue.done();
    queue.rest();
    if (queue.isOver) return;
    if (isDrained(queue) && queue.reader === undefined) {
      this.#readers.place([queue]);
    }
    this.#turns.schedule(queue);
  }

  /** Tries an event again later; the shard's others are read again then. */
  #holdUp(queue: ShardQueue<E>, stored: StoredEvent<E>, cause: unknown): void {
    this.#leave(queue);
    this.#counters.waiting -= queue.holdUp();
    this.#timers.later(
      pauseAfter(queue.failures++),
      () => this.#turns.schedule(queue),
    );
    this.#failed("handle", cause, queue.at.shard, stored.sequence);
  }

  /** From time to time, while there are shards. */
  #tick(): void {
    if (this.#isTicking) return;
    this.#isTicking = true;
    this.#timers.later(this.#options.checkpointEvery, () => {
      const tick = this.#ticks++;
      this.#readers.advance();
      const queues = [...this.#queues.values()];
      for (const queue of queues) queue.advance();
      this.#readers.merge(queues);
      for (const queue of queues) {
        if (queue.saving !== undefined) continue;
        const isItsTurn = (tick + queue.at.shard) % IDLE_TICKS === 0;
        this.#progress.save(queue, isItsTurn ? 1 : undefined);
      }
      this.#isTicking = false;
      if (this.#queues.size > 0) this.#tick();
    });
  }
}

/** Whether nothing waits: then a shard that is not read is read on. */
function isDrained({ waiting }: { readonly waiting: ArrayLike<unknown> }) {
  return waiting.length === 0;
}
