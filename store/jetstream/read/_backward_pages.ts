/**
 * Pages of one actor's history, read backward.
 *
 * @module
 */

import type { AnyEvent } from "../../../event/event.ts";
import type { ReadBounds } from "../stream/read_retries.ts";
import { tryRead } from "../stream/stored_event.ts";
import { PAGE_SIZE } from "../stream/stream_reader.ts";
import { farOf, INTERVAL, type Trail, type Waypoint } from "../stream/trail.ts";
import type { ActorTails } from "./actor_tails.ts";
import { among } from "./_forward_pages.ts";
import { followedSequence } from "../stream/stored_message.ts";
import { trailOf } from "./_version_search.ts";

/** A message of an actor, and how many the actor has up to it. */
interface Mark extends Waypoint {
  readonly ordinal: number;
}

/** A mark, and where its message leads. */
export interface Place {
  readonly mark: Mark;
  /** Undefined where no trail leads on. */
  readonly trail: Trail | undefined;
  /** The sequence of the actor's message before it, if the server checked it. */
  readonly follows: number | undefined;
}

/** A page that ends before a place. */
export interface BackwardPage {
  /** Lowest version first. */
  readonly events: AnyEvent[];
  /** Where the page begins; undefined at the beginning of the history. */
  readonly place: Place | undefined;
}

/** Which page is wanted. */
export interface BackwardRequest {
  readonly actorId: string;
  /** Inclusive. */
  readonly highest: number;
  /** How many events are wanted. */
  readonly count: number;
}

/**
 * Reads the page that ends before a place and begins with a message that the
 * place's trail names. Its events and the trail that leads on come side by
 * side, so that it costs two requests.
 *
 * @returns Undefined if the trail does not lead to the page.
 */
export async function readPageBefore(
  tails: ActorTails,
  { mark: end, trail, follows = trail?.nearest }: Place,
  { actorId, highest, count }: BackwardRequest,
  bounds: ReadBounds,
): Promise<BackwardPage | undefined> {
  if (trail === undefined || trail.ordinal === 0) return undefined;
  const { reader } = tails;
  const subject = tails.subjectOf(actorId);
  const marks = marksOf(trail);
  const above = marks.findLast(({ version }) => version > highest);
  const begin = above ?? chooseMark(marks, end.ordinal, count);
  if (begin === undefined && end.ordinal > PAGE_SIZE) return undefined;
  const size = end.ordinal - (begin?.ordinal ?? 1);
  if (size === 0) return { events: [], place: undefined };
  const read = (json: string | Uint8Array) => tryRead(json, actorId);
  const [page, message] = await Promise.all([
    above === undefined
      ? reader.payloads(subject, begin?.sequence ?? 1, size, read, bounds)
      : undefined,
    begin && reader.atSequence(begin.sequence, bounds),
  ]);
  let place: Place | undefined;
  if (begin !== undefined) {
    const isOwn = message?.subject === subject;
    const event = isOwn ? tryRead(message.data, actorId) : undefined;
    const trail = isOwn ? trailOf(message) : undefined;
    if (event?.version !== begin.version) return undefined;
    if (trail?.ordinal !== begin.ordinal) return undefined;
    const follows = followedSequence(message!.header);
    place = { mark: begin, trail, follows };
  }
  if (page === undefined) return { events: [], place };
  // Else the trail was wrong, or some have expired.
  if (page.lastSequence !== follows) return undefined;
  const before = begin === undefined ? 0 : begin.version - 1;
  return { events: among(page.items, before, 0, highest).events, place };
}

/** The nearest mark that a page of so many events needs, if one holds them. */
function chooseMark(
  marks: readonly Mark[],
  endOrdinal: number,
  count: number,
): Mark | undefined {
  const within = marks.filter(({ ordinal }) =>
    endOrdinal - ordinal <= PAGE_SIZE
  );
  return within.find(({ ordinal }) => endOrdinal - ordinal >= count) ??
    within.at(-1);
}

/** The far predecessors a trail names, the nearest first. */
function marksOf(trail: Trail): Mark[] {
  return farOf(trail).flatMap((waypoint, i) => {
    const interval = INTERVAL * 2 ** i;
    const ordinal = Math.floor((trail.ordinal - 1) / interval) * interval;
    return ordinal > 0 ? [{ ...waypoint, ordinal }] : [];
  });
}
