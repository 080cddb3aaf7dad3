/**
 * Places in an actor's history where pages may begin, so that one is fetched
 * while the one before is still coming.
 *
 * @module
 */

import type { ReadBounds } from "../stream/read_retries.ts";
import type { StreamReader } from "../stream/stream_reader.ts";
import { farOf, INTERVAL, type Trail } from "../stream/trail.ts";
import { type Searched, trailOf } from "./_version_search.ts";

/** A message of an actor, as hints tell. */
export interface Landmark {
  readonly sequence: number;
  /** How many messages the actor has up to this one. */
  readonly ordinal: number;
}

/** Messages from one landmark to the next: the most that a page can hold. */
export const DISTANCE: number = 32 * INTERVAL;

/** Longer histories have their landmarks farther apart. */
const MOST_LANDMARKS = 256;

/** Histories whose landmarks are remembered. */
const REMEMBERED = 128;

/** Finds landmarks, and remembers those of the long histories read last. */
export class Landmarks {
  readonly #reader: StreamReader;
  /** By actor, least recently read first; in rising order. */
  readonly #known = new Map<string, readonly Landmark[]>();

  constructor(reader: StreamReader) {
    this.#reader = reader;
  }

  /**
   * Landmarks of a history in rising order, as far as trails lead to them: for
   * those not remembered, a number of requests that is logarithmic, each of
   * several at once. They are hints: a page that ends elsewhere than at one
   * proves it wrong.
   */
  async of(searched: Searched, bounds: ReadBounds): Promise<Landmark[]> {
    const { actorId } = searched;
    const known = this.#known.get(actorId) ?? [];
    const { landmarks, isWhole } = await findLandmarks(
      this.#reader,
      searched,
      known,
      bounds,
    );
    this.#known.delete(actorId);
    if (isWhole) this.#known.set(actorId, landmarks);
    if (this.#known.size > REMEMBERED) {
      this.#known.delete(this.#known.keys().next().value!);
    }
    return landmarks;
  }
}

/**
 * Whether they are whole tells that each message which was to lead to others
 * was there: a replica may lag behind.
 */
async function findLandmarks(
  reader: StreamReader,
  { subject, tail }: Searched,
  known: readonly Landmark[],
  bounds: ReadBounds,
): Promise<{ landmarks: Landmark[]; isWhole: boolean }> {
  if (tail.trail === undefined) return { landmarks: [], isWhole: false };
  let isWhole = true;
  let step = DISTANCE;
  while (tail.trail.ordinal / step > MOST_LANDMARKS) step *= 2;
  const remembered = new Map(
    known.filter(({ ordinal }) => ordinal % step === 0)
      .map((landmark) => [landmark.ordinal, landmark]),
  );
  const found = new Map<number, Landmark>();
  for (let trails = [tail.trail]; trails.length > 0;) {
    const fresh: Landmark[] = [];
    for (const landmark of trails.flatMap((trail) => told(trail, step))) {
      const { ordinal, sequence } = landmark;
      if (found.has(ordinal)) continue;
      found.set(ordinal, landmark);
      const before = remembered.get(ordinal);
      if (before?.sequence === sequence) continue;
      // Where one is wrong, so are the others: the actor has begun anew.
      if (before !== undefined) remembered.clear();
      fresh.push(landmark);
    }
    // Below those whose neighbour is known there is nothing else to be known.
    const wanted = fresh.filter(({ ordinal }) =>
      ordinal > step &&
      !found.has(ordinal - step) && !remembered.has(ordinal - step)
    );
    const read = await Promise.all(wanted.map(async (landmark) => {
      const message = await reader.atSequence(landmark.sequence, bounds);
      const trail = message?.subject === subject ? trailOf(message) : undefined;
      if (trail?.ordinal === landmark.ordinal) return [trail];
      isWhole = false;
      return [];
    }));
    trails = read.flat();
  }
  const landmarks = [...new Map([...remembered, ...found]).values()]
    .sort((a, b) => a.ordinal - b.ordinal);
  return { landmarks, isWhole };
}

/** What a trail tells of messages whose ordinals divide by a step. */
function told(trail: Trail, step: number): Landmark[] {
  const { ordinal } = trail;
  return farOf(trail).flatMap(({ sequence }, i) => {
    const interval = INTERVAL * 2 ** i;
    const at = Math.floor((ordinal - 1) / interval) * interval;
    return interval >= step && at > 0 ? [{ sequence, ordinal: at }] : [];
  });
}
