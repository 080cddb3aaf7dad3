/**
 * Whether a node leads the map, stands by to do so, or leaves that to others.
 *
 * @module
 */

import { Repeater } from "../../internal/repeater.ts";
import type { ClusterLink } from "../lease/cluster_link.ts";
import type { LeaseSettings } from "../lease/settings.ts";
import { type ClusterMap, isMember } from "../map/cluster_map.ts";
import { Contender, LEADER_KEY } from "./_contender.ts";
import type { MapEntry } from "./stored_map.ts";

/** So many nodes lead the map or stand by, as long as one of them is alive. */
const CONTENDERS = 3;

/** The leases of so many nodes may be watched by all that find them deserted. */
const FEW_NODES = 8;

/** What a candidacy needs. */
export interface CandidacyOptions {
  readonly link: ClusterLink;
  readonly nodeId: string;
  readonly settings: LeaseSettings;
  readonly shards: number;
  readonly settle: number;
  readonly isLocal: boolean;
  /** The node's incarnation, while it is to take part. */
  incarnation(): string | undefined;
  /** The newest map that this node has applied. */
  map(): ClusterMap | undefined;
  /** A map was written. */
  wrote(entry: MapEntry): void;
  /** Whether the node leads has changed. */
  changed(): void;
  /** The leader's lease went back: servers have lost data. */
  wentBack(): void;
  /** The bucket was made anew. */
  recreated(): Promise<void>;
}

/**
 * The first few members of the map contend for leading it. Should they all be
 * gone, the next few take their part, and so on. Nodes that are not in the map
 * contend as well, for there may be nobody else.
 */
export class Candidacy {
  readonly #options: CandidacyOptions;
  readonly #repeater = new Repeater(() => this.#look());
  #bucket: string;
  /** Of the leader's lease. */
  #revision = 0;
  /** Since when the leader was seen unchanged, in monotonic milliseconds. */
  #unchangedSince = performance.now();
  #contender: Contender | undefined;
  /** Those that contend no more, until they have let others in. */
  readonly #former = new Map<Contender, Promise<void>>();
  #isOver = false;

  constructor(options: CandidacyOptions) {
    this.#options = options;
    this.#bucket = options.link.keys.incarnation;
  }

  /** Whether this node leads the map at this very moment. */
  get isLeader(): boolean {
    return this.#contender?.isLeader ?? false;
  }

  /** Takes in news: a node has written its lease at this revision. */
  heard(revision: number): void {
    this.#contender?.heard(revision);
  }

  /** Has the leader look at the map anew, if that is this node. */
  doubt(): void {
    this.#contender?.doubt();
  }

  /** Looks soon. */
  poke(): void {
    this.#repeater.poke();
    this.#contender?.poke();
  }

  /** Begins or ends to contend, as the map and the leader's lease have it. */
  arrange(): void {
    if (this.#isOver) return;
    const { map, link, incarnation } = this.#options;
    const place = this.#placeInLine();
    const isContending = place !== undefined || this.isLeader;
    if (isContending && this.#contender === undefined) {
      this.#contender = new Contender({
        ...this.#options,
        isAlone: this.#options.isLocal,
        known: map,
      });
    } else if (!isContending && this.#contender !== undefined) {
      const contender = this.#contender;
      this.#contender = undefined;
      const stopped = contender.stop()
        .catch((error) => link.note(error))
        .finally(() => this.#former.delete(contender));
      this.#former.set(contender, stopped);
    }
    const isListed = incarnation() !== undefined && place !== Infinity;
    this.#contender?.watch(isListed || this.#isDeserted());
  }

  /**
   * Whether nobody may be left of the few nodes in the map: nobody was seen to
   * renew the leader's lease since this node looked last.
   */
  #isDeserted(): boolean {
    const { map, settings } = this.#options;
    const { length = 0 } = map()?.members ?? [];
    return length > 0 && length <= FEW_NODES && this.#revision > 0 &&
      performance.now() - this.#unchangedSince >= 2 * settings.renewEvery;
  }

  /** Ends; lets others lead, if this node does. */
  async stop(): Promise<void> {
    this.#isOver = true;
    await this.#repeater.stop();
    await Promise.all([this.#contender?.stop(), ...this.#former.values()]);
  }

  /** Ends without a word. */
  async abandon(): Promise<void> {
    this.#isOver = true;
    await this.#repeater.stop();
    const former = [...this.#former.keys()].map((each) => each.abandon());
    await Promise.all([this.#contender?.abandon(), ...former]);
  }

  /**
   * The node's place among the members, if it is its turn to contend; Infinity
   * if it is not in the map.
   */
  #placeInLine(): number | undefined {
    const { nodeId: id, settings: { lease } } = this.#options;
    const incarnation = this.#options.incarnation();
    if (incarnation === undefined) return undefined;
    const { members = [] } = this.#options.map() ?? {};
    const place = members.findIndex((member) =>
      isMember(member, { id, incarnation })
    );
    if (place < 0) return Infinity;
    const turn = Math.floor(place / CONTENDERS) * lease / 2;
    const isTurn = turn === 0 ||
      performance.now() - this.#unchangedSince >= turn;
    return isTurn ? place : undefined;
  }

  async #look(): Promise<number> {
    const { link, settings } = this.#options;
    try {
      const { bucket, revision } = await link.keys.read(
        LEADER_KEY,
        settings.retry,
      );
      if (bucket !== this.#bucket) {
        await this.#options.recreated();
        this.#bucket = bucket;
      } else if (revision < this.#revision) this.#options.wentBack();
      if (revision !== this.#revision) this.#unchangedSince = performance.now();
      this.#revision = revision;
      link.note(undefined);
      this.arrange();
    } catch (error) {
      link.note(error);
    }
    return settings.renewEvery * 2;
  }
}
