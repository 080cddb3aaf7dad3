/**
 * Pages of one actor's history, read backward along trails.
 *
 * @module
 */

import type { AnyEvent } from "../../../event/event.ts";
import type { ReadBounds } from "../stream/read_retries.ts";
import { tryRead } from "../stream/stored_event.ts";
import { PAGE_SIZE, type StreamReader } from "../stream/stream_reader.ts";
import { farOf, INTERVAL, type Trail, type Waypoint } from "../stream/trail.ts";
import { among } from "./_forward_pages.ts";
import { type Searched, trailOf } from "./_version_search.ts";

/**
 * The most pages read before the first event of a window is known: larger
 * windows need fewer trails, and hold more events at once.
 */
const MAX_WINDOW_PAGES = 4;

/** The first event is wanted soon. */
const FIRST_WINDOW_PAGES = 2;

/** A message of the actor, and how many the actor has up to it. */
interface Mark extends Waypoint {
  readonly ordinal: number;
}

/** Where every history begins. */
const BEGINNING: Mark = { version: 0, sequence: 1, ordinal: 1 };

/**
 * Reads windows of a history, each before the one read last, from one message
 * that a trail names to another. Most trails name the next message as well, so
 * that hardly more is asked for than forward: the last 2,500 of 6,000 events
 * take 6 requests, and 25 where each page is searched for.
 */
export class BackwardWindows {
  readonly #reader: StreamReader;
  readonly #actorId: string;
  readonly #subject: string;
  /** The message that the next window ends before. */
  #end: Mark;
  /** The latest trail that was read, and the ordinal of its message. */
  #trail: Trail | undefined;
  #maxPages = FIRST_WINDOW_PAGES;

  /** @param searched The tail that the first window ends before. */
  constructor(
    reader: StreamReader,
    { actorId, subject, tail }: Searched,
  ) {
    this.#reader = reader;
    this.#actorId = actorId;
    this.#subject = subject;
    this.#end = { ...tail, ordinal: tail.trail?.ordinal ?? 0 };
    this.#trail = tail.trail;
  }

  /**
   * The events of the next window up to a version (inclusive), lowest first,
   * and the version that all before it lie below.
   *
   * @param count How many events are wanted.
   * @returns Undefined if trails do not lead on, or were wrong, or if malformed
   * messages lie in the window.
   */
  async next(
    highest: number,
    count: number,
    bounds: ReadBounds,
  ): Promise<{ events: AnyEvent[]; below: number } | undefined> {
    let begin: Mark | undefined;
    while ((begin = this.#chooseBegin(highest, count)) === undefined) {
      if (this.#end.ordinal <= 1) return undefined;
      if (!await this.#readTrail(this.#end, bounds)) return undefined;
    }
    const end = this.#end;
    this.#end = begin;
    this.#maxPages = MAX_WINDOW_PAGES;
    const rest = count - (end.ordinal - begin.ordinal);
    const leadsOn = rest <= 0 || begin === BEGINNING ||
      this.#chooseBegin(begin.version - 1, rest);
    const [items] = await Promise.all([
      this.#readWindow(begin, end, bounds),
      leadsOn || this.#readTrail(begin, bounds),
    ]);
    if (items === undefined) return undefined;
    if (begin !== BEGINNING && items[0]?.version !== begin.version) {
      return undefined;
    }
    const { events, isClean } = among(items, begin.version - 1, 0, highest);
    return isClean ? { events, below: begin.version } : undefined;
  }

  /**
   * The nearest mark that leaves room for so many events, else the farthest;
   * none that leaves room for more than twice as many. The window ends where
   * the trail names a message right above the highest version.
   */
  #chooseBegin(highest: number, count: number): Mark | undefined {
    if (this.#trail === undefined || this.#trail.ordinal === 0) {
      return undefined;
    }
    const marks = [...marksOf(this.#trail), BEGINNING]
      .filter(({ ordinal }) => ordinal < this.#end.ordinal);
    const above = marks.findLast(({ version }) => version > highest);
    if (above !== undefined) this.#end = above;
    const distanceTo = ({ ordinal }: Mark) => this.#end.ordinal - ordinal;
    const most = Math.min(
      this.#maxPages * PAGE_SIZE - 1,
      2 * count + INTERVAL,
    );
    const within = marks.filter((mark) =>
      distanceTo(mark) > 0 && distanceTo(mark) <= most
    );
    return within.find((mark) => distanceTo(mark) >= count) ?? within.at(-1);
  }

  async #readTrail(mark: Mark, bounds: ReadBounds): Promise<boolean> {
    if (this.#trail?.ordinal === mark.ordinal) return false; // it was read
    const message = await this.#reader.atSequence(mark.sequence, bounds);
    const isOwn = message?.subject === this.#subject;
    const trail = isOwn ? trailOf(message) : undefined;
    if (trail?.ordinal !== mark.ordinal) return false;
    this.#trail = trail;
    return true;
  }

  /**
   * All messages from one mark to another (exclusive), as events where they are
   * some; undefined if the other does not come where it is said to.
   */
  async #readWindow(
    begin: Mark,
    end: Mark,
    bounds: ReadBounds,
  ): Promise<(AnyEvent | undefined)[] | undefined> {
    const read = (json: string | Uint8Array) => tryRead(json, this.#actorId);
    const all: (AnyEvent | undefined)[] = [];
    let from = begin.sequence;
    // The end itself comes as well, which proves that none before it is missing.
    for (let left = end.ordinal - begin.ordinal + 1; left > 0;) {
      const count = Math.min(left, PAGE_SIZE);
      const { items, lastSequence } = await this.#reader
        .payloads(this.#subject, from, count, read, bounds);
      for (const item of items) all.push(item);
      left -= items.length;
      from = lastSequence + 1;
      if (items.length === 0 || lastSequence > end.sequence) return undefined;
    }
    if (from !== end.sequence + 1) return undefined;
    all.pop();
    return all;
  }
}

/** The far predecessors a trail names, the nearest first. */
function marksOf(trail: Trail): Mark[] {
  return farOf(trail).flatMap((waypoint, i) => {
    const interval = INTERVAL * 2 ** i;
    const ordinal = Math.floor((trail.ordinal - 1) / interval) * interval;
    return ordinal > 0 ? [{ ...waypoint, ordinal }] : [];
  });
}
