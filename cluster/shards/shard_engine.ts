/**
 * The shards of one node, for whatever serves them.
 *
 * @module
 */

import { Deadline, isInTime } from "../../internal/waiting.ts";
import type { OpenClusterLink } from "../lease/cluster_link.ts";
import { type ClusterMap, OWNED, ownerOf } from "../map/cluster_map.ts";
import { HeldShards, type ShardEpoch } from "../map/held_shards.ts";
import { planShards } from "../map/plan.ts";
import { Membership, type MembershipOptions } from "../members/membership.ts";
import type { ShardLostError } from "./errors.ts";
import { type AcquiredShard, Tenancy, type TenancyHooks } from "./_tenancy.ts";

export type { AcquiredShard };

/** How a node serves shards. */
export interface ShardEngineOptions extends MembershipOptions {
  /** How many shards the cluster has; undefined for a client. */
  readonly shards: number | undefined;
  /** How long each hook may take, in milliseconds. */
  readonly hookTimeout: number;
}

/** What an engine calls. */
export interface ShardEngineHooks
  extends Partial<Pick<TenancyHooks, "acquired" | "drain" | "released">> {
  /** All shards are handed over; the node is a member until it settles. */
  leaving?(): Promise<void> | undefined;
  /** There is a newer map. */
  applied?(map: ClusterMap): void;
  /** Something that {@linkcode ShardEngine} tells may have changed. */
  changed?(): void;
  /** It is over, because of an error. */
  failed?(reason: Error): void;
}

/** An ownership as the newest map has it. */
export interface ShardOwnership {
  /** The owner's id. */
  readonly nodeId: string;
  /** Which life of the node. */
  readonly incarnation: string;
  /** The epoch at which it owns the shard. */
  readonly epoch: number;
}

/** Counts since a node has joined; each only rises. */
export interface ShardCounters {
  acquired: number;
  released: number;
  failedHooks: number;
}

/**
 * Serves shards as long as this node owns them: what the newest map gives it,
 * while its window is open, between the hooks of each.
 */
export class ShardEngine {
  /** What is counted. */
  readonly counters: ShardCounters = {
    acquired: 0,
    released: 0,
    failedHooks: 0,
  };
  readonly #options: ShardEngineOptions;
  readonly #hooks: ShardEngineHooks;
  readonly #tenancyHooks: TenancyHooks;
  /** By shard; one ends before the next one begins. */
  readonly #tenancies = new Map<number, Tenancy>();
  readonly #waiters = new Set<() => void>();
  #membership!: Membership;
  #held: HeldShards | undefined;
  #isOpen = false;
  #isLeaving = false;
  /** Ends the window when the map is not confirmed in time. */
  #windowTimer: ReturnType<typeof setTimeout> | undefined;
  #tellTimer: ReturnType<typeof setTimeout> | undefined;

  private constructor(options: ShardEngineOptions, hooks: ShardEngineHooks) {
    this.#options = options;
    this.#hooks = hooks;
    this.#tenancyHooks = {
      acquired: hooks.acquired,
      drain: hooks.drain,
      released: hooks.released,
      timeout: options.hookTimeout,
      report: (error) => {
        this.counters.failedHooks++;
        this.#membership.report(error);
      },
      activated: () => this.#changed(),
    };
  }

  /** Takes part in a cluster; see {@linkcode Membership.join}. */
  static async join(
    open: OpenClusterLink,
    options: ShardEngineOptions,
    hooks: ShardEngineHooks,
    signal: AbortSignal | undefined,
  ): Promise<ShardEngine> {
    const engine = new ShardEngine(options, hooks);
    await Membership.join(open, options, {
      joining: (membership) => engine.#membership = membership,
      begun: (incarnation) => engine.#begin(incarnation),
      ended: () => engine.#endLife(),
      changed: () => engine.#look(),
      applied: (map) => engine.#apply(map),
      acknowledgements: () => engine.#held?.acknowledgements() ?? [],
      failed: (reason) => engine.#fail(reason),
    }, signal);
    return engine;
  }

  /** The node among the others. */
  get membership(): Membership {
    return this.#membership;
  }

  /** The newest map; undefined before the first one. */
  get map(): ClusterMap | undefined {
    return this.#membership.map;
  }

  /** How many shards the cluster has; undefined as long as a client knows none. */
  get shardCount(): number | undefined {
    return this.#options.shards ?? this.map?.states.length;
  }

  /** Who owns a shard by the newest map; undefined if nobody does. */
  ownerOf(shard: number): ShardOwnership | undefined {
    const { map } = this;
    const owner = map && ownerOf(map, shard);
    if (owner === undefined) return undefined;
    const { id: nodeId, incarnation } = owner;
    return { nodeId, incarnation, epoch: map!.epochs[shard]! };
  }

  /**
   * The epoch at which this node may begin something for a shard at this very
   * moment; undefined if it may not.
   */
  epochOf(shard: number): number | undefined {
    const tenancy = this.#tenancies.get(shard);
    if (!tenancy?.isActive || !this.#membership.isOpen()) return undefined;
    return tenancy.at.epoch;
  }

  /**
   * Whether this node may begin something for a shard, at an epoch, at this
   * very moment.
   */
  admits(shard: number, epoch: number): boolean {
    return this.epochOf(shard) === epoch;
  }

  /**
   * Whether what this node has begun for a shard, at an epoch, may still come
   * to its end: the node has not let go of it, and its window is open. The
   * window of a later life of the node does not count.
   */
  holds(shard: number, epoch: number): boolean {
    const tenancy = this.#tenancies.get(shard);
    return tenancy?.at.epoch === epoch && tenancy.life === this.#held &&
      this.#membership.isOpen();
  }

  /** The shards that this node serves at this very moment. */
  owned(): ShardEpoch[] {
    if (!this.#membership.isOpen()) return [];
    return [...this.#tenancies.values()].filter(({ isActive }) => isActive)
      .map(({ at }) => at);
  }

  /**
   * Whether the cluster has settled, as far as this node knows: every shard is
   * where it is to be, and this node serves those that it owns.
   */
  isSettled(): boolean {
    const { map } = this;
    if (map === undefined) return false;
    if (map.states.some((state) => state !== OWNED)) return false;
    if (this.#options.role === "client") return map.states.length > 0;
    if (this.#membership.self?.state !== "ready") return false;
    const plan = planShards(map);
    return plan.every((target, shard) => target === map.owners[shard]) &&
      [...this.#held?.held() ?? []].every(({ shard }) =>
        this.#tenancies.get(shard)?.isActive
      );
  }

  /**
   * Hands all shards over and leaves. What takes longer than `timeout`
   * milliseconds is stopped without another one to go on.
   */
  async leave(timeout: number): Promise<void> {
    if (this.#isLeaving) return;
    this.#isLeaving = true;
    const deadline = new Deadline(timeout);
    const isMember = this.#options.role === "member";
    if (isMember && this.#held !== undefined) {
      this.#membership.prepareToLeave();
      await isInTime(this.#until(() => !this.#ownsAny()), deadline.left);
    }
    clearTimeout(this.#windowTimer);
    await this.#endAll("left");
    clearTimeout(this.#tellTimer);
    await this.#hooks.leaving?.();
    await this.#membership.leave(deadline.left);
  }

  /** Whether the node owns shards by the map, or has not let go of some. */
  #ownsAny(): boolean {
    const { map, membership: { self } } = this;
    if (this.#tenancies.size > 0) return true;
    if (map === undefined || self === undefined) return false;
    const index = map.members.indexOf(self);
    return map.owners.includes(index);
  }

  #begin(incarnation: string): void {
    const { nodeId: id } = this.#options;
    this.#held = new HeldShards({ id, incarnation });
    const { map } = this;
    if (map !== undefined) this.#apply(map);
  }

  #endLife(): void {
    this.#held = undefined;
    this.#isOpen = false;
    this.#endAll("replaced");
    this.#changed();
  }

  #apply(map: ClusterMap): void {
    for (const { shard, epoch } of this.#held?.apply(map).revoked ?? []) {
      this.#release({ shard, epoch });
    }
    this.#serve();
    this.#hooks.applied?.(map);
    this.#changed();
  }

  /** Looks whether the window is open, and does what follows from that. */
  #look(): void {
    const isOpen = this.#membership.isOpen();
    clearTimeout(this.#windowTimer);
    if (isOpen) {
      const { renewDeadline } = this.#options.settings;
      const left = Math.max(0, renewDeadline - this.#membership.mapAge);
      this.#windowTimer = setTimeout(() => this.#look(), left + 1);
    }
    if (isOpen !== this.#isOpen) {
      this.#isOpen = isOpen;
      if (isOpen) this.#serve();
      else this.#endAll("lapsed");
    }
    this.#changed();
  }

  /** Begins to serve what the node holds. */
  #serve(): void {
    for (const at of this.#held?.held() ?? []) this.#take(at);
  }

  /** Begins to serve a shard that is held, unless it is served already. */
  #take(at: ShardEpoch): boolean {
    const life = this.#held;
    const mayBegin = this.#isOpen && !this.#isLeaving && life !== undefined;
    if (!mayBegin || this.#tenancies.has(at.shard)) return false;
    this.counters.acquired++;
    this.#tenancies.set(at.shard, new Tenancy(at, life, this.#tenancyHooks));
    return true;
  }

  /** Stops serving a shard that is revoked, and then lets go of it. */
  async #release(at: ShardEpoch): Promise<void> {
    const held = this.#held;
    await this.#end(at.shard, "revoked");
    if (held === undefined || held !== this.#held) return;
    held.letGo(at);
    this.#serve();
    this.#changed();
    // Many are told of at a time.
    this.#tellTimer ??= setTimeout(() => {
      this.#tellTimer = undefined;
      this.#membership.refresh();
    }, 0);
  }

  async #end(shard: number, code: ShardLostError["code"]): Promise<void> {
    const tenancy = this.#tenancies.get(shard);
    if (tenancy === undefined) return;
    await tenancy.end(code);
    if (this.#tenancies.get(shard) !== tenancy) return; // somebody else saw it
    this.#tenancies.delete(shard);
    this.counters.released++;
    // It may have been held again meanwhile.
    const epoch = this.#held?.epochOf(shard);
    const isTaken = epoch !== undefined && this.#take({ shard, epoch });
    if (isTaken) this.#changed();
  }

  async #endAll(code: ShardLostError["code"]): Promise<void> {
    const shards = [...this.#tenancies.keys()];
    await Promise.all(shards.map((shard) => this.#end(shard, code)));
    this.#changed();
  }

  #fail(reason: Error): void {
    clearTimeout(this.#windowTimer);
    clearTimeout(this.#tellTimer);
    this.#held = undefined;
    this.#endAll("failed");
    this.#changed();
    this.#hooks.failed?.(reason);
  }

  #changed(): void {
    for (const look of [...this.#waiters]) look();
    this.#hooks.changed?.();
  }

  /** Resolves when a condition holds, which is looked at with each change. */
  #until(condition: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const look = () => {
        if (!condition()) return;
        this.#waiters.delete(look);
        resolve();
      };
      this.#waiters.add(look);
      look();
    });
  }
}
