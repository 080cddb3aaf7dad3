/**
 * Watching the leases of all nodes.
 *
 * @module
 */

import { encodeToken } from "../../internal/nats/names.ts";
import type { LeaseRecord } from "../lease/record.ts";
import { elapsed, type Reading } from "../lease/clock.ts";
import { Observation } from "../lease/observation.ts";
import type { Sight } from "../lease/register.ts";
import type { MapMember } from "../map/cluster_map.ts";
import { type NodeReport, readReport } from "./node_report.ts";

/** The key of a node's lease. */
export function nodeKey(id: string): string {
  return `node.${encodeToken(id)}`;
}

/** How long the mark of a lease that is gone stays, in seconds. */
export const MARK_TTL_SECONDS = 3_600;

/** What a key has, as its record says. */
export interface LeaseSight extends Sight {
  readonly key: string;
  /** Whether its record is of a newer format, which can't be judged. */
  readonly isUnreadable?: boolean | undefined;
}

/** A node's lease, as it is watched. */
interface WatchedLease {
  readonly observation: Observation;
  /** Whether it has changed since it was first seen, or came later. */
  isFresh: boolean;
  /** Of the newest record. */
  report: NodeReport | undefined;
  isUnreadable: boolean;
  /** When that was first seen, in monotonic milliseconds. */
  since: number;
}

/**
 * The leases of all nodes, as one node sees them. It never takes a record for
 * a living node's that has not changed before its eyes: it may have been
 * there for days.
 */
export class LeaseWatch {
  readonly #lease: number;
  readonly #incarnation: string;
  readonly #leases = new Map<string, WatchedLease>();
  /** By id and incarnation, since when nothing is known of a member. */
  readonly #missing = new Map<string, number>();
  #bucket: string | undefined;
  #after = 0;
  #seenAt: Reading | undefined;
  #longest: number;

  /**
   * @param options.lease The watcher's own lease duration in milliseconds.
   * @param options.incarnation The watcher's incarnation.
   */
  constructor(
    { lease, incarnation }: { lease: number; incarnation: string },
  ) {
    this.#lease = this.#longest = lease;
    this.#incarnation = incarnation;
  }

  /** The revision after which to look for changes, in a life of the bucket. */
  after(bucket: string): number {
    return bucket === this.#bucket ? this.#after : 0;
  }

  /** The longest lease of any node that was ever seen, in milliseconds. */
  get longestLease(): number {
    return this.#longest;
  }

  /**
   * Takes in a look at all that has changed after {@linkcode after}.
   *
   * @param now When the answer was there.
   */
  see(bucket: string, changed: readonly LeaseSight[], now: Reading): void {
    const isBlind = this.#seenAt !== undefined &&
      elapsed(this.#seenAt, now) > this.#lease / 3;
    if (isBlind) this.#missing.clear();
    this.#seenAt = now;
    const isFirst = bucket !== this.#bucket;
    if (isFirst) {
      this.#bucket = bucket;
      this.#after = 0;
      this.#leases.clear();
    }
    const keys = new Set<string>();
    for (const sight of changed) {
      if (sight.bucket !== bucket) continue;
      keys.add(sight.key);
      this.#see(sight, now, !isFirst);
    }
    for (const [key, { observation }] of this.#leases) {
      if (!keys.has(key)) observation.see(observation.sight!, now);
    }
    this.#forget(now.monotonic);
  }

  /** Takes in what a key has after all: it has changed, and may be gone. */
  correct(sight: LeaseSight, now: Reading): void {
    if (sight.bucket === this.#bucket) this.#see(sight, now, true);
  }

  /** Leases that may be replaced, each by compare-and-set on its sight. */
  lapsed(now: number): LeaseSight[] {
    const found: LeaseSight[] = [];
    for (const [key, { observation }] of this.#leases) {
      const sight = observation.sight!;
      const { record } = sight;
      if (record === undefined || record.released) continue;
      if (observation.isFree(now)) found.push({ key, ...sight });
    }
    return found;
  }

  /** What nodes tell that are alive. */
  *reports(now: number): Iterable<NodeReport> {
    for (const { observation, isFresh, report } of this.#leases.values()) {
      if (isFresh && report !== undefined && observation.isHeld(now)) {
        yield report;
      }
    }
  }

  /** What a member of the map tells; undefined if that is not known. */
  reportOf({ id, incarnation }: MapMember): NodeReport | undefined {
    const report = this.#leases.get(nodeKey(id))?.report;
    return report?.member.incarnation === incarnation ? report : undefined;
  }

  /**
   * Whether it is proved that a member of the map has no window any more: it
   * has released its lease, the lease was replaced, or nothing was seen of it
   * for as long as any lease lasts.
   */
  isGone(member: MapMember, now: number): boolean {
    const { id, incarnation } = member;
    const name = JSON.stringify([id, incarnation]);
    const lease = this.#leases.get(nodeKey(id));
    const record = lease?.observation.sight?.record;
    if (record?.incarnation === incarnation || lease?.isUnreadable) {
      this.#missing.delete(name);
      return record?.released ?? false;
    }
    if (record?.replaced?.incarnation === incarnation) return true;
    const since = this.#missing.get(name);
    if (since === undefined) this.#missing.set(name, now);
    return since !== undefined && now - since >= this.#longest;
  }

  /** Forgets what servers have forgotten, and members that were missing. */
  #forget(now: number): void {
    const oldest = now - Math.max(MARK_TTL_SECONDS * 1_000, 2 * this.#longest);
    for (const [key, { observation, since }] of this.#leases) {
      const record = observation.sight?.record;
      const isMark = record === undefined || record.released;
      if (isMark && since < oldest) this.#leases.delete(key);
    }
    for (const [name, since] of this.#missing) {
      if (since < oldest) this.#missing.delete(name);
    }
  }

  #see(
    { key, isUnreadable = false, ...sight }: LeaseSight,
    now: Reading,
    isNews: boolean,
  ): void {
    let lease = this.#leases.get(key);
    if (lease === undefined) {
      lease = {
        observation: new Observation({
          lease: this.#lease,
          incarnation: this.#incarnation,
        }),
        isFresh: isNews,
        report: undefined,
        isUnreadable,
        since: 0,
      };
      this.#leases.set(key, lease);
    }
    const { record, revision } = sight;
    if (revision !== lease.observation.sight?.revision) {
      lease.isFresh = isNews;
      lease.report = reportIn(record);
      lease.isUnreadable = isUnreadable;
      lease.since = now.monotonic;
    }
    lease.observation.see(sight, now);
    this.#after = Math.max(this.#after, revision);
    this.#longest = Math.max(this.#longest, record?.duration ?? 0);
  }
}

function reportIn(record: LeaseRecord | undefined): NodeReport | undefined {
  return record === undefined || record.released
    ? undefined
    : readReport(record);
}
