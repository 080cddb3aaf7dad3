/**
 * Events of one actor, fetched by the sequences that trails name.
 *
 * @module
 */

import type { AnyEvent } from "../../../event/event.ts";
import type { ReadBounds } from "../stream/read_retries.ts";
import { tryRead } from "../stream/stored_event.ts";
import type { StreamReader } from "../stream/stream_reader.ts";
import { farOf, nearOf, type Trail } from "../stream/trail.ts";
import { type Searched, trailOf } from "./_version_search.ts";

/** Inclusive bounds of versions. */
export interface VersionRange {
  readonly lowest: number;
  readonly highest: number;
}

/**
 * Fetches all events of a range, lowest version first, from a history whose
 * versions have no gaps. Each round asks for all messages whose sequences are
 * known, and takes the trails of some of them to learn more: the far ones lead
 * to all parts of the range at once, so that rounds grow with the logarithm of
 * its length. It takes at most twice as long as a burst that knows all of the
 * sequences; a server that scans for 1,000 events takes four times as long
 * where they lie 500 apart.
 *
 * @param range Versions below the tail's.
 * @returns Undefined if trails do not lead to all of it, or something else
 * lies where they lead.
 */
export function walkTrails(
  reader: StreamReader,
  searched: Searched,
  range: VersionRange,
  bounds: ReadBounds,
): Promise<AnyEvent[] | undefined> {
  return new TrailWalk(reader, searched, range, bounds).walk();
}

class TrailWalk {
  readonly #reader: StreamReader;
  readonly #actorId: string;
  readonly #subject: string;
  readonly #range: VersionRange;
  readonly #bounds: ReadBounds;
  /** The sequences of versions, as trails name them. */
  readonly #sequences = new Map<number, number>();
  /** The versions whose trails have been read. */
  readonly #followed = new Set<number>();
  readonly #asked = new Set<number>();
  readonly #events = new Map<number, AnyEvent>();
  #isMisled = false;

  constructor(
    reader: StreamReader,
    { actorId, subject, tail }: Searched,
    range: VersionRange,
    bounds: ReadBounds,
  ) {
    this.#reader = reader;
    this.#actorId = actorId;
    this.#subject = subject;
    this.#range = range;
    this.#bounds = bounds;
    this.#sequences.set(tail.version, tail.sequence);
    this.#follow(tail.version, tail.trail);
  }

  async walk(): Promise<AnyEvent[] | undefined> {
    const { lowest, highest } = this.#range;
    const payloads: Promise<void>[] = [];
    for (let hops = this.#nextHops();; hops = this.#nextHops()) {
      if (this.#isMisled) return undefined;
      const hopping = hops.map((version) => this.#hop(version));
      for (let version = highest; version >= lowest; version--) {
        if (!this.#sequences.has(version) || this.#asked.has(version)) continue;
        const fetching = this.#fetch(version);
        fetching.catch(() => {}); // a hop may fail before it is awaited
        payloads.push(fetching);
      }
      if (hops.length === 0) break;
      await Promise.all(hopping);
    }
    await Promise.all(payloads);
    if (this.#isMisled) return undefined;
    const events: AnyEvent[] = [];
    for (let version = lowest; version <= highest; version++) {
      events.push(this.#events.get(version)!);
    }
    return events;
  }

  /**
   * The versions whose trails to read next: for each part of the range that is
   * unknown the nearest known version above it.
   */
  #nextHops(): number[] {
    const { lowest, highest } = this.#range;
    const hops: number[] = [];
    let above = Infinity;
    for (const version of this.#sequences.keys()) {
      if (version > highest && version < above) above = version;
    }
    for (let version = highest; version >= lowest; version--) {
      if (this.#sequences.has(version)) above = version;
      else if (hops.at(-1) !== above) hops.push(above);
    }
    if (hops.some((version) => this.#followed.has(version))) {
      this.#isMisled = true;
    }
    return hops;
  }

  async #hop(version: number): Promise<void> {
    this.#asked.add(version);
    const sequence = this.#sequences.get(version)!;
    const message = await this.#reader.atSequence(sequence, this.#bounds);
    const isOwn = message?.subject === this.#subject;
    this.#take(version, isOwn ? message.data : undefined);
    this.#follow(version, isOwn ? trailOf(message) : undefined);
  }

  async #fetch(version: number): Promise<void> {
    this.#asked.add(version);
    const sequence = this.#sequences.get(version)!;
    this.#take(
      version,
      await this.#reader.payload(this.#subject, sequence, this.#bounds),
    );
  }

  #take(version: number, data: Uint8Array | undefined): void {
    const event = data && tryRead(data, this.#actorId);
    if (event?.version === version) this.#events.set(version, event);
    else this.#isMisled = true;
  }

  #follow(version: number, trail: Trail | undefined): void {
    this.#followed.add(version);
    // With gaps between versions something could be missing unnoticed.
    if (trail?.ordinal !== version) {
      this.#isMisled = true;
      return;
    }
    nearOf(trail).forEach((sequence, i) =>
      this.#note(version - 1 - i, sequence)
    );
    for (const far of farOf(trail)) this.#note(far.version, far.sequence);
  }

  #note(version: number, sequence: number): void {
    const known = this.#sequences.get(version);
    if (known === undefined) this.#sequences.set(version, sequence);
    else if (known !== sequence) this.#isMisled = true;
  }
}
