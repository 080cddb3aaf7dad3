/**
 * Where in the stream a version of an actor lies.
 *
 * @module
 */

import type { ReadBounds } from "../stream/read_retries.ts";
import { tryRead } from "../stream/stored_event.ts";
import { Header, type StoredMessage } from "../stream/stored_message.ts";
import type { StreamReader } from "../stream/stream_reader.ts";
import {
  farOf,
  nearOf,
  parseTrail,
  type Trail,
  type Waypoint,
} from "../stream/trail.ts";
import type { Tail } from "./tail_cache.ts";
import { proveVersion } from "./_version_proof.ts";

/** A read that would skip at most this many events begins at the first. */
export const SKIPPABLE = 200;

/** A search is over when at most this many events would be skipped. */
const NEAR_ENOUGH = 128;

/** How many versions before the wanted one a guess aims at. */
const MARGIN = 32;

/** Where to begin so that no event of a version or above it is missed. */
export interface Start {
  /** The first sequence to read. */
  readonly sequence: number;
  /** The latest version known to lie before it. */
  readonly versionBefore: number;
  /**
   * Whether only a trail says so: then the first event read must lie below the
   * version, or the start was wrong.
   */
  readonly unproven: boolean;
}

/** The start of every history. */
export const BEGINNING: Start = {
  sequence: 1,
  versionBefore: 0,
  unproven: false,
};

/** An actor to search. */
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
  // Each event has a version of its own: the one so many places back is not
  // above it.
  const near = trail && nearOf(trail)[searched.tail.version - version];
  if (near !== undefined) {
    return { sequence: near, versionBefore: 0, unproven: true };
  }
  return await findProvenStart(reader, searched, version, bounds);
}

/** As {@linkcode findStart}, by events that were read. */
export async function findProvenStart(
  reader: StreamReader,
  searched: Searched,
  version: number,
  bounds: ReadBounds,
): Promise<Start> {
  if (version <= SKIPPABLE) return BEGINNING;
  const search = new VersionSearch(reader, searched, version, bounds);
  const { sequence, version: versionBefore } = await search.run();
  return { sequence: sequence + 1, versionBefore, unproven: false };
}

/** A message that was looked at. */
interface Probe {
  readonly message: StoredMessage;
  readonly version: number;
  /** Whether a trail has led there, to the version it named. */
  readonly byTrail: boolean;
}

/**
 * Closes in on a version from both sides: by the trail of the nearest event
 * above it, which at least halves the distance, and where there is none by
 * interpolation, which is fast where events lie evenly, and bisection.
 */
class VersionSearch {
  readonly #reader: StreamReader;
  readonly #searched: Searched;
  readonly #version: number;
  readonly #bounds: ReadBounds;
  #low: Waypoint = { version: 0, sequence: 0 };
  #high: Waypoint;
  /** The trail of the event at `high`. */
  #trail: Trail | undefined;
  /** Events below the version, each behind the one before. */
  readonly #below: Probe[] = [];

  constructor(
    reader: StreamReader,
    searched: Searched,
    version: number,
    bounds: ReadBounds,
  ) {
    this.#reader = reader;
    this.#searched = searched;
    this.#version = version;
    this.#bounds = bounds;
    this.#high = searched.tail;
    this.#trail = searched.tail.trail;
  }

  /** The last event found below the version that lies above all before it. */
  async run(): Promise<Waypoint> {
    for (let guesses = 0; !this.#isNearEnough();) {
      const next = this.#nextByTrail();
      const goesOn = next === undefined
        ? await this.#guess(guesses++)
        : await this.#follow(next);
      if (!goesOn) break;
    }
    const { actorId } = this.#searched;
    for (const { message, version, byTrail } of this.#below.reverse()) {
      const candidate = { actorId, message, version };
      const isProven = byTrail ||
        await proveVersion(this.#reader, candidate, this.#bounds);
      if (isProven) return { version, sequence: message.sequence };
    }
    return { version: 0, sequence: 0 };
  }

  #isNearEnough(): boolean {
    const { version, sequence } = this.#low;
    return this.#version - version <= NEAR_ENOUGH ||
      this.#high.sequence - sequence <= NEAR_ENOUGH;
  }

  /** The farthest waypoint that is not passed, else the nearest that is. */
  #nextByTrail(): Waypoint | undefined {
    if (this.#trail === undefined) return undefined;
    const far = farOf(this.#trail);
    const next = far.findLast(({ version }) => version >= this.#version) ??
      far.find(({ version }) => version < this.#version);
    return next && next.sequence > this.#low.sequence ? next : undefined;
  }

  async #follow({ sequence, version }: Waypoint): Promise<boolean> {
    const message = await this.#reader.atSequence(sequence, this.#bounds);
    const { actorId, subject } = this.#searched;
    const event = message?.subject === subject
      ? tryRead(message.data, actorId)
      : undefined;
    if (event?.version === version) {
      return this.#narrow(message!, version, sequence, true);
    }
    this.#trail = undefined; // a wrong hint, or expired
    return true;
  }

  async #guess(guesses: number): Promise<boolean> {
    const [low, high] = [this.#low, this.#high];
    const span = high.sequence - low.sequence;
    const wanted = this.#version - MARGIN - low.version;
    const share = guesses % 2 === 0
      ? wanted / (high.version - low.version)
      : 0.5;
    const steps = Math.min(span - 1, Math.max(1, Math.floor(span * share)));
    const from = low.sequence + steps;
    const { actorId, subject } = this.#searched;
    const message = await this.#reader.next(subject, from, this.#bounds);
    const event = message && tryRead(message.data, actorId);
    return event !== undefined &&
      this.#narrow(message!, event.version, from, false);
  }

  /** @param from Between it and the message the actor has no other. */
  #narrow(
    message: StoredMessage,
    version: number,
    from: number,
    byTrail: boolean,
  ): true {
    if (version < this.#version) {
      this.#low = { version, sequence: message.sequence };
      this.#below.push({ message, version, byTrail });
    } else {
      this.#high = { version, sequence: from };
      this.#trail = trailOf(message);
    }
    return true;
  }
}

/** The trail in a message's header, if it has one. */
export function trailOf(message: StoredMessage): Trail | undefined {
  const position = Number(message.header(Header.batchSequence));
  return parseTrail(message.header(Header.trail), message.sequence, position);
}
