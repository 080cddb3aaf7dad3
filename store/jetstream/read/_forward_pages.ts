/**
 * Pages of one actor's history, read forward.
 *
 * @module
 */

import type { AnyEvent } from "../../../event/event.ts";
import type { Consistency, ReplayErrorHandler } from "../../event_store.ts";
import type { Page } from "../stream/page_request.ts";
import type { ReadBounds } from "../stream/read_retries.ts";
import { tryRead } from "../stream/stored_event.ts";
import { PAGE_SIZE } from "../stream/stream_reader.ts";
import { reportMalformed } from "./_malformed_messages.ts";
import type { ActorTails } from "./actor_tails.ts";
import {
  BEGINNING,
  findProvenStart,
  findStart,
  type Start,
} from "./_version_search.ts";

/** Messages that a page is asked for beyond those that versions tell of. */
export const EXTRA_MESSAGES = 16;

/** The bounds of a forward read. Versions are inclusive. */
export interface ForwardRange {
  readonly fromVersion: number;
  readonly toVersion: number;
  readonly consistency: Consistency;
  /** How many events are wanted at most. @default {Infinity} */
  readonly limit?: number;
  /** Events in the first page at most, where the first is wanted soon. */
  readonly firstPage?: number;
  /** Hears of malformed messages among the events, before these are given. */
  readonly onReplayError?: ReplayErrorHandler | undefined;
}

/** The first page of a read, and where it begins. */
export interface FirstPage<T> {
  readonly start: Start;
  readonly page: Page<T>;
}

/** Reads forward pages of actors. */
export class ForwardPages {
  readonly #tails: ActorTails;

  constructor(tails: ActorTails) {
    this.#tails = tails;
  }

  /**
   * The events of a range in pages, lowest version first. Each page is asked
   * for while the one before is used, which makes long reads a tenth faster,
   * and has the whole time to come.
   */
  async *read(
    actorId: string,
    range: ForwardRange,
    bounds: ReadBounds,
  ): AsyncGenerator<AnyEvent[], void> {
    const { fromVersion, toVersion, consistency, onReplayError } = range;
    const { reader, cache } = this.#tails;
    const subject = this.#tails.subjectOf(actorId);
    const floor = this.#tails.floorOf(actorId, consistency);
    const leader = this.#tails.needsCheck(floor)
      ? inAdvance(this.#tails.lastMessage(actorId, floor, bounds))
      : undefined;
    const read = (json: string | Uint8Array) => tryRead(json, actorId);
    let left = range.limit ?? Infinity;
    let own = bounds;
    const ask = (from: number, version: number, most: number) => {
      // Those to be skipped and those wanted, as far as versions tell.
      const skipped = Math.max(0, fromVersion - version);
      const inRange = toVersion - version + 2 * EXTRA_MESSAGES;
      const count = Math.min(PAGE_SIZE, most + skipped, inRange);
      return reader.payloads(subject, from, count, read, own);
    };
    // With the event before, since messages behind that one are reported.
    const begin = onReplayError === undefined
      ? fromVersion
      : await this.#versionBefore(actorId, fromVersion, bounds);
    const first = await this.first(
      actorId,
      begin,
      ({ sequence, versionBefore, unproven }) =>
        ask(
          sequence,
          unproven ? begin - 2 : versionBefore,
          Math.min(left, range.firstPage ?? left),
        ),
      (event) => event,
      bounds,
    );
    let { page } = first;
    let { sequence: next, versionBefore: version } = first.start;
    let required = Math.max(
      cache.get(actorId)?.sequence ?? 0,
      floor.known.sequence,
    );
    for (let waits = 0;;) {
      const { items, lastSequence, remaining } = page;
      const from = next;
      if (lastSequence > 0) {
        next = lastSequence + 1;
        own = reader.boundsOfNext(bounds);
      }
      const { events, last, isClean } = among(
        items,
        version,
        fromVersion,
        toVersion,
      );
      if (!isClean && onReplayError !== undefined) {
        const passed = {
          from,
          to: lastSequence,
          above: version,
          fromVersion,
          toVersion,
          limit: left,
        };
        await reportMalformed(this.#tails, actorId, passed, onReplayError, own);
      }
      version = last?.version ?? version;
      left -= events.length;
      const isOver = version >= toVersion || left <= 0;
      const following = remaining > 0 && !isOver
        ? inAdvance(ask(next, version, left + EXTRA_MESSAGES))
        : undefined;
      if (remaining === 0 && last !== undefined && version <= toVersion) {
        const eventId = last.id;
        const tail = { version, sequence: lastSequence, eventId };
        cache.advance(actorId, { ...tail, trail: undefined });
      }
      if (events.length > 0) {
        cache.noteSeen(actorId, lastSequence);
        yield events;
        own = reader.boundsOfNext(bounds);
      }
      if (isOver) return;
      if (following !== undefined) {
        page = await following;
        // Another replica may be asked next: it must not know less.
        required = Math.max(required, next);
        continue;
      }
      required = Math.max(required, (await leader)?.sequence ?? 0);
      if (next > required) return;
      if (
        await this.#tails.expiredElseWait(actorId, required, waits++, own)
      ) return;
      page = await ask(next, version, left + EXTRA_MESSAGES);
    }
  }

  /**
   * The first page of a read from a version on. A start that only a trail
   * names is proven by the page's first event, which must lie below.
   *
   * @param ask Asks for the page.
   * @param eventOf The event of an item, if it is one.
   */
  async first<T>(
    actorId: string,
    version: number,
    ask: (start: Start) => Promise<Page<T>>,
    eventOf: (item: T) => AnyEvent | undefined,
    bounds: ReadBounds,
  ): Promise<FirstPage<T>> {
    let start = await this.startOf(actorId, version, findStart, bounds);
    const page = await ask(start);
    if (!start.unproven) return { start, page };
    const [item] = page.items;
    const lead = item && eventOf(item);
    if (lead && lead.version < version) return { start, page };
    start = await this.startOf(actorId, version, findProvenStart, bounds);
    return { start, page: await ask(start) };
  }

  /** The highest version below another, unless it lies above the actor's. */
  async #versionBefore(
    actorId: string,
    version: number,
    bounds: ReadBounds,
  ): Promise<number> {
    if (version <= 1) return version;
    const { version: latest } = this.#tails.cache.get(actorId) ??
      await this.#tails.of(actorId, "eventual", bounds);
    return Math.min(version - 1, latest);
  }

  /** Where to begin so that no event from a version on is missed. */
  async startOf(
    actorId: string,
    version: number,
    find: typeof findStart,
    bounds: ReadBounds,
  ): Promise<Start> {
    const known = this.#tails.cache.get(actorId);
    if (version <= 1 || (known === undefined && version <= EXTRA_MESSAGES)) {
      return BEGINNING;
    }
    const tail = known ?? await this.#tails.of(actorId, "eventual", bounds);
    if (version > tail.version) {
      const { sequence, version: versionBefore } = tail;
      return { sequence: sequence + 1, versionBefore, unproven: false };
    }
    const subject = this.#tails.subjectOf(actorId);
    const searched = { actorId, subject, tail };
    return await find(this.#tails.reader, searched, version, bounds);
  }
}

/** A request whose failure counts only if its answer is used. */
function inAdvance<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {});
  return promise;
}

/**
 * The events of a page whose versions rise from one on (exclusive) and lie in a
 * range (inclusive), and the last one that was looked at: above the range if
 * there is one. A page is clean if nothing else lies before that.
 */
export function among(
  items: readonly (AnyEvent | undefined)[],
  above: number,
  fromVersion: number,
  toVersion: number,
): { events: AnyEvent[]; last: AnyEvent | undefined; isClean: boolean } {
  const events: AnyEvent[] = [];
  let last: AnyEvent | undefined;
  let version = above;
  let isClean = true;
  for (let i = 0; i < items.length; i++) {
    const event = items[i];
    if (event === undefined || event.version <= version) {
      isClean = false;
      continue;
    }
    last = event;
    version = event.version;
    if (version > toVersion) break;
    if (version >= fromVersion) events.push(event);
  }
  return { events, last, isClean };
}
