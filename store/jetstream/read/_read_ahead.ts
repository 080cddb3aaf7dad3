/**
 * Pages of a history, the next ones asked for before the first has come.
 *
 * @module
 */

import type { Landmark } from "./_landmarks.ts";
import type { Page } from "../stream/page_request.ts";
import { PAGE_SIZE } from "../stream/stream_reader.ts";

/** Pages under way at most. */
const DEPTH = 3;

/** Asks for at most so many messages from a sequence on, inclusive. */
export type Fetch<T> = (from: number, count: number) => Promise<Page<T>>;

/** A page under way. */
interface Coming<T> {
  readonly from: number;
  /** How many messages lie before it, if that is known. */
  readonly before: number | undefined;
  /** Where it ends, if the hint is right. */
  readonly end: Landmark | undefined;
  readonly page: Promise<Page<T>>;
}

/**
 * Where a page ends is known only when it has come, unless it is asked for up
 * to a landmark: then the one behind it is asked for at once, and used if that
 * was right.
 */
export class PagePipeline<T> {
  readonly #fetch: Fetch<T>;
  #landmarks: readonly Landmark[] = [];
  /** Those ahead, each behind the one before. */
  #ahead: Coming<T>[] = [];
  /** Where what was read ended, and how many messages that were. */
  #reached: Landmark = { sequence: 0, ordinal: 0 };

  /** @param landmarks Those of the history, when they are found. */
  constructor(
    fetch: Fetch<T>,
    landmarks: Promise<readonly Landmark[]>,
  ) {
    this.#fetch = fetch;
    landmarks.then((found) => this.#landmarks = found, () => {
      // Without hints it goes on one page after the other.
    });
  }

  /** The page from a sequence on, inclusive, of at most so many messages. */
  async page(from: number, most: number): Promise<Page<T>> {
    let current = this.#ahead.shift();
    if (current?.from !== from) {
      this.#ahead = []; // asked for by a hint that was wrong
      current = this.#ask(from, most);
    }
    this.#askAhead(current);
    const page = await current.page;
    const { before, end } = current;
    const { items, lastSequence: sequence } = page;
    if (before !== undefined && sequence > 0) {
      const ordinal = before + items.length;
      this.#reached = { sequence, ordinal };
      // Where the first messages have expired, no landmark is right.
      const isWrong = ordinal === end?.ordinal && sequence !== end.sequence;
      if (isWrong) this.#landmarks = [];
    }
    return page;
  }

  #ask(from: number, most: number): Coming<T> {
    const last = [this.#reached, ...this.#landmarks].find(({ sequence }) =>
      sequence === from - 1
    );
    const end = last &&
      this.#landmarks.find(({ ordinal }) =>
        ordinal > last.ordinal && ordinal <= last.ordinal + most
      );
    const count = end === undefined ? most : end.ordinal - last!.ordinal;
    const page = this.#fetch(from, count);
    return { from, before: last?.ordinal, end, page };
  }

  #askAhead(current: Coming<T>): void {
    let { end } = this.#ahead.at(-1) ?? current;
    while (end !== undefined && this.#ahead.length < DEPTH - 1) {
      const next = this.#ask(end.sequence + 1, PAGE_SIZE);
      next.page.catch(() => {}); // told by whoever takes it
      this.#ahead.push(next);
      end = next.end;
    }
  }
}
