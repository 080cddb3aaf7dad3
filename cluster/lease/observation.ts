/**
 * Watching a lease of somebody else.
 *
 * @module
 */

import { elapsed, type Reading } from "./clock.ts";
import type { Sight } from "./register.ts";

/** How leases are watched. */
export interface ObservationOptions {
  /** The watcher's own lease duration in milliseconds. */
  readonly lease: number;
  /** The watcher's incarnation; its own release does not let it in at once. */
  readonly incarnation: string;
  /**
   * Whether a lease that was never written may be taken at once: nobody else
   * can have its name.
   */
  readonly isNameUnique?: boolean | undefined;
}

/**
 * What a node has seen of one lease, and since when by its monotonic clock.
 * It says when the lease may be replaced: once it was seen unchanged for as
 * long as its own record says.
 */
export class Observation {
  readonly #options: ObservationOptions;
  readonly #highest = new Map<string, number>();
  #sight: Sight | undefined;
  /** When the current sight was first seen, in monotonic milliseconds. */
  #since = 0;
  /** When it was last seen. */
  #seenAt: Reading = { monotonic: 0, wall: 0 };
  /** Whether it is a release that lets this node in at once. */
  #isReleased = false;
  #longest: number;
  #highestTerm = 0;

  constructor(options: ObservationOptions) {
    this.#options = options;
    this.#longest = options.lease;
  }

  /** What was seen last. */
  get sight(): Sight | undefined {
    return this.#sight;
  }

  /** The highest term ever seen; 0 if there was none. */
  get highestTerm(): number {
    return this.#highestTerm;
  }

  /** The highest revision ever seen in one life of the bucket; 0 if none. */
  highestRevision(bucket: string): number {
    return this.#highest.get(bucket) ?? 0;
  }

  /**
   * Takes in what a read found.
   *
   * @param now When the answer was there.
   */
  see(sight: Sight, now: Reading): void {
    const before = this.#sight;
    const isNews = before === undefined || !isSame(before, sight);
    if (isNews) {
      const { record } = sight;
      this.#isReleased = record?.released === true &&
        record.incarnation !== this.#options.incarnation &&
        // A release that was taken since may be read from servers that have
        // fallen behind, or that lost data.
        record.term >= this.#highestTerm;
    }
    // While nobody could read, the holder could not renew either; and while
    // this machine was suspended, anything may have come and gone.
    const isBlind = before !== undefined &&
      elapsed(this.#seenAt, now) > this.#options.lease / 3;
    if (isNews || isBlind) this.#since = now.monotonic;
    this.#sight = sight;
    this.#seenAt = now;
    this.#note(sight);
  }

  /** Takes in what this node has stored itself. */
  wrote(sight: Sight, now: Reading): void {
    this.#sight = sight;
    this.#since = now.monotonic;
    this.#seenAt = now;
    this.#isReleased = false;
    this.#note(sight);
  }

  /** Whether what was seen last may be replaced, by compare-and-set on it. */
  isFree(now: number): boolean {
    if (this.#sight === undefined) return false;
    return now - this.#since >= this.#patience(this.#sight);
  }

  /**
   * Whether a holder is known: it has not released the lease, and was not seen
   * unchanged for a whole one.
   */
  isHeld(now: number): boolean {
    const record = this.#sight?.record;
    return record !== undefined && !record.released &&
      now - this.#since < record.duration;
  }

  #patience({ revision, record }: Sight): number {
    if (this.#isReleased) return 0;
    if (record !== undefined) return record.duration;
    const isNew = revision === 0 && this.#highest.size === 0;
    return isNew && this.#options.isNameUnique === true ? 0 : this.#longest;
  }

  #note({ bucket, revision, record }: Sight): void {
    if (revision > this.highestRevision(bucket)) {
      this.#highest.set(bucket, revision);
    }
    if (record === undefined) return;
    this.#highestTerm = Math.max(this.#highestTerm, record.term);
    this.#longest = Math.max(this.#longest, record.duration);
  }
}

function isSame(a: Sight, b: Sight): boolean {
  return a.bucket === b.bucket && a.revision === b.revision &&
    a.record?.nonce === b.record?.nonce;
}
