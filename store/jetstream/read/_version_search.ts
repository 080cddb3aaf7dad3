/**
 * Where in the stream a version of an actor lies.
 *
 * @module
 */

import type { ReadBounds } from "../stream/read_retries.ts";
import { tryRead } from "../stream/stored_event.ts";
import { Header, type StoredMessage } from "../stream/stored_message.ts";
import type { StreamReader } from "../stream/stream_reader.ts";
import type { Tail } from "./tail_cache.ts";
import {
  farOf,
  nearOf,
  parseTrail,
  type Trail,
  type Waypoint,
} from "../stream/trail.ts";
import { isVouchedFor } from "./_version_proof.ts";
import type { AnyEvent } from "../../../event/event.ts";

/** A read that would skip at most this many events begins at the first. */
export const SKIPPABLE = 200;

/** A search is over when about this many events would be skipped. */
const NEAR_ENOUGH = 32;

/** Where to begin so that no event of a version or above it is missed. */
export interface Start {
  /** The first sequence to read. */
  readonly sequence: number;
  /** The latest version known to lie before it. */
  readonly versionBefore: number;
  /**
   * Whether this is only what a hint says: then the first event read must lie
   * below the version, or the start was wrong.
   */
  readonly unproven: boolean;
}

const BEGINNING: Start = { sequence: 1, versionBefore: 0, unproven: false };

/** One actor, to be searched. */
export interface Searched {
  readonly actorId: string;
  readonly subject: string;
  /** Its tail, with a version that is not below the one looked for. */
  readonly tail: Tail;
}

/** Finds out where to begin with a version. */
export async function findStart(
  reader: StreamReader,
  searched: Searched,
  version: number,
  bounds: ReadBounds,
): Promise<Start> {
  const { trail } = searched.tail;
  // Versions have no two events: the one so many places back is not above it.
  const near = trail && nearOf(trail)[searched.tail.version - version];
  if (near !== undefined) {
    return { sequence: near, versionBefore: 0, unproven: true };
  }
  return await findProvenStart(reader, searched, version, bounds);
}

/** As {@linkcode findStart}, by what was read and not by what a hint says. */
export async function findProvenStart(
  reader: StreamReader,
  searched: Searched,
  version: number,
  bounds: ReadBounds,
): Promise<Start> {
  if (version <= SKIPPABLE) return BEGINNING;
  const { low, high } = await descend(reader, searched, version, bounds);
  const { sequence, version: versionBefore } =
    high.version - low.version <= 4 * NEAR_ENOUGH
      ? low
      : await bisect(reader, searched, version, low, high, bounds);
  return { sequence: sequence + 1, versionBefore, unproven: false };
}

/** Events on both sides of a version: `low` below it, `high` not. */
export interface Surroundings {
  readonly low: Waypoint;
  readonly high: Waypoint;
  /** That of `high`, if it is known. */
  readonly trail: Trail | undefined;
  /** The event at `high`, unless that is the tail. */
  readonly event: AnyEvent | undefined;
}

/** Follows trails to a version, each step at least halving the distance. */
export async function descend(
  reader: StreamReader,
  { actorId, subject, tail }: Searched,
  version: number,
  bounds: ReadBounds,
): Promise<Surroundings> {
  let low: Waypoint = { version: 0, sequence: 0 };
  let high: Waypoint = tail;
  let trail: Trail | undefined = tail.trail;
  let found: AnyEvent | undefined;
  while (trail !== undefined && high.version - low.version > NEAR_ENOUGH) {
    // The farthest that is not passed, else the nearest that is.
    const far = farOf(trail);
    const next = far.findLast((point) => point.version >= version) ??
      far.find((point) => point.version < version);
    if (next === undefined || next.sequence <= low.sequence) break;
    const message = await reader.atSequence(next.sequence, bounds);
    const event = message?.subject === subject
      ? tryRead(message.data, actorId)
      : undefined;
    if (event?.version !== next.version) break; // a wrong hint, or expired
    if (event.version < version) {
      low = next;
      break;
    }
    high = next;
    found = event;
    trail = trailOf(message!);
  }
  return { low, high, trail, event: found };
}

/** Interpolation, which is fast where events lie evenly, and bisection. */
async function bisect(
  reader: StreamReader,
  { actorId, subject }: Searched,
  version: number,
  low: Waypoint,
  high: Waypoint,
  bounds: ReadBounds,
): Promise<Waypoint> {
  /** Messages below the version, each behind the one before. */
  const below: { readonly at: Waypoint; readonly message: StoredMessage }[] =
    [];
  let reached = low;
  for (let probes = 0; high.version - reached.version > NEAR_ENOUGH; probes++) {
    const span = high.sequence - reached.sequence;
    if (span <= NEAR_ENOUGH) break;
    const share = probes % 2 === 0
      ? (version - NEAR_ENOUGH / 2 - reached.version) /
        (high.version - reached.version)
      : 0.5;
    const guess = reached.sequence +
      Math.min(span - 1, Math.max(1, Math.floor(span * share)));
    const { items: [message] } = await reader.messages(
      subject,
      guess,
      1,
      bounds,
    );
    const event = message && tryRead(message.data, actorId);
    if (event === undefined) break;
    if (event.version < version) {
      reached = { sequence: message!.sequence, version: event.version };
      below.push({ at: reached, message: message! });
    } else {
      high = { sequence: guess, version: event.version };
    }
  }
  // Events of the version or above may lie before one that falls behind them.
  for (const { at, message } of below.reverse()) {
    const isProof = await isVouchedFor(
      reader,
      actorId,
      message,
      at.version,
      bounds,
    );
    if (isProof) return at;
  }
  return low;
}

/** The trail in a message's header, if it has one. */
export function trailOf(message: StoredMessage): Trail | undefined {
  const position = Number(message.header(Header.batchSequence));
  return parseTrail(message.header(Header.trail), message.sequence, position);
}
