/**
 * One subscription for several shards, whose choice may change.
 *
 * @module
 */

import type { AnyEvent } from "../../event/event.ts";
import { delay } from "../../internal/waiting.ts";
import { CheckpointError } from "../../store/errors.ts";
import type {
  EventSubscription,
  StoredEvent,
} from "../../store/event_store.ts";
import { type Position, positionOf } from "./_positions.ts";
import { pauseAfter } from "./_pauses.ts";

/** What a reader reads, and for whom. */
export interface ReaderOptions<E extends AnyEvent> {
  readonly shardCount: number;
  readonly subscribe: (from: {
    readonly after: string | undefined;
    readonly partition: { count: number; indexes: readonly number[] };
  }) => EventSubscription<E>;
  /** Takes an event; the next one comes when what it returns has settled. */
  readonly take: (
    reader: EventReader<E>,
    stored: StoredEvent<E>,
  ) => Promise<void> | undefined;
  /** Hears where the stream ends, each time before it is read. */
  readonly begun: (reader: EventReader<E>, end: number) => void;
  /** Hears that it can't be read from the reader's position; this ends it. */
  readonly refused: (reader: EventReader<E>, error: CheckpointError) => void;
  /** Hears of what else went wrong; it is tried again. */
  readonly failed: (error: unknown) => void;
}

/** Reads the events of some shards, from a position on. */
export class EventReader<E extends AnyEvent> {
  /** The shards whose events are wanted. */
  readonly shards: Set<number>;
  readonly #options: ReaderOptions<E>;
  readonly #closing = new AbortController();
  readonly #ended: Promise<void>;
  /** Shards whose events come. */
  #subscribed: ReadonlySet<number> = new Set();
  #subscription: EventSubscription<E> | undefined;
  #position: Position;
  #isApart: boolean;

  /** @param isApart Whether its position may well be refused. */
  constructor(
    shards: Iterable<number>,
    position: Position,
    isApart: boolean,
    options: ReaderOptions<E>,
  ) {
    this.shards = new Set(shards);
    this.#position = position;
    this.#isApart = isApart;
    this.#options = options;
    this.#ended = this.#read();
  }

  /** All events of its shards up to there were taken. */
  get position(): Position {
    return this.#position;
  }

  /**
   * Whether it has not yet read from a position that may be refused: then no
   * other shards are to join it.
   */
  get isApart(): boolean {
    return this.#isApart;
  }

  /**
   * Adds shards; those that are behind it take it back. What comes again for
   * the others has to be left out by whoever takes it.
   */
  add(shards: Iterable<number>, position: Position): void {
    let isComplete = position.sequence >= this.#position.sequence;
    for (const shard of shards) {
      this.shards.add(shard);
      isComplete &&= this.#subscribed.has(shard);
    }
    if (isComplete) return;
    if (position.sequence < this.#position.sequence) this.#position = position;
    this.#restart();
  }

  /**
   * Notes events that were passed since the last one it took. To be called as
   * a task of its own: a subscription that has passed an event hands it out
   * before the next task begins.
   */
  advance(): void {
    const checkpoint = this.#subscription?.checkpoint;
    if (checkpoint === undefined) return;
    const position = positionOf(checkpoint);
    if (position.sequence > this.#position.sequence) this.#position = position;
  }

  /** Ends it; resolves when nothing is left of it. */
  async close(): Promise<void> {
    this.#closing.abort();
    this.#restart();
    await this.#ended;
  }

  #restart(): void {
    const subscription = this.#subscription;
    this.#subscription = undefined;
    subscription?.close();
  }

  async #read(): Promise<void> {
    const { signal } = this.#closing;
    const { shardCount, subscribe, take, begun, refused, failed } =
      this.#options;
    const settle = () => {
      this.#isApart = false;
    };
    let failures = 0;
    while (!signal.aborted) {
      let subscription: EventSubscription<E> | undefined;
      try {
        this.#subscribed = new Set(this.shards);
        this.#subscription = subscription = subscribe({
          after: this.#position.checkpoint,
          partition: { count: shardCount, indexes: [...this.#subscribed] },
        });
        subscription.caughtUp.then(settle, () => {}); // the iteration tells
        const end = await subscription.latestSequence();
        if (subscription !== this.#subscription) continue;
        begun(this, end);
        for await (const stored of subscription) {
          if (subscription !== this.#subscription) break; // it comes again
          settle();
          const { sequence, checkpoint } = stored;
          this.#position = { sequence, checkpoint };
          await take(this, stored);
          failures = 0;
        }
        if (subscription !== this.#subscription) continue;
        throw new Error("the store was closed");
      } catch (error) {
        if (subscription !== this.#subscription) continue;
        this.#subscription = undefined;
        if (
          error instanceof CheckpointError &&
          this.#position.checkpoint !== undefined
        ) return refused(this, error);
        failed(error);
        await delay(pauseAfter(failures++), signal).catch(() => {});
      } finally {
        await subscription?.close();
      }
    }
  }
}
