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
  /** Shards that wait for their turn. */
  readonly #ready: ShardQueue<E>[] = [];
  /** Shards whose turn came when the node could not begin anything. */
  readonly #shut = new Set<ShardQueue<E>>();
  readonly #timers = new Set<ReturnType<typeof setTimeout>>();
  /** Shards that came lately. */
  readonly #arrived: ShardQueue<E>[] = [];
  /** Resolved when readers may go on. */
  #room: PromiseWithResolvers<void> | undefined;
  #counters = { done: 0, failed: 0, waiting: 0 };
  /** Events that wait for shards that are being read. */
  #taken = 0;
  #handling = 0;
  #isTicking = false;
  #ticks = 0;
  #isClosed = false;

  constructor(node: ShardWorkNode, options: EventWorkOptions<E>) {
    this.#node = node;
    this.#options = options;
    const failed = (
      code: ShardWorkError["code"],
      cause: unknown,
      shard?: number,
      sequence?: number,
    ) => {
      const { name: work, report } = node;
      report(new ShardWorkError({ work, code, shard, sequence }, { cause }));
    };
    this.#failed = failed;
    this.#progress = new ShardProgress(options, failed);
    this.#readers = new ReaderPool<E>({
      shardCount: node.shardCount,
      subscribe: options.subscribe,
      take: (reader, stored) => this.#take(reader, stored),
      begun: (reader, end) => this.#checkEnd(reader, end),
      refused: (reader, cause) => this.#refused(reader, cause),
      failed: (cause) => failed("read", cause),
    });
  }

  get metrics(): ShardWorkMetrics {
    return { ...this.#counters };
  }

  acquired(at: ShardEpoch): void {
    if (this.#isClosed) return;
    const queue = new ShardQueue<E>(at);
    this.#queues.set(at.shard, queue);
    this.#arrive(queue);
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
    this.#shut.delete(queue);
    const turn = this.#ready.indexOf(queue);
    if (turn >= 0) {
      this.#ready.splice(turn, 1);
      queue.rest();
    }
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
    const shut = [...this.#shut];
    this.#shut.clear();
    for (const queue of shut) this.#schedule(queue);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
    this.#makeRoom(this.#taken);
    await this.#readers.close();
  }

  readonly #failed: (
    code: ShardWorkError["code"],
    cause: unknown,
    shard: number,
    sequence?: number,
  ) => void;

  /** Has shards begin together that come at the same time. */
  #arrive(queue: ShardQueue<E>): void {
    if (this.#arrived.length === 0) {
      this.#later(0, () => this.#begin(this.#arrived.splice(0)));
    }
    this.#arrived.push(queue);
  }

  async #begin(queues: readonly ShardQueue<E>[]): Promise<void> {
    const known = await Promise.all(
      queues.map((queue) => this.#progress.load(queue)),
    );
    if (this.#isClosed) return;
    this.#readers.place(queues.filter((queue, i) => known[i] && !queue.isOver));
    for (const [i, queue] of queues.entries()) {
      if (known[i] || queue.isOver) continue;
      this.#later(pauseAfter(queue.failures++), () => this.#arrive(queue));
    }
  }

  #take(
    reader: EventReader<E>,
    stored: StoredEvent<E>,
  ): Promise<void> | undefined {
    const shard = shardOf(stored.event.actorId, this.#node.shardCount);
    const queue = this.#queues.get(shard);
    if (queue?.reader === reader && queue.take(stored)) {
      this.#counters.waiting++;
      this.#taken++;
      if (queue.waiting.length >= MAX_SHARD_WAITING) this.#leave(queue);
      this.#schedule(queue);
    }
    if (this.#taken < MAX_WAITING) return undefined;
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
      this.#later(pauseAfter(queue.doubts++), () => this.#arrive(queue));
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
    this.#taken -= count;
    if (this.#taken >= MAX_WAITING) return;
    this.#room?.resolve();
    this.#room = undefined;
  }

  #schedule(queue: ShardQueue<E>): void {
    if (queue.isBusy || queue.isOver || queue.waiting.length === 0) return;
    queue.isBusy = true;
    this.#ready.push(queue);
    this.#next();
  }

  #next(): void {
    while (this.#handling < this.#options.concurrency) {
      const queue = this.#ready.shift();
      if (queue === undefined) return;
      this.#handling++;
      this.#handle(queue).finally(() => {
        this.#handling--;
        this.#next();
      });
    }
  }

  /** Handles the event in front; never rejects. */
  async #handle(queue: ShardQueue<E>): Promise<void> {
    const { at, stop: { signal }, failures } = queue;
    if (this.#isClosed || !this.#node.admits(at)) {
      queue.rest();
      this.#shut.add(queue);
      return;
    }
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
    this.#schedule(queue);
  }

  /** Tries an event again later; the shard's others are read again then. */
  #holdUp(queue: ShardQueue<E>, stored: StoredEvent<E>, cause: unknown): void {
    this.#failed("handle", cause, queue.at.shard, stored.sequence);
    this.#leave(queue);
    this.#counters.waiting -= queue.holdUp();
    this.#later(pauseAfter(queue.failures++), () => this.#schedule(queue));
  }

  /** From time to time, while there are shards. */
  #tick(): void {
    if (this.#isTicking) return;
    this.#isTicking = true;
    this.#later(this.#options.checkpointEvery, async () => {
      this.#readers.advance();
      const queues = [...this.#queues.values()];
      for (const queue of queues) queue.advance();
      this.#readers.merge(queues);
      const tick = this.#ticks++;
      await Promise.all(queues.map((queue) => {
        const isItsTurn = (tick + queue.at.shard) % IDLE_TICKS === 0;
        return this.#progress.save(queue, isItsTurn ? 1 : undefined);
      }));
      this.#isTicking = false;
      if (this.#queues.size > 0) this.#tick();
    });
  }

  #later(ms: number, run: () => void): void {
    if (this.#isClosed) return;
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      run();
    }, ms);
    this.#timers.add(timer);
  }
}

/** Whether nothing waits: then a shard that is not read is read on. */
function isDrained({ waiting }: { readonly waiting: ArrayLike<unknown> }) {
  return waiting.length === 0;
}
