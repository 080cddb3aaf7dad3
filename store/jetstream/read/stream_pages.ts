/**
 * The messages of a whole stream in pages, in either direction.
 *
 * @module
 */

import type { ActorFilter } from "../../../event/filters.ts";
import { coverPatterns } from "../../../internal/nats/patterns.ts";
import { backoff, delay } from "../../../internal/waiting.ts";
import type { Checkpoint } from "../../event_store.ts";
import { checkContinuation, sequenceOf } from "../stream/checkpoint_check.ts";
import { IncompletePageError, type Page } from "../stream/page_request.ts";
import type { ReadBounds } from "../stream/read_retries.ts";
import { lastBefore } from "../stream/stored_times.ts";
import type { StoredMessage } from "../stream/stored_message.ts";
import { endOfBatch, lastSequenceOf } from "../stream/stream_end.ts";
import { PAGE_SIZE, type StreamReader } from "../stream/stream_reader.ts";

/** Which messages to read. */
export interface StreamRange {
  /** Undefined for no bound. */
  readonly after: Checkpoint | Date | undefined;
  /** The actors that are wanted; messages of others may come as well. */
  readonly actors: ActorFilter | undefined;
  /** How many messages are enough, as far as that is known; or `Infinity`. */
  readonly enough: number;
  /** The highest sequence of the stream that was seen before. */
  readonly seen: number;
}

/** A read whose bounds have a signal of their own. */
interface PageBounds extends ReadBounds {
  readonly signal: AbortSignal;
}

/** Reads the messages of one store. */
export class StreamPages {
  readonly #reader: StreamReader;
  readonly #root: string;
  readonly #action: string;

  /**
   * @param root The tokens that all subjects begin with.
   * @param action Names the call in errors.
   */
  constructor(reader: StreamReader, root: string, action: string) {
    this.#reader = reader;
    this.#root = root;
    this.#action = action;
  }

  /** In stream order, up to the end as of now. */
  async *forward(
    { after, actors, enough, seen }: StreamRange,
    bounds: PageBounds,
  ): AsyncGenerator<StoredMessage[], void> {
    const all = `${this.#root}.>`;
    const start = await this.#place(after, true, bounds);
    // What has expired at the beginning is not missed.
    const mayLack = (reached: number) => after === undefined && reached === 0;
    const { first_seq, last_seq } = await this
      .#check(start, mayLack(start), bounds);
    if (first_seq > last_seq) return;
    const end = await endOfBatch(this.#reader, all, seen, bounds);
    // Only sequences without gaps show that messages have expired before they
    // were read.
    const pattern = actors === undefined || this.#reader.stream.mayExpire
      ? all
      : `${this.#root}.${coverPatterns(actors.patterns)}`;
    const lastMatch = pattern === all
      ? end
      : await lastSequenceOf(this.#reader, [pattern], bounds);
    const last = Math.min(end, lastMatch);
    let reached = start;
    const fetch = (count: number) =>
      this.#reader.lazyMessages(
        pattern === all ? undefined : pattern,
        reached + 1,
        count,
        this.#reader.boundsOfNext(bounds),
      );
    let left = enough;
    let fetching: Promise<Page<StoredMessage>> | undefined;
    for (let n = 0; reached < last;) {
      fetching ??= fetch(Math.min(PAGE_SIZE, left));
      const { items, lastSequence } = await fetching;
      fetching = undefined;
      if (lastSequence === 0) {
        // The replica that answered lags behind, or all of it has expired.
        const { first_seq } = await this
          .#check(reached, mayLack(reached), bounds);
        if (first_seq > last) return;
        await this.#waitForReplica(n++, bounds);
        continue;
      }
      n = 0;
      if (pattern === all) {
        await this.#checkGaps(items, reached, mayLack, bounds);
      }
      reached = lastSequence;
      left = left > items.length ? left - items.length : Infinity;
      if (reached < last && enough === Infinity) {
        fetching = ahead(fetch(PAGE_SIZE));
      }
      yield reached <= end
        ? items
        : items.filter(({ sequence }) => sequence <= end);
    }
  }

  /**
   * From the end as of now down; each page, and the messages in it, highest
   * sequence first. It reads the messages of all actors.
   */
  async *backward(
    { after, enough, seen }: StreamRange,
    bounds: PageBounds,
  ): AsyncGenerator<StoredMessage[], void> {
    const all = `${this.#root}.>`;
    let highest = after === undefined
      ? await endOfBatch(this.#reader, all, seen, bounds)
      : await this.#place(after, false, bounds);
    let size = Math.min(PAGE_SIZE, enough);
    const fetch = () => {
      const lowest = Math.max(1, highest - size + 1);
      return this.#window(lowest, highest, bounds);
    };
    let fetching: ReturnType<typeof fetch> | undefined;
    while (highest > 0) {
      fetching ??= fetch();
      const { items, isFirst } = await fetching;
      fetching = undefined;
      highest = isFirst ? 0 : items[0]!.sequence - 1;
      // Fewer than were asked for if they are large, as the next ones may be.
      size = items.length < size ? 2 * items.length : PAGE_SIZE;
      if (highest > 0 && enough === Infinity) fetching = ahead(fetch());
      if (items.length > 0) yield items.reverse();
    }
  }

  /**
   * The messages of the last of some sequences (inclusive) that fit a page.
   *
   * @returns And whether the ones before them have expired.
   */
  async #window(
    lowest: number,
    highest: number,
    bounds: PageBounds,
  ): Promise<{ items: StoredMessage[]; isFirst: boolean }> {
    let from = lowest;
    let own = this.#reader.boundsOfNext(bounds);
    for (let n = 0;;) {
      const count = highest - from + 1;
      const page: Page<StoredMessage> = await this.#reader
        .lazyMessages(undefined, from, count, own);
      if (page.lastSequence >= highest) {
        const items = page.items.filter(({ sequence }) => sequence <= highest);
        return { items, isFirst: from === 1 || items[0]?.sequence !== from };
      }
      if (page.lastSequence > 0 && page.remaining > 0) {
        from = page.lastSequence + 1; // full of bytes
        own = this.#reader.boundsOfNext(bounds);
        continue;
      }
      const { first_seq } = await this.#reader.state(this.#action, own);
      if (first_seq > highest) return { items: [], isFirst: true };
      await this.#waitForReplica(n++, own);
    }
  }

  /** The sequence to begin behind, or backward at; 0 for none. */
  async #place(
    after: Checkpoint | Date | undefined,
    isForward: boolean,
    bounds: PageBounds,
  ): Promise<number> {
    const reader = this.#reader;
    if (after instanceof Date) {
      return await lastBefore(
        reader,
        `${this.#root}.>`,
        after,
        isForward,
        bounds,
      );
    }
    const { incarnation } = reader.stream;
    const sequence = sequenceOf(after, incarnation, this.#action);
    if (isForward) return sequence;
    // What has expired before it is no loss: it comes last.
    await this.#check(sequence, true, bounds);
    return sequence - 1;
  }

  #check(
    after: number,
    mayHaveExpired: boolean,
    { signal }: PageBounds,
  ): ReturnType<typeof checkContinuation> {
    return checkContinuation(
      this.#reader,
      after,
      mayHaveExpired,
      signal,
      this.#action,
    );
  }

  /** Makes sure that a page lacks nothing: only expiry deletes messages. */
  async #checkGaps(
    items: readonly StoredMessage[],
    reached: number,
    mayLack: (reached: number) => boolean,
    bounds: PageBounds,
  ): Promise<void> {
    let last = reached;
    for (const { sequence } of items) {
      if (sequence !== last + 1 && !mayLack(last)) {
        await this.#check(last, false, bounds);
      }
      last = sequence;
    }
  }

  async #waitForReplica(n: number, bounds: ReadBounds): Promise<void> {
    const { left } = bounds.deadline;
    if (left === 0) throw new IncompletePageError(this.#reader.stream.name);
    await delay(Math.min(backoff(n), left), bounds.signal);
  }
}

/** A page that is asked for early; its failure counts only if it is used. */
function ahead<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {});
  return promise;
}
