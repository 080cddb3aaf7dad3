/**
 * A node that leads the map, or stands by to do so.
 *
 * @module
 */

import { Repeater } from "../../internal/repeater.ts";
import { BucketRegister } from "../lease/bucket_register.ts";
import { readClocks } from "../lease/clock.ts";
import type { ClusterLink } from "../lease/cluster_link.ts";
import type { NamedEntry } from "../lease/key_values.ts";
import { LeaseKeeper } from "../lease/keeper.ts";
import {
  decodeRecord,
  encodeRecord,
  type LeaseRecord,
} from "../lease/record.ts";
import type { LeaseSettings } from "../lease/settings.ts";
import type { ClusterMap } from "../map/cluster_map.ts";
import { encodeMap } from "../map/map_codec.ts";
import {
  type LeaseSight,
  LeaseWatch,
  MARK_TTL_SECONDS,
} from "./lease_watch.ts";
import { MapLeader } from "./map_leader.ts";
import { type MapEntry, readMapEntry } from "./stored_map.ts";

/** The key of the leader's lease; no election can have this name. */
export const LEADER_KEY = "lease.=map";

/** What news of nodes, of the map and of its leader are told under. */
export const NODE_NEWS = "node";
export const MAP_NEWS = "map";
export const LEADER_NEWS = "leader";
export const MAP_KEY = "map";

/** Keys of nodes' leases begin with it. */
const NODES = "node";

/** How soon to look again for what was told of and not seen yet. */
const SOON_MS = 20;

/**
 * For how long a map stands at least, for each of its members, all of whom read
 * it: else a map for each of many that join would cost the cube of their number.
 */
const PACE_MS_PER_MEMBER = 3;
const LONGEST_PACE_MS = 500;

/** What a contender needs. */
export interface ContenderOptions {
  readonly link: ClusterLink;
  readonly nodeId: string;
  readonly settings: LeaseSettings;
  readonly shards: number;
  readonly settle: number;
  /** Whether nobody can have a lease that was never written. */
  readonly isAlone: boolean;
  /** The newest map that this node has applied. */
  known(): ClusterMap | undefined;
  /** A map was written. */
  wrote(entry: MapEntry): void;
  /** The node leads, or does not any more. */
  changed(): void;
}

/** Contends for the leader's lease, watches the nodes' leases, and leads. */
export class Contender {
  readonly #options: ContenderOptions;
  readonly #incarnation = crypto.randomUUID();
  readonly #keeper: LeaseKeeper;
  readonly #repeater = new Repeater(() => this.#look());
  readonly #watch: LeaseWatch;
  /** While this node leads. */
  #leader: MapLeader | undefined;
  /** The last one, for a term that is resumed. */
  #latest: MapLeader | undefined;
  /** Where the map is that the leader has written. */
  #place: MapEntry | undefined;
  /** Whether it may have changed since. */
  #isUnsure = true;
  /** When the next map may be written, in monotonic milliseconds. */
  #mayWriteAt = -Infinity;
  #watches = false;
  /** News of nodes that were not seen yet, and until when to look for them. */
  #expected = 0;
  #expectedUntil = 0;
  #termAbove = 0;

  constructor(options: ContenderOptions) {
    this.#options = options;
    const { link, settings, nodeId, isAlone } = options;
    this.#watch = new LeaseWatch({
      lease: settings.lease,
      incarnation: this.#incarnation,
    });
    this.#keeper = new LeaseKeeper(new BucketRegister(link.keys, LEADER_KEY), {
      holder: nodeId,
      incarnation: this.#incarnation,
      settings,
      isNameUnique: isAlone,
      termAbove: () => this.#termAbove,
      onEvent: ({ kind, term }) => {
        this.#leader = kind === "granted" ? this.#leaderOf(term) : undefined;
        options.changed();
        this.#repeater.poke();
      },
      onOutcome: (error) => link.note(error),
    });
    this.#keeper.start();
  }

  /** Whether this node leads at this very moment. */
  get isLeader(): boolean {
    return this.#keeper.isHeld();
  }

  /** Looks at the leases of all nodes from now on, or only while it leads. */
  watch(watches: boolean): void {
    if (watches === this.#watches) return;
    this.#watches = watches;
    this.#repeater.poke();
  }

  /** Takes in news: a node has written its lease at this revision. */
  heard(revision: number): void {
    if (!this.#watches && this.#leader === undefined) return;
    this.#expected = Math.max(this.#expected, revision);
    this.#expectedUntil = performance.now() + this.#options.settings.retry;
    this.#repeater.poke();
  }

  /** Looks at the map anew: it may be gone. */
  doubt(): void {
    this.#isUnsure = true;
    this.#repeater.poke();
  }

  /** Looks soon. */
  poke(): void {
    this.#keeper.poke();
    this.#repeater.poke();
  }

  /** Leads no more, and lets others in. */
  async stop(): Promise<void> {
    await this.#repeater.stop();
    const { isLeader } = this;
    await this.#keeper.release(Promise.resolve());
    if (isLeader) this.#options.link.publish(LEADER_NEWS, "");
    this.#keeper.stop();
  }

  /** Leads no more, without a word. */
  async abandon(): Promise<void> {
    this.#keeper.stop();
    await this.#repeater.stop();
  }

  /** The leader of a term: nobody else has led since, if it is resumed. */
  #leaderOf(term: number): MapLeader {
    const { shards, settle } = this.#options;
    this.#isUnsure = true;
    if (this.#latest?.term !== term) {
      this.#latest = new MapLeader({ term, shards, settle });
    }
    return this.#latest;
  }

  async #look(): Promise<number> {
    const { retry } = this.#options.settings;
    if (!this.#watches && this.#leader === undefined) return retry;
    const { link } = this.#options;
    try {
      await this.#seeLeases();
      await this.#lead();
      link.note(undefined);
    } catch (error) {
      this.#isUnsure = true;
      link.note(error);
    }
    const { keys } = link;
    const isBehind = this.#watch.after(keys.incarnation) < this.#expected &&
      performance.now() < this.#expectedUntil;
    if (!isBehind) this.#expected = 0;
    const left = this.#mayWriteAt - performance.now();
    return Math.min(retry, isBehind ? SOON_MS : left > 0 ? left : retry);
  }

  async #seeLeases(): Promise<void> {
    const { link: { keys }, settings: { retry } } = this.#options;
    const bucket = keys.incarnation;
    const changed: LeaseSight[] = [];
    let after = this.#watch.after(bucket);
    const isFirst = after === 0;
    for (;;) {
      const page = await keys.readSince(NODES, after, retry);
      for (const entry of page) {
        changed.push(this.#sightOf(entry));
        after = entry.revision;
      }
      if (!isFirst || page.length === 0) break;
    }
    this.#watch.see(bucket, changed, readClocks());
  }

  async #lead(): Promise<void> {
    const leader = this.#leader;
    if (leader === undefined || !this.isLeader) return;
    const isMoved = this.#place?.bucket !== this.#options.link.keys.incarnation;
    if (this.#isUnsure || isMoved || leader.map === undefined) {
      await this.#find(leader);
    }
    if (leader.map === undefined) {
      const { known } = this.#options;
      const map = leader.claim(this.#place!.map, known());
      const isWritten = map !== undefined && await this.#write(map);
      if (isWritten) leader.claimed(map, performance.now());
    } else {
      await this.#replaceLapsed();
      if (!this.isLeader || performance.now() < this.#mayWriteAt) return;
      const map = leader.next(this.#watch, performance.now());
      if (map !== undefined && await this.#write(map)) {
        leader.wrote(map, performance.now());
      }
    }
    if (leader.isSuperseded) this.#stepBack(leader);
  }

  /** Reads the map that is there, since it is not known. */
  async #find(leader: MapLeader): Promise<void> {
    const { link: { keys }, settings: { retry } } = this.#options;
    const entry = readMapEntry(await keys.read(MAP_KEY, retry));
    this.#place = entry;
    this.#isUnsure = false;
    if (leader.map !== undefined) leader.found(entry.map);
  }

  async #write(map: ClusterMap): Promise<boolean> {
    const { link, settings: { retry } } = this.#options;
    const { bucket, revision: expected } = this.#place!;
    const data = encodeMap(map, link.keys.maxBytes);
    if (!this.isLeader) return false;
    const write = { key: MAP_KEY, bucket, expected, data };
    const revision = await link.keys.write(write, retry);
    if (revision === undefined) {
      this.#isUnsure = true;
      this.#repeater.poke();
      return false;
    }
    const entry = this.#place = { bucket, revision, map };
    const pace = PACE_MS_PER_MEMBER * map.members.length;
    this.#mayWriteAt = performance.now() + Math.min(pace, LONGEST_PACE_MS);
    link.publish(MAP_NEWS, String(revision));
    this.#options.wrote(entry);
    return true;
  }

  /** Replaces the leases that were seen unchanged for long enough. */
  async #replaceLapsed(): Promise<void> {
    const { link: { keys }, settings: { retry } } = this.#options;
    const lapsed = this.#watch.lapsed(performance.now());
    await Promise.all(lapsed.map(async (sight) => {
      const { key, bucket, revision: expected } = sight;
      const record = this.#markOf(sight.record!);
      const revision = await keys.write({
        key,
        bucket,
        expected,
        data: encodeRecord(record),
        headers: `Nats-TTL: ${MARK_TTL_SECONDS}s\r\n`,
      }, retry);
      const found = revision === undefined
        ? this.#sightOf({ key, ...await keys.read(key, retry) })
        : { key, bucket, revision, record };
      this.#watch.correct(found, readClocks());
    }));
  }

  /** What a key has; nothing else stops because a newer node is there. */
  #sightOf({ key, bucket, revision, data }: NamedEntry): LeaseSight {
    const place = { key, bucket, revision };
    try {
      return { ...place, record: decodeRecord(data) };
    } catch (error) {
      this.#options.link.note(error);
      return { ...place, record: undefined, isUnreadable: true };
    }
  }

  /** The mark in the place of a lease that has lapsed. */
  #markOf(
    { holder, incarnation, duration, term }: LeaseRecord,
  ): LeaseRecord {
    return {
      holder,
      incarnation: this.#incarnation,
      nonce: crypto.randomUUID(),
      duration: this.#options.settings.lease,
      term: term + 1,
      released: true,
      replaced: { incarnation, duration },
    };
  }

  /** Leads no more in this term, for others know a higher one. */
  #stepBack(leader: MapLeader): void {
    this.#termAbove = Math.max(this.#termAbove, leader.highestTerm);
    this.#leader = undefined;
    this.#keeper.release(Promise.resolve());
  }
}
