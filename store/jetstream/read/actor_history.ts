/**
 * Reads of one actor's history from a JetStream stream.
 *
 * @module
 */

import type { AnyEvent } from "../../../event/event.ts";
import type { ReadBounds } from "../stream/read_retries.ts";
import {
  type LocatedEvent,
  provenance,
  tryRead,
} from "../stream/stored_event.ts";
import type { ReplayErrorHandler } from "../../event_store.ts";
import { PAGE_SIZE } from "../stream/stream_reader.ts";
import { BackwardWindows } from "./_backward_windows.ts";
import {
  EXTRA_MESSAGES,
  ForwardPages,
  type ForwardRange,
} from "./_forward_pages.ts";
import { SequenceReads } from "./_sequence_reads.ts";
import { findProvenStart } from "./_version_search.ts";
import type { ActorTails, MovedTail } from "./actor_tails.ts";
import type { Tail } from "./tail_cache.ts";

export type { ForwardRange } from "./_forward_pages.ts";

/** Reads actors' histories. */
export class ActorHistory {
  readonly #tails: ActorTails;
  readonly #sequences: SequenceReads;
  readonly #pages: ForwardPages;

  constructor(tails: ActorTails) {
    this.#tails = tails;
    this.#sequences = new SequenceReads(tails);
    this.#pages = new ForwardPages(tails);
  }

  /** The actor's events in pages, lowest version first. */
  async *forward(
    actorId: string,
    range: ForwardRange,
    bounds: ReadBounds,
  ): AsyncGenerator<AnyEvent[], void> {
    const { consistency, limit = Infinity, firstPage = PAGE_SIZE } = range;
    let lowest = Math.max(1, range.fromVersion);
    if (range.toVersion < lowest) return;
    let gone: AbortController | undefined;
    const pagesOf = (range: ForwardRange) => {
      const { signal } = bounds;
      if (signal === undefined) return this.#pages.read(actorId, range, bounds);
      // A page asked for in advance lets go of the signal with the reader.
      gone = new AbortController();
      const either = AbortSignal.any([signal, gone.signal]);
      return this.#pages.read(actorId, range, { ...bounds, signal: either });
    };
    // Without gaps between versions; with them more is read.
    const highest = Math.min(range.toVersion, lowest + limit - 1);
    const early = lowest === 1 && this.#sequences.expectsPage(actorId)
      ? pagesOf(range)
      : undefined;
    const earlyPage = early?.next();
    earlyPage?.catch(() => {}); // it may not be used
    try {
      for (let most = firstPage;; most = PAGE_SIZE) {
        const top = Math.min(highest, lowest + most - 1);
        const wanted = { actorId, lowest, highest: top, consistency };
        const events = await this.#sequences.read(wanted, bounds);
        if (events === undefined) break;
        if (events.length > 0) yield events;
        if (top === highest || events.length < top - lowest + 1) return;
        lowest = top + 1;
        bounds = this.#tails.reader.boundsOfNext(bounds);
      }
      if (earlyPage !== undefined && lowest === 1) {
        const { done, value } = await earlyPage;
        if (done) return;
        yield value;
        return yield* early!;
      }
      const read = lowest - Math.max(1, range.fromVersion);
      yield* pagesOf({ ...range, fromVersion: lowest, limit: limit - read });
    } finally {
      gone?.abort();
    }
  }

  /**
   * The actor's events in pages, each page and the events in it highest
   * version first.
   */
  async *backward(
    actorId: string,
    range: ForwardRange,
    limit: number,
    bounds: ReadBounds,
  ): AsyncGenerator<AnyEvent[], void> {
    const lowest = Math.max(1, range.fromVersion);
    const { tail, event } = await this.#tails
      .last(actorId, range.consistency, bounds);
    let highest = Math.min(range.toVersion, tail.version);
    let left = limit;
    if (event?.version === highest && highest >= lowest) {
      yield [event];
      [highest, left] = [highest - 1, left - 1];
    }
    const { reader } = this.#tails;
    const subject = this.#tails.subjectOf(actorId);
    const searched = { actorId, subject, tail };
    const windows = new BackwardWindows(reader, searched);
    while (highest >= lowest && left > 0) {
      const own = reader.boundsOfNext(bounds);
      const count = Math.min(left, highest - lowest + 1);
      const from = highest - Math.min(count, PAGE_SIZE) + 1;
      const few = { lowest: from, highest };
      let events = await this.#sequences.below(searched, few, own);
      if (events !== undefined) highest = from - 1;
      else {
        // Windows end before the tail, whose own event must not be missed.
        const window = highest < tail.version
          ? await windows.next(highest, count, own)
          : undefined;
        if (window === undefined) break;
        events = window.events.filter(({ version }) => version >= lowest)
          .slice(-left);
        highest = Math.min(highest, window.below - 1);
      }
      left -= events.length;
      if (events.length > 0) yield events.reverse();
    }
    const { onReplayError } = range;
    // Messages behind the last event are reported as well.
    const fromEnd = onReplayError !== undefined && event === undefined &&
      left === limit;
    if ((highest < lowest && !fromEnd) || left <= 0) return;
    yield* this.#searchBackward(
      actorId,
      {
        ...range,
        fromVersion: lowest,
        toVersion: fromEnd ? range.toVersion : highest,
        onReplayError: onReplayError && onceEach(onReplayError),
      },
      left,
      bounds,
    );
  }

  /** As {@linkcode backward}, where no trails lead: each page is searched for. */
  async *#searchBackward(
    actorId: string,
    { fromVersion, toVersion, consistency, onReplayError }: ForwardRange,
    limit: number,
    bounds: ReadBounds,
  ): AsyncGenerator<AnyEvent[], void> {
    let highest = toVersion;
    let left = limit;
    let own = this.#tails.reader.boundsOfNext(bounds);
    // Versions may have gaps: how far apart the last ones that were found lie.
    let spread = 1;
    let lowest = highest - Math.min(left, PAGE_SIZE) + 1;
    while (highest >= fromVersion && left > 0) {
      lowest = Math.max(lowest, fromVersion);
      const most = Math.min(left, PAGE_SIZE);
      const range = {
        fromVersion: lowest,
        toVersion: highest,
        consistency,
        onReplayError,
      };
      let events: AnyEvent[] = [];
      let isWhole = true;
      for await (const page of this.forward(actorId, range, own)) {
        events.push(...page);
        if (events.length <= most) continue;
        events = events.slice(-most);
        isWhole = false;
      }
      own = this.#tails.reader.boundsOfNext(bounds);
      const [first] = events;
      if (first === undefined) {
        // A gap: go on before it, or with all if its beginning is unknown.
        const { versionBefore } = await this.#pages
          .startOf(actorId, lowest, findProvenStart, own);
        highest = lowest - 1;
        lowest = versionBefore;
        continue;
      }
      left -= events.length;
      highest = isWhole ? lowest - 1 : first.version - 1;
      const gaps = events.length - 1;
      spread = gaps > 0
        ? (events[gaps]!.version - first.version) / gaps
        : 4 * spread;
      lowest = highest - Math.ceil(spread * Math.min(left, PAGE_SIZE)) + 1;
      yield events.reverse();
      own = this.#tails.reader.boundsOfNext(bounds);
    }
  }

  /** Whether the server has no message at a sequence any more. */
  async isGone(sequence: number, bounds: ReadBounds): Promise<boolean> {
    const { reader } = this.#tails;
    return await reader.fromLeader({ seq: sequence }, bounds) === undefined;
  }

  /**
   * The sequence of the actor's last event up to a version; 0 if it has none.
   *
   * @param tail The end of the actor's history, which is not below it.
   */
  async lastUpTo(
    actorId: string,
    tail: Tail,
    version: number,
    bounds: ReadBounds,
  ): Promise<number> {
    const [exact] = await this.between(actorId, tail, version, version, bounds);
    if (exact !== undefined) return exact.sequence;
    const range = {
      fromVersion: 0,
      toVersion: version,
      consistency: "eventual",
    } as const;
    // The version lies in a gap.
    for await (const [event] of this.backward(actorId, range, 1, bounds)) {
      const last = event!.version;
      const [found] = await this.between(actorId, tail, last, last, bounds);
      return found?.sequence ?? 0;
    }
    return 0;
  }

  /**
   * The stored events of these versions, both inclusive.
   *
   * @param tail The end of the actor's history, which is not below them.
   */
  async between(
    actorId: string,
    tail: MovedTail,
    fromVersion: number,
    toVersion: number,
    bounds: ReadBounds,
  ): Promise<LocatedEvent[]> {
    const { news } = tail;
    if (news !== undefined && news.after < fromVersion) {
      return news.events.filter(({ event: { version } }) =>
        version >= fromVersion && version <= toVersion
      );
    }
    const range = { lowest: fromVersion, highest: toVersion };
    const known = await this.#sequences.stored(actorId, tail, range, bounds);
    if (known !== undefined) return known;
    const { reader } = this.#tails;
    const subject = this.#tails.subjectOf(actorId);
    const found: LocatedEvent[] = [];
    const ask = (from: number, version: number) => {
      const wanted = toVersion - version + 2 * EXTRA_MESSAGES;
      return reader.messages(
        subject,
        from,
        Math.min(PAGE_SIZE, wanted),
        bounds,
      );
    };
    const first = await this.#pages.first(
      actorId,
      fromVersion,
      ({ sequence, versionBefore, unproven }) =>
        ask(sequence, unproven ? fromVersion - 2 : versionBefore),
      ({ data }) => tryRead(data, actorId),
      bounds,
    );
    let { page } = first;
    let { sequence: next, versionBefore: version } = first.start;
    for (let waits = 0;;) {
      for (const { data, sequence, header } of page.items) {
        const event = tryRead(data, actorId);
        if (event === undefined || event.version <= version) continue;
        version = event.version;
        if (version > toVersion) return found;
        if (version < fromVersion) continue;
        found.push({ event, sequence, ...provenance(header) });
      }
      if (page.lastSequence > 0) next = page.lastSequence + 1;
      if (page.remaining === 0) {
        if (next > tail.sequence || version >= toVersion) return found;
        const isGone = await this.#tails
          .expiredElseWait(actorId, tail.sequence, waits++, bounds);
        if (isGone) return found;
      }
      page = await ask(next, version);
    }
  }
}

/** A handler that is told once of each message, however often it is passed. */
function onceEach(onReplayError: ReplayErrorHandler): ReplayErrorHandler {
  const seen = new Set<number>();
  return (error) => {
    if (seen.has(error.sequence)) return "continue";
    seen.add(error.sequence);
    return onReplayError(error);
  };
}
