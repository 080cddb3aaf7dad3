/**
 * The events of one shard, while a node owns it.
 *
 * @module
 */

import type { AnyEvent } from "../../event/event.ts";
import type { StoredEvent } from "../../store/event_store.ts";
import type { ShardEpoch } from "../map/held_shards.ts";
import type { EventReader } from "./_event_reader.ts";
import { BEGINNING, type Position } from "./_positions.ts";

/** What waits for one shard, and how far it is. */
export class ShardQueue<E extends AnyEvent> {
  readonly at: ShardEpoch;
  /** Gives the handler up. */
  readonly stop: AbortController = new AbortController();
  /** Events that are not handled yet, in stream order. */
  readonly waiting: StoredEvent<E>[] = [];
  /** All events up to there are handled. */
  position: Position = BEGINNING;
  /** The highest sequence that was taken. */
  taken = 0;
  /** Where its events come from; none while it is not read. */
  reader: EventReader<E> | undefined;
  /** Up to where it was saved, or where it began. */
  saved = 0;
  /** Whether events were handled since. */
  isDirty = false;
  /** How often the event in front has failed. */
  failures = 0;
  /**
   * How often it seemed that its position is not one of the stream's, since it
   * last proved to be. As long as it does, it is read apart from others.
   */
  doubts = 0;
  /** While an event is handled, or waits for its turn. */
  isBusy = false;
  /** The node begins nothing more for it. */
  isOver = false;
  /** Resolves when nothing is handled any more. */
  readonly #idle = Promise.withResolvers<void>();
  /** The save under way. */
  saving: Promise<void> | undefined;

  constructor(at: ShardEpoch) {
    this.at = at;
  }

  /** Begins behind a position. */
  beginAt(position: Position): void {
    this.position = position;
    this.taken = position.sequence;
    this.saved = position.sequence;
    this.isDirty = false;
    this.failures = 0;
  }

  /** Takes an event, unless it had it before. */
  take(stored: StoredEvent<E>): boolean {
    if (stored.sequence <= this.taken) return false;
    this.taken = stored.sequence;
    this.doubts = 0;
    this.waiting.push(stored);
    return true;
  }

  /** The event in front is handled. */
  done(): void {
    const { sequence, checkpoint } = this.waiting.shift()!;
    this.position = { sequence, checkpoint };
    this.isDirty = true;
    this.failures = 0;
  }

  /** Where nothing waits, it is as far as its reader. */
  advance(): void {
    if (this.reader === undefined || this.waiting.length > 0) return;
    const { position } = this.reader;
    if (position.sequence > this.position.sequence) this.position = position;
  }

  /** Lets go of events that wait but the one in front; how many. */
  holdUp(): number {
    const dropped = this.waiting.splice(1).length;
    this.taken = this.waiting[0]!.sequence;
    return dropped;
  }

  /** Nothing more is to begin; resolves when what was begun has ended. */
  end(): Promise<void> {
    this.isOver = true;
    if (!this.isBusy) this.#idle.resolve();
    return this.#idle.promise;
  }

  /** Nothing is handled right now. */
  rest(): void {
    this.isBusy = false;
    if (this.isOver) this.#idle.resolve();
  }
}
