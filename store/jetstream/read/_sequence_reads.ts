/**
 * Reads that fetch events by sequence where a server scan would be slower.
 *
 * @module
 */

import type { AnyEvent } from "../../../event/event.ts";
import type { Consistency } from "../../event_store.ts";
import type { ReadBounds } from "../stream/read_retries.ts";
import {
  type LocatedEvent,
  provenance,
  tryRead,
} from "../stream/stored_event.ts";
import { PAGE_SIZE } from "../stream/stream_reader.ts";
import { farOf, MAX_NEAR, nearOf, type Trail } from "../stream/trail.ts";
import type { ActorTails } from "./actor_tails.ts";
import type { Tail } from "./tail_cache.ts";
import { type VersionRange, walkTrails } from "./_trail_walk.ts";
import { type Searched, SKIPPABLE } from "./_version_search.ts";

// Costs are counted in sequences that a server scans meanwhile: measured with
// nats-server 2.15.2, some 80 ns each in warm blocks.

/** The cost of a round trip. */
const ROUND_TRIP_COST = 1_500;

/** What a message costs more by a request of its own than in a page. */
const SINGLE_COST = 100;

/**
 * The cost of a page that begins within the stream: the server counts the
 * messages left in part of a block, and may load the block for it.
 */
const COUNT_COST = 5_000;

/** A read of an actor. */
export interface SequenceRead extends VersionRange {
  readonly actorId: string;
  readonly consistency: Consistency;
}

/**
 * After so many unknown actors in a row whose events came sooner in pages, the
 * next one's page is asked for beside its tail. It saves a round trip of two, a
 * third of the time that ten events take. Where it was wrong, the server has
 * scanned for nothing, which may take it milliseconds: where histories of both
 * kinds are mixed it is hardly ever tried.
 */
const PAGES_IN_A_ROW = 8;

/** Reads by sequence, as far as trails lead. */
export class SequenceReads {
  readonly #tails: ActorTails;
  /** The latest reads of unknown actors that were for pages, in a row. */
  #forPages = 0;

  constructor(tails: ActorTails) {
    this.#tails = tails;
  }

  /** Whether an actor's first events will likely be read in a page. */
  expectsPage(actorId: string): boolean {
    return this.#forPages >= PAGES_IN_A_ROW && !this.#tails.replicated &&
      this.#tails.cache.get(actorId) === undefined;
  }

  /**
   * The events of a range, lowest version first; of its part up to the actor's
   * last event, if that lies within.
   *
   * @returns Undefined if pages come sooner, or something may be missing.
   */
  async read(
    { actorId, lowest, highest, consistency }: SequenceRead,
    bounds: ReadBounds,
  ): Promise<AnyEvent[] | undefined> {
    const { reader } = this.#tails;
    const subject = this.#tails.subjectOf(actorId);
    const walk = async (tail: Tail, lowest: number, highest: number) => {
      if (highest < lowest) return [];
      const searched = { actorId, subject, tail };
      return await walkTrails(reader, searched, { lowest, highest }, bounds);
    };
    const known = this.#tails.cache.get(actorId);
    if (known !== undefined) {
      const top = Math.min(highest, known.version);
      if (!comesSooner(known, { lowest, highest: top })) return undefined;
      if (top < known.version) return await walk(known, lowest, top);
    }
    const [{ tail, event }, before] = await Promise.all([
      this.#tails.last(actorId, consistency, bounds),
      known && walk(known, lowest, known.version - 1),
    ]);
    if (tail.version < lowest) {
      // Malformed messages may lie behind the last event: pages tell.
      return event === undefined && tail.sequence > 0 ? undefined : [];
    }
    if (known !== undefined && before === undefined) return undefined;
    const from = Math.max(lowest, known?.version ?? 0);
    const top = Math.min(highest, tail.version);
    const isNews = tail.sequence !== known?.sequence;
    if (isNews) {
      const isSooner = comesSooner(tail, { lowest: from, highest: top });
      if (known === undefined) {
        this.#forPages = isSooner ? 0 : this.#forPages + 1;
      }
      if (!isSooner) return undefined;
    }
    if (top === tail.version && event === undefined) return undefined;
    const rest = await walk(tail, from, Math.min(top, tail.version - 1));
    if (rest === undefined) return undefined;
    const events = [...before ?? [], ...rest];
    return top === tail.version ? [...events, event!] : events;
  }

  /**
   * The stored events of these versions, both inclusive, lowest first.
   *
   * @returns Undefined if the tail's own trail does not name each of them, or
   * something else lies there.
   */
  async stored(
    actorId: string,
    tail: Tail,
    { lowest, highest }: VersionRange,
    bounds: ReadBounds,
  ): Promise<LocatedEvent[] | undefined> {
    const { version, sequence, trail } = tail;
    if (highest > version || trail?.ordinal !== version) return undefined;
    if (version - lowest > trail.count) return undefined;
    const { reader } = this.#tails;
    const subject = this.#tails.subjectOf(actorId);
    // Without gaps between versions each predecessor is one version before.
    const sequences = [sequence, ...nearOf(trail)]
      .slice(version - highest, version - lowest + 1).reverse();
    const messages = await Promise.all(
      sequences.map((sequence) => reader.atSequence(sequence, bounds)),
    );
    const found: LocatedEvent[] = [];
    for (const [i, message] of messages.entries()) {
      if (message?.subject !== subject) return undefined;
      const event = tryRead(message.data, actorId);
      if (event?.version !== lowest + i) return undefined;
      const { sequence, header } = message;
      found.push({ event, sequence, ...provenance(header) });
    }
    return found;
  }

  /**
   * The events of a range below a tail, as {@linkcode read} gives them.
   *
   * @returns Undefined if pages come sooner, or something may be missing.
   */
  async below(
    searched: Searched,
    range: VersionRange,
    bounds: ReadBounds,
  ): Promise<AnyEvent[] | undefined> {
    if (range.highest < range.lowest) return [];
    if (!comesSooner(searched.tail, range)) return undefined;
    return await walkTrails(this.#tails.reader, searched, range, bounds);
  }
}

/** Whether events up to a tail come sooner by their sequences than in pages. */
function comesSooner(
  { version, sequence, trail }: Tail,
  { lowest, highest }: VersionRange,
): boolean {
  // Gaps between versions leave open whether all events were fetched.
  if (trail?.ordinal !== version) return false;
  const count = highest - lowest + 1;
  if (highest === version && count <= 1) return true; // asking for it tells
  if (trail.count === 0 || count > PAGE_SIZE) return false;
  const spacing = spacingFrom(lowest, sequence, version, trail);
  const descent = Math.log2(1 + (version - highest) / MAX_NEAR);
  const fill = Math.log2(1 + count / MAX_NEAR);
  const walk = ROUND_TRIP_COST * (descent + fill) + SINGLE_COST * count;
  const search = lowest === 1 ? 0 : ROUND_TRIP_COST * descent + COUNT_COST;
  const page = search + spacing * count;
  const fromFirst = lowest <= SKIPPABLE
    ? sequence / version * highest
    : Infinity;
  return walk < Math.min(page, fromFirst);
}

/** How far apart events lie from a version up to a tail, as its trail tells. */
function spacingFrom(
  lowest: number,
  sequence: number,
  version: number,
  trail: Trail,
): number {
  const { count } = trail;
  const near = { version: version - count, sequence: nearOf(trail).at(-1)! };
  const far = farOf(trail).findLast((point) => point.version >= lowest);
  const oldest = far && far.version < near.version ? far : near;
  return (sequence - oldest.sequence) / (version - oldest.version);
}
