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

/** What a key has, as its record says. */
export interface LeaseSight extends Sight {
  readonly key: string;
}

/** A node's lease, as it is watched. */
interface WatchedLease {
  readonly observation: Observation;
  /** Whether it has changed since it was first seen, or came later. */
  isFresh: boolean;
  /** Of the newest record. */
  report: NodeReport | undefined;
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
    for (const { key, ...sight } of changed) {
      if (sight.bucket !== bucket) continue;
      keys.add(key);
      this.#see(key, sight, now, !isFirst);
    }
    for (const [key, { observation }] of this.#leases) {
      if (!keys.has(key)) observation.see(observation.sight!, now);
    }
  }

  /** Takes in what a key has after all: it has changed, and may be gone. */
  correct({ key, ...sight }: LeaseSight, now: Reading): void {
    if (sight.bucket === this.#bucket) this.#see(key, sight, now, true);
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
    const record = this.#leases.get(nodeKey(id))?.observation.sight?.record;
    if (record?.incarnation === incarnation) {
      this.#missing.delete(name);
      return record.released;
    }
    if (record?.replaced?.incarnation === incarnation) return true;
    const since = this.#missing.get(name);
    if (since === undefined) this.#missing.set(name, now);
    return since !== undefined && now - since >= this.#longest;
  }

  #see(key: string, sight: Sight, now: Reading, isNews: boolean): void {
    let lease = this.#leases.get(key);
    if (lease === undefined) {
      const observation = new Observation({
        lease: this.#lease,
        incarnation: this.#incarnation,
      });
      lease = { observation, isFresh: isNews, report: undefined };
      this.#leases.set(key, lease);
    }
    const { record, revision } = sight;
    if (revision !== lease.observation.sight?.revision) {
      lease.isFresh = isNews;
      lease.report = reportIn(record);
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
