/**
 * Events of one actor, fetched one by one by their sequences.
 *
 * @module
 */

import type { ActorTails } from "./actor_tails.ts";
import type { ReadBounds } from "../stream/read_retries.ts";
import {
  type LocatedEvent,
  provenance,
  tryRead,
} from "../stream/stored_event.ts";
import type { StreamReader } from "../stream/stream_reader.ts";
import type { Tail } from "./tail_cache.ts";
import { MAX_NEAR, nearOf, type Trail } from "../stream/trail.ts";
import {
  descend,
  type Searched,
  SKIPPABLE,
  trailOf,
} from "./_version_search.ts";
import type { AnyEvent } from "../../../event/event.ts";
import type { Consistency } from "../../event_store.ts";

/** How often a trail is taken up anew, at most. */
const MAX_HOPS = 8;

/**
 * Sequences a server scans in the time of one round trip: measured with
 * nats-server 2.15.2, some 80 ns each in warm blocks.
 */
const SCANNED_PER_HOP = 1_500;

/**
 * Sequences a server looks through for a page that begins within the stream,
 * to count what is left: part of a block, and the whole block may have to be
 * loaded for it, so that it takes up to 2.5 ms.
 */
const COUNTED_PER_PAGE = 5_000;

/** At most this many events are fetched one by one from a history's middle. */
const FEW = 4 * MAX_NEAR;

/** Events that are wanted. Versions are inclusive. */
export interface WantedEvents {
  readonly actorId: string;
  readonly lowest: number;
  readonly highest: number;
  readonly consistency: Consistency;
}

/**
 * Reads events one by one where they come sooner so, which is where a server
 * would take longer to find them than it takes to ask for each.
 */
export class SingleReads {
  readonly #reader: StreamReader;
  readonly #tails: ActorTails;

  constructor(tails: ActorTails) {
    this.#reader = tails.reader;
    this.#tails = tails;
  }

  /**
   * The wanted events, lowest version first.
   *
   * @returns Undefined if they do not come sooner singly, or if what was
   * fetched does not prove that none is missing.
   */
  async read(
    { actorId, lowest, highest, consistency }: WantedEvents,
    bounds: ReadBounds,
  ): Promise<AnyEvent[] | undefined> {
    const actor = { actorId, subject: this.#tails.subjectOf(actorId) };
    const middle = (tail: Tail) =>
      fetchMiddle(this.#reader, { ...actor, tail }, lowest, highest, bounds);
    const fromLowest = (tail: Tail) =>
      fetchBefore(this.#reader, actor, tail, lowest, bounds);
    const known = this.#tails.cache.get(actorId);
    if (known !== undefined) {
      if (highest < known.version) return await middle(known);
      if (!comeSoonerSingly(known, lowest)) return undefined;
    }
    const [{ tail, message }, before] = await Promise.all([
      this.#tails.last(actorId, consistency, bounds),
      known && fromLowest(known),
    ]);
    if (tail.version < lowest) return [];
    if (highest < tail.version) return await middle(tail);
    const last = message && tryRead(message.data, actorId);
    if (last?.version !== tail.version || message?.sequence !== tail.sequence) {
      return undefined;
    }
    if (known?.sequence === tail.sequence) return before && [...before, last];
    if (!comeSoonerSingly(tail, lowest)) return undefined;
    const others = await fromLowest(tail);
    return others && [...others, last];
  }

  /**
   * The stored events of these versions, both inclusive, lowest first.
   *
   * @returns Undefined if the tail does not tell where each of them is, or
   * something else is there.
   */
  async stored(
    actorId: string,
    tail: Tail,
    fromVersion: number,
    toVersion: number,
    bounds: ReadBounds,
  ): Promise<LocatedEvent[] | undefined> {
    const sequences = sequencesOf(tail, fromVersion, toVersion);
    if (sequences === undefined) return undefined;
    const subject = this.#tails.subjectOf(actorId);
    const messages = await Promise.all(
      sequences.map((sequence) => this.#reader.atSequence(sequence, bounds)),
    );
    const found: LocatedEvent[] = [];
    for (const [i, message] of messages.entries()) {
      if (message?.subject !== subject) return undefined;
      const event = tryRead(message.data, actorId);
      if (event?.version !== fromVersion + i) return undefined;
      const { sequence } = message;
      found.push({
        event,
        sequence,
        ...provenance((name) => message.header(name)),
      });
    }
    return found;
  }
}

/**
 * Where events lie that a tail tells of: it is the last one, or the nearest
 * before it. Undefined if one of them may be another.
 */
function sequencesOf(
  { version, sequence, trail }: Tail,
  fromVersion: number,
  toVersion: number,
): number[] | undefined {
  if (toVersion > version || trail?.ordinal !== version) return undefined;
  if (version - fromVersion > trail.count) return undefined;
  // Without gaps between versions each predecessor is one version before.
  const known = [sequence, ...nearOf(trail)];
  const count = toVersion - fromVersion + 1;
  return Array.from(
    { length: count },
    (_, i) => known[version - fromVersion - i]!,
  );
}

/**
 * Whether the events from a version on come sooner one by one: they are few,
 * and a server would take longer to find them than a client that knows where
 * they are takes to fetch them.
 */
function comeSoonerSingly(
  { version, sequence, trail }: Tail,
  fromVersion: number,
): boolean {
  // Gaps between versions leave open whether all events were fetched.
  if (trail?.ordinal !== version) return false;
  const before = version - fromVersion;
  if (before <= 0) return true; // asking for the last one tells
  if (trail.count === 0) return false;
  const hops = Math.ceil(before / MAX_NEAR);
  if (hops > MAX_HOPS) return false;
  const known = Math.min(before, trail.count);
  const spacing = (sequence - nearOf(trail)[known - 1]!) / known;
  const counted = fromVersion > 1 ? COUNTED_PER_PAGE : 0;
  return spacing * before + counted > SCANNED_PER_HOP * hops;
}

/**
 * Some events in the middle of a long history, both versions inclusive.
 *
 * @returns Undefined if they are many, or what was fetched does not prove
 * that none is missing.
 */
async function fetchMiddle(
  reader: StreamReader,
  searched: Searched,
  fromVersion: number,
  toVersion: number,
  bounds: ReadBounds,
): Promise<AnyEvent[] | undefined> {
  const { tail } = searched;
  if (toVersion - fromVersion >= FEW || toVersion >= tail.version) {
    return undefined;
  }
  if (tail.trail === undefined || tail.trail.ordinal !== tail.version) {
    return undefined;
  }
  if (isNearFirst(tail, fromVersion, toVersion)) return undefined;
  const { high, trail, event } = await descend(
    reader,
    searched,
    toVersion,
    bounds,
  );
  const distance = high.version - toVersion;
  if (distance > FEW) return undefined;
  const events = await fetchBefore(
    reader,
    searched,
    { version: high.version, trail },
    fromVersion,
    bounds,
    toVersion,
  );
  if (distance === 0 && event !== undefined) events?.push(event);
  const wanted = toVersion - fromVersion + 1;
  return events?.length === wanted ? events : undefined;
}

/**
 * Whether a server finds events sooner from the actor's first one on than
 * trails lead to them.
 */
function isNearFirst(
  { version, sequence }: Tail,
  fromVersion: number,
  toVersion: number,
): boolean {
  const scanned = sequence / version * toVersion;
  const hops = Math.log2(version - toVersion);
  return fromVersion <= SKIPPABLE && scanned <= SCANNED_PER_HOP * hops;
}

/**
 * The events before an actor's last one, from a version on, lowest first.
 *
 * @param toVersion The last version that is wanted, inclusive. @default {that
 * before the last one}
 * @returns Undefined if what was fetched does not prove that none is missing:
 * only versions without gaps do.
 */
async function fetchBefore(
  reader: StreamReader,
  { actorId, subject }: Pick<Searched, "actorId" | "subject">,
  { version, trail }: { version: number; trail: Trail | undefined },
  fromVersion: number,
  bounds: ReadBounds,
  toVersion: number = version - 1,
): Promise<AnyEvent[] | undefined> {
  const events: AnyEvent[] = [];
  let next = version - 1;
  while (next >= fromVersion) {
    const near = trail === undefined ? [] : nearOf(trail);
    const known = near.slice(0, next - fromVersion + 1);
    const oldest = next - known.length + 1;
    // What lies between is not read, only where the trail is taken up anew.
    const read = known
      .map((sequence, i) => ({ sequence, version: next - i }))
      .filter(({ version }) => version <= toVersion || version === oldest);
    if (read.length === 0) return undefined;
    const hop = oldest > fromVersion ? read.pop() : undefined;
    const [payloads, message] = await Promise.all([
      Promise.all(
        read.map(({ sequence }) => reader.payload(subject, sequence, bounds)),
      ),
      hop && reader.atSequence(hop.sequence, bounds),
    ]);
    if (hop) {
      read.push(hop);
      payloads.push(message?.subject === subject ? message.data : undefined);
    }
    for (const [i, data] of payloads.entries()) {
      const event = data && tryRead(data, actorId);
      if (event?.version !== read[i]!.version) return undefined;
      if (event.version <= toVersion) events.push(event);
    }
    trail = message && trailOf(message);
    next = oldest - 1;
  }
  return events.reverse();
}
