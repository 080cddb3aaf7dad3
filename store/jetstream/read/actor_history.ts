/**
 * Reads of one actor's history from a JetStream stream.
 *
 * @module
 */

import type { ActorTails } from "./actor_tails.ts";
import { DISTANCE, Landmarks } from "./_landmarks.ts";
import { PagePipeline } from "./_read_ahead.ts";
import type { ReadBounds } from "../stream/read_retries.ts";
import { SingleReads } from "./_reads_by_sequence.ts";
import {
  type LocatedEvent,
  provenance,
  tryRead,
} from "../stream/stored_event.ts";
import { PAGE_SIZE, type StreamReader } from "../stream/stream_reader.ts";
import type { Tail } from "./tail_cache.ts";
import {
  findProvenStart,
  findStart,
  type Searched,
  type Start,
} from "./_version_search.ts";
import type { AnyEvent } from "../../../event/event.ts";
import type { Consistency } from "../../event_store.ts";

/** Messages that a page is asked for beyond those that versions tell of. */
const SLACK = 16;

/** Messages beyond which a history is long enough to be read ahead. */
const LONG = 3 * DISTANCE;

/** The bounds of a forward read. Versions are inclusive. */
export interface ForwardRange {
  readonly fromVersion: number;
  readonly toVersion: number;
  readonly consistency: Consistency;
  /** How many events are wanted at most. @default {Infinity} */
  readonly limit?: number;
  /** Events in the first page at most, where the first is wanted soon. */
  readonly firstPage?: number;
}

/** Reads actors' histories. */
export class ActorHistory {
  readonly #reader: StreamReader;
  readonly #tails: ActorTails;
  readonly #singly: SingleReads;
  readonly #landmarks: Landmarks;

  constructor(tails: ActorTails) {
    this.#reader = tails.reader;
    this.#tails = tails;
    this.#singly = new SingleReads(tails);
    this.#landmarks = new Landmarks(tails.reader);
  }

  /** The actor's events in pages, lowest version first. */
  async *forward(
    actorId: string,
    range: ForwardRange,
    bounds: ReadBounds,
  ): AsyncGenerator<AnyEvent[], void> {
    const { toVersion, consistency, limit = Infinity } = range;
    const lowest = Math.max(1, range.fromVersion);
    if (toVersion < lowest) return;
    // Without gaps between versions; with them more is read.
    const highest = Math.min(toVersion, lowest + limit - 1);
    const wanted = { actorId, lowest, highest, consistency };
    const events = await this.#singly.read(wanted, bounds);
    if (events !== undefined) {
      if (events.length > 0) yield events;
      return;
    }
    const given = bounds.signal;
    if (given === undefined) return yield* this.#pages(actorId, range, bounds);
    // What was asked ahead lets go of the signal when the reader goes.
    const gone = new AbortController();
    const signal = AbortSignal.any([given, gone.signal]);
    try {
      yield* this.#pages(actorId, range, { ...bounds, signal });
    } finally {
      gone.abort();
    }
  }

  async *#pages(
    actorId: string,
    range: ForwardRange,
    bounds: ReadBounds,
  ): AsyncGenerator<AnyEvent[], void> {
    const { fromVersion, toVersion, consistency, limit = Infinity } = range;
    const subject = this.#tails.subjectOf(actorId);
    const floor = this.#tails.floorOf(actorId, consistency);
    // Each page has the whole time, however long the one before was used.
    let own = bounds;
    const renew = () => {
      own = this.#reader.boundsOfNext(bounds);
    };
    const leader = this.#tails.needsCheck(floor)
      ? ahead(this.#tails.lastMessage(actorId, floor, bounds))
      : undefined;
    let { sequence: next, versionBefore: version, unproven } = await this
      .#startOf(actorId, fromVersion, bounds);
    const tail = this.#tails.cache.get(actorId);
    let required = Math.max(tail?.sequence ?? 0, floor.known.sequence);
    let reached = next - 1;
    const read = (json: string | Uint8Array) => tryRead(json, actorId);
    const isLong = tail?.trail !== undefined && next === 1 &&
      tail.trail.ordinal > LONG && Math.min(limit, toVersion) >= tail.version;
    const landmarks = isLong
      ? this.#landmarks.of({ actorId, subject, tail }, bounds)
      : Promise.resolve([]);
    const pipeline = new PagePipeline(
      (from, count) => this.#reader.payloads(subject, from, count, read, own),
      landmarks,
    );
    // Behind a page they would come late, so that one is asked for first only
    // where its events are wanted soon.
    if (range.firstPage === undefined) await landmarks.catch(() => {});
    const fetch = (most: number, behind: AnyEvent | undefined = undefined) => {
      // Those to be skipped and those wanted, as far as versions tell.
      const wanted = toVersion - (behind?.version ?? version) + 2 * SLACK;
      return pipeline.page(next, Math.min(PAGE_SIZE, most, wanted));
    };
    const skipped = Math.max(0, fromVersion - version);
    const first = Math.min(limit, range.firstPage ?? PAGE_SIZE);
    let fetching = fetch(first + skipped);
    let given = 0;
    for (let n = 0;;) {
      const { items, lastSequence, remaining } = await fetching;
      const [lead] = items;
      if (unproven && !(lead && lead.version < fromVersion)) {
        // The hint was wrong: begin where it was read to be right.
        const start = await this.#provenStartOf(actorId, fromVersion, bounds);
        ({ sequence: next, versionBefore: version, unproven } = start);
        reached = next - 1;
        fetching = fetch(PAGE_SIZE);
        continue;
      }
      unproven = false;
      if (lastSequence > 0) {
        reached = lastSequence;
        renew();
      }
      next = reached + 1;
      const isWhole = items.length > 0 && remaining === 0;
      const goesOn = remaining > 0 &&
        given + items.length - skipped < limit &&
        (items.at(-1)?.version ?? 0) < toVersion;
      if (goesOn) fetching = ahead(fetch(PAGE_SIZE, items.at(-1)));
      const { events, last } = among(items, version, fromVersion, toVersion);
      version = last?.version ?? version;
      if (isWhole && last !== undefined && version <= toVersion) {
        this.#tails.cache.advance(actorId, {
          version,
          sequence: lastSequence,
          eventId: last.id,
          trail: undefined,
        });
      }
      if (events.length > 0) {
        this.#tails.cache.noteSeen(actorId, lastSequence);
        yield events;
        renew();
      }
      given += events.length;
      if (version >= toVersion || given >= limit) return;
      if (remaining > 0) {
        if (!goesOn) fetching = fetch(PAGE_SIZE);
        // Another replica may be asked next: it must not know less.
        required = Math.max(required, next);
        continue;
      }
      if (leader) {
        required = Math.max(required, (await leader)?.sequence ?? 0);
      }
      if (reached >= required) return;
      if (await this.#tails.expiredElseWait(actorId, required, n++, own)) {
        return;
      }
      fetching = fetch(PAGE_SIZE);
    }
  }

  /**
   * The actor's events in pages, each page and the events in it highest
   * version first.
   */
  async *backward(
    actorId: string,
    { fromVersion, toVersion, consistency }: ForwardRange,
    limit: number,
    bounds: ReadBounds,
  ): AsyncGenerator<AnyEvent[], void> {
    const tail = await this.#tails.of(actorId, consistency, bounds);
    let highest = Math.min(toVersion, tail.version);
    let wanted = limit;
    let own = bounds;
    // Versions may have gaps: how far apart the last ones that were found lie.
    let spread = 1;
    let lowest = highest - Math.min(wanted, PAGE_SIZE) + 1;
    while (highest >= Math.max(1, fromVersion) && wanted > 0) {
      lowest = Math.max(lowest, fromVersion, 1);
      const most = Math.min(wanted, PAGE_SIZE);
      const range = { fromVersion: lowest, toVersion: highest, consistency };
      let events: AnyEvent[] = [];
      let isWhole = true;
      for await (const page of this.forward(actorId, range, own)) {
        events.push(...page);
        if (events.length <= most) continue;
        events = events.slice(-most);
        isWhole = false;
      }
      own = this.#reader.boundsOfNext(bounds);
      const [first] = events;
      if (first === undefined) {
        // A gap: on with what lies before it, or with all if that is unknown.
        const { versionBefore } = await this
          .#provenStartOf(actorId, lowest, own);
        highest = lowest - 1;
        lowest = versionBefore;
        continue;
      }
      wanted -= events.length;
      highest = isWhole ? lowest - 1 : first.version - 1;
      const gaps = events.length - 1;
      spread = gaps > 0
        ? (events[gaps]!.version - first.version) / gaps
        : 4 * spread;
      lowest = highest - Math.ceil(spread * Math.min(wanted, PAGE_SIZE)) + 1;
      yield events.reverse();
      own = this.#reader.boundsOfNext(bounds);
    }
  }

  /** Whether the server has nothing at a sequence any more. */
  async isGone(sequence: number, bounds: ReadBounds): Promise<boolean> {
    const message = await this.#reader.fromLeader({ seq: sequence }, bounds);
    return message === undefined;
  }

  /**
   * The stored events of these versions, both inclusive.
   *
   * @param tail The end of the actor's history, which is not below them.
   */
  async between(
    actorId: string,
    tail: Tail,
    fromVersion: number,
    toVersion: number,
    bounds: ReadBounds,
  ): Promise<LocatedEvent[]> {
    const singly = await this.#singly
      .stored(actorId, tail, fromVersion, toVersion, bounds);
    if (singly !== undefined) return singly;
    const subject = this.#tails.subjectOf(actorId);
    const found: LocatedEvent[] = [];
    let { sequence: next, versionBefore: version, unproven } = await this
      .#startOf(actorId, fromVersion, bounds);
    const required = tail.sequence;
    let reached = next - 1;
    for (let n = 0;;) {
      const wanted = toVersion - version + 2 * SLACK;
      // A hint begins near `fromVersion`, and tells of no version before it.
      const count = Math.min(
        PAGE_SIZE,
        unproven ? wanted - fromVersion : wanted,
      );
      const page = await this.#reader.messages(subject, next, count, bounds);
      const first = page.items[0] && tryRead(page.items[0].data, actorId);
      if (unproven && !(first && first.version < fromVersion)) {
        const start = await this.#provenStartOf(actorId, fromVersion, bounds);
        ({ sequence: next, versionBefore: version, unproven } = start);
        reached = next - 1;
        continue;
      }
      unproven = false;
      for (const { data, sequence, header } of page.items) {
        const event = tryRead(data, actorId);
        if (event === undefined || event.version <= version) continue;
        version = event.version;
        if (version > toVersion) return found;
        if (version < fromVersion) continue;
        found.push({ event, sequence, ...provenance(header) });
      }
      if (page.lastSequence > 0) {
        reached = page.lastSequence;
        next = reached + 1;
      }
      if (page.remaining > 0) continue;
      if (reached >= required || version >= toVersion) return found;
      if (await this.#tails.expiredElseWait(actorId, required, n++, bounds)) {
        return found;
      }
    }
  }

  /** Where to begin so that no event from a version on is missed. */
  async #startOf(
    actorId: string,
    version: number,
    bounds: ReadBounds,
    find: typeof findStart = findStart,
  ): Promise<Start> {
    const searched = await this.#searched(actorId, version, bounds);
    return "sequence" in searched
      ? searched
      : await find(this.#reader, searched, version, bounds);
  }

  #provenStartOf(
    actorId: string,
    version: number,
    bounds: ReadBounds,
  ): Promise<Start> {
    return this.#startOf(actorId, version, bounds, findProvenStart);
  }

  async #searched(
    actorId: string,
    version: number,
    bounds: ReadBounds,
  ): Promise<Searched | Start> {
    const known = this.#tails.cache.get(actorId);
    if (version <= 1 || (known === undefined && version <= SLACK)) {
      return { sequence: 1, versionBefore: 0, unproven: false };
    }
    const tail = known ?? await this.#tails.of(actorId, "eventual", bounds);
    if (version > tail.version) {
      const { sequence, version: versionBefore } = tail;
      return { sequence: sequence + 1, versionBefore, unproven: false };
    }
    return { actorId, subject: this.#tails.subjectOf(actorId), tail };
  }
}

/** What is asked for now, and whose failure counts only if it is used. */
function ahead<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {});
  return promise;
}

/**
 * The events of a page whose versions rise from one on (exclusive) and lie in a
 * range (inclusive), and the last one that was looked at: above the range if
 * there is one.
 */
function among(
  items: readonly (AnyEvent | undefined)[],
  above: number,
  fromVersion: number,
  toVersion: number,
): { events: AnyEvent[]; last: AnyEvent | undefined } {
  const events: AnyEvent[] = [];
  let last: AnyEvent | undefined;
  let version = above;
  for (let i = 0; i < items.length; i++) {
    const event = items[i];
    if (event === undefined || event.version <= version) continue;
    last = event;
    version = event.version;
    if (version > toVersion) break;
    if (version >= fromVersion) events.push(event);
  }
  return { events, last };
}
