/**
 * A node among the others: its lease, the map, and its part in leading that.
 *
 * @module
 */

import { call, type Report, reportTo } from "../../internal/callbacks.ts";
import { isInTime, untilAborted } from "../../internal/waiting.ts";
import { readClocks } from "../lease/clock.ts";
import type { ClusterLink, OpenClusterLink } from "../lease/cluster_link.ts";
import type { KeyValues } from "../lease/key_values.ts";
import type { LeaseSettings } from "../lease/settings.ts";
import {
  type ClusterMap,
  isMember,
  type MapMember,
} from "../map/cluster_map.ts";
import type { ShardEpoch } from "../map/held_shards.ts";
import { agreeOnSettings, type ClusterSettings } from "./cluster_settings.ts";
import { Candidacy } from "./_candidacy.ts";
import { LEADER_NEWS, MAP_NEWS, NODE_NEWS } from "./_contender.ts";
import { ClusterMismatchError, NodeIdTakenError } from "./errors.ts";
import { MapFollower } from "./_map_follower.ts";
import { NodeLease } from "./_node_lease.ts";
import { type MapStamp, NO_MAP, writeReport } from "./node_report.ts";

/** What a node says of itself. */
export type NodeInfo = Omit<MapMember, "id" | "incarnation" | "state">;

/** How a node takes part. */
export interface MembershipOptions {
  readonly cluster: string;
  readonly role: "member" | "client";
  readonly nodeId: string;
  readonly info: NodeInfo;
  readonly settings: LeaseSettings;
  readonly agreed: Partial<ClusterSettings>;
  readonly settle: number;
  /** How long the start may take, in milliseconds. */
  readonly startTimeout: number;
  /** Whether the cluster is within this process. */
  readonly isLocal: boolean;
  readonly onError: ((error: unknown) => void) | undefined;
}

/** What a membership tells its user; each after the state is as it says. */
export interface MembershipListener {
  /** The membership is made, before it does anything. */
  joining?(membership: Membership): void;
  /** A life of the node begins, which owns nothing. */
  begun?(incarnation: string): void;
  /** The life is over: others may have taken its place. */
  ended?(): void;
  /** Its window may have opened or closed, or the map was confirmed. */
  changed?(): void;
  /** There is a newer map. */
  applied?(map: ClusterMap): void;
  /** Gives what the leader is to be told: shards that the node has let go of. */
  acknowledgements?(): readonly ShardEpoch[];
  /** It is over, because of an error. */
  failed?(reason: Error): void;
}

/** Counts since a node has joined; each only rises. */
export interface MembershipCounters {
  /** Maps that were applied. */
  maps: number;
  /** Times in which the node lost its lease, and began anew. */
  lost: number;
  /** Times in which the connection was asked to reconnect. */
  reconnects: number;
}

/** A node among the others, until it leaves. */
export class Membership {
  readonly options: MembershipOptions;
  /** What is counted. */
  readonly counters: MembershipCounters = { maps: 0, lost: 0, reconnects: 0 };
  /** Where errors go that don't pass by themselves. */
  readonly report: Report;
  readonly #listener: MembershipListener;
  readonly #link: ClusterLink;
  readonly #follower: MapFollower;
  readonly #candidacy: Candidacy;
  readonly #started = Promise.withResolvers<void>();
  #lease: NodeLease | undefined;
  #state: MapMember["state"] = "joining";
  #seen: MapStamp = NO_MAP;
  #before: MapStamp = NO_MAP;
  #isOver = false;

  private constructor(
    open: OpenClusterLink,
    options: MembershipOptions,
    listener: MembershipListener,
  ) {
    this.options = options;
    this.report = reportTo(options.onError);
    this.#listener = listener;
    this.#link = open({
      up: () => this.#poke(),
      over: (reason) => this.#fail(reason),
      report: this.report,
      reconnected: () => this.counters.reconnects++,
    });
    const link = this.#link;
    const { settings } = options;
    this.#follower = new MapFollower({
      link,
      settings,
      apply: (map) => this.#apply(map),
      wentBack: () => this.#candidacy.doubt(),
      confirmed: () => listener.changed?.(),
    });
    this.#candidacy = new Candidacy({
      ...options,
      link,
      shards: options.agreed.shards ?? 0,
      incarnation: () => this.#isOver ? undefined : this.incarnation,
      map: () => this.map,
      wrote: (entry) => this.#follower.take(entry),
      changed: () => listener.changed?.(),
      wentBack: () => this.#follower.reread(),
      recreated: async () => {
        await this.#agree(0).catch((error) => {
          if (!(error instanceof ClusterMismatchError)) throw error;
          this.#fail(error);
        });
        this.#follower.reread();
      },
    });
    listener.joining?.(this);
  }

  /**
   * Takes part: resolves when the node has its lease, or a client has asked for
   * the map.
   */
  static async join(
    open: OpenClusterLink,
    options: MembershipOptions,
    listener: MembershipListener,
    signal: AbortSignal | undefined,
  ): Promise<Membership> {
    const membership = new Membership(open, options, listener);
    try {
      await membership.#start(signal);
      return membership;
    } catch (error) {
      await membership.abandon();
      throw error;
    }
  }

  /** What the cluster keeps. */
  get keys(): KeyValues {
    return this.#link.keys;
  }

  /** The newest map; undefined before the first one. */
  get map(): ClusterMap | undefined {
    return this.#follower.map;
  }

  /** The incarnation, while the node has begun its life. */
  get incarnation(): string | undefined {
    return this.#lease?.isAlive ? this.#lease.incarnation : undefined;
  }

  /** Whether this node leads the map at this very moment. */
  get isLeader(): boolean {
    return this.#candidacy.isLeader;
  }

  /** Milliseconds since the map was known to be the newest. */
  get mapAge(): number {
    return this.#follower.age(readClocks());
  }

  /**
   * Whether the node may begin something as a member at this very moment: it
   * has its lease, and knows as of a time within the window that it has the
   * newest map.
   */
  isOpen(): boolean {
    const { renewDeadline } = this.options.settings;
    const now = readClocks();
    return this.#lease !== undefined && this.#lease.isHeld(now) &&
      this.#follower.age(now) < renewDeadline;
  }

  /** The node itself, as the map has it. */
  get self(): MapMember | undefined {
    const { incarnation } = this;
    if (incarnation === undefined) return undefined;
    const self = { id: this.options.nodeId, incarnation };
    return this.map?.members.find((member) => isMember(member, self));
  }

  /** Tells the leader soon what has changed. */
  refresh(): void {
    this.#lease?.refresh();
  }

  /** Says that the node is about to leave: it gets no shards any more. */
  prepareToLeave(): void {
    if (this.#state === "leaving") return;
    this.#state = "leaving";
    this.refresh();
  }

  /**
   * Leaves: others may take its place at once. What NATS has not answered after
   * `timeout` milliseconds, or `retry` if that is longer, is left unsaid.
   */
  async leave(timeout: number = this.options.settings.lease): Promise<void> {
    if (this.#isOver) return;
    this.#isOver = true;
    const bound = Math.max(timeout, this.options.settings.retry);
    if (await isInTime(this.#release(), bound)) await this.#link.close();
    else await this.abandon();
  }

  /** Lets others in; its own lease last, whose answer shows errors before. */
  async #release(): Promise<void> {
    await this.#follower.stop();
    await this.#candidacy.stop();
    await this.#lease?.release();
  }

  /** Leaves without a word: others wait for its lease to lapse. */
  async abandon(): Promise<void> {
    this.#isOver = true;
    this.#lease?.stop();
    await Promise.all([this.#follower.stop(), this.#candidacy.abandon()]);
    await this.#link.close();
  }

  async #start(signal: AbortSignal | undefined): Promise<void> {
    const { nodeId, role, startTimeout } = this.options;
    signal?.throwIfAborted();
    const isMember = role === "member";
    const link = this.#link;
    link.subscribe(MAP_NEWS, () => this.#follower.poke());
    if (isMember) {
      link.subscribe(LEADER_NEWS, () => this.#candidacy.poke());
      link.subscribe(NODE_NEWS, (text) => this.#candidacy.heard(Number(text)));
    }
    await untilAborted(this.#agree(startTimeout, signal), signal);
    const aborted = () => this.#started.reject(signal!.reason);
    signal?.addEventListener("abort", aborted);
    const timer = setTimeout(() => {
      this.#started.reject(new NodeIdTakenError(nodeId, "timeout"));
    }, startTimeout);
    try {
      this.#follower.poke();
      this.#candidacy.poke();
      if (isMember) {
        this.#begin();
        await this.#started.promise;
      }
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener("abort", aborted);
    }
  }

  /** Begins a life. */
  #begin(): void {
    const { nodeId, settings } = this.options;
    const lease = this.#lease = new NodeLease({
      link: this.#link,
      nodeId,
      settings,
      report: (incarnation) => this.#report(incarnation),
      changed: () => this.#listener.changed?.(),
      granted: () => {
        this.#listener.begun?.(lease.incarnation);
        this.#started.resolve();
        // Others may have seen the lease before the answer was here.
        if (this.#noticeListing()) this.refresh();
        this.#candidacy.arrange();
      },
      lost: () => {
        this.counters.lost++;
        if (this.#state === "ready") this.#state = "joining";
        this.#listener.ended?.();
        this.#begin();
      },
      taken: () => this.#fail(new NodeIdTakenError(nodeId, "alive")),
      stored: (place) => this.#follower.noteWrite(place),
    });
    lease.start();
  }

  /** What the lease tells of the node. */
  #report(incarnation: string): unknown {
    const { nodeId: id, info } = this.options;
    return writeReport({
      member: { id, incarnation, state: this.#state, ...info },
      seen: this.#seen,
      before: this.#before,
      released: this.#listener.acknowledgements?.() ?? [],
    });
  }

  #apply(map: ClusterMap): void {
    this.counters.maps++;
    const { term, version } = map;
    const isNewTerm = term !== this.#seen.term;
    if (isNewTerm) this.#before = this.#seen;
    this.#seen = { term, version };
    this.#listener.applied?.(map);
    if (this.#isOver) return;
    const isListed = this.#noticeListing();
    // A new leader waits for all nodes to know its map.
    if (isListed || isNewTerm) this.refresh();
    this.#candidacy.arrange();
  }

  /** Becomes ready once the map lists the node; whether it did so just now. */
  #noticeListing(): boolean {
    if (this.#state !== "joining" || this.self === undefined) return false;
    this.#state = "ready";
    return true;
  }

  /** Compares the cluster's settings, or stores them in a new bucket. */
  #agree(timeout: number, signal?: AbortSignal): Promise<void> {
    const { cluster, agreed: own, role, settings: { retry } } = this.options;
    const writes = role === "member";
    const node = { cluster, own, writes, retry, timeout, signal };
    return agreeOnSettings(this.#link.keys, node);
  }

  #poke(): void {
    this.#follower.poke();
    this.#candidacy.poke();
    this.#lease?.poke();
  }

  #fail(reason: Error): void {
    this.#started.reject(reason);
    this.#started.promise.catch(() => {});
    if (this.#isOver) return;
    call(this.report, () => this.#listener.failed?.(reason));
    this.abandon();
  }
}
