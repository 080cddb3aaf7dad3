/**
 * What a caller knows of the owners of shards, and waiting for others.
 *
 * @module
 */

import type { ShardOwnership } from "../shards/shard_engine.ts";
import type { NodeAddress } from "./transport.ts";

/** How long a caller waits before it asks again where nothing has changed. */
const MAX_PAUSE_MS = 100;

/** What a requester knows of the shards. */
export interface RequestRouting {
  /** How many there are; undefined as long as that is not known. */
  readonly shardCount: number | undefined;
  ownerOf(shard: number): ShardOwnership | undefined;
  /** Whether a node is there in that life, by the newest map. */
  isMember(address: NodeAddress): boolean;
  /** This node, in its present life. */
  readonly self: NodeAddress | undefined;
}

/** The owners of shards; it never goes back to an older one. */
export class Owners {
  readonly routing: RequestRouting;
  /** The highest epoch that was heard of, by shard. */
  readonly #epochs = new Map<number, number>();
  readonly #waiters = new Set<() => void>();

  constructor(routing: RequestRouting) {
    this.routing = routing;
  }

  /** Whether an owner is this node, in its present life. */
  isSelf({ nodeId, incarnation }: ShardOwnership): boolean {
    const { self } = this.routing;
    return nodeId === self?.nodeId && incarnation === self.incarnation;
  }

  /** The owner of a shard, unless a later one was heard of. */
  of(shard: number): ShardOwnership | undefined {
    const owner = this.routing.ownerOf(shard);
    if (owner === undefined || owner.epoch < this.epochOf(shard)) {
      return undefined;
    }
    return owner;
  }

  /** The highest epoch of a shard that is known. */
  epochOf(shard: number): number {
    const known = this.routing.ownerOf(shard)?.epoch ?? 0;
    this.note(shard, known);
    return this.#epochs.get(shard) ?? 0;
  }

  /** Somebody has told of an epoch. */
  note(shard: number, epoch: number): void {
    if (epoch > (this.#epochs.get(shard) ?? 0)) this.#epochs.set(shard, epoch);
  }

  /** There may be another owner of something. */
  changed(): void {
    for (const look of [...this.#waiters]) look();
  }

  /** Calls `look` with each change; returns how to stop. */
  listen(look: () => void): () => void {
    this.#waiters.add(look);
    return () => this.#waiters.delete(look);
  }

  /**
   * Waits for a change, `left` milliseconds and a moment at most.
   *
   * @param isOver Whether there is nothing to wait for any more.
   */
  pause(
    left: number,
    signal: AbortSignal | undefined,
    isOver: () => boolean,
  ): Promise<void> {
    if (isOver()) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const settle = (end: () => void) => {
        clearTimeout(timer);
        unlisten();
        signal?.removeEventListener("abort", aborted);
        end();
      };
      const aborted = () => settle(() => reject(signal!.reason));
      const most = MAX_PAUSE_MS * (0.5 + Math.random() / 2);
      const timer = setTimeout(
        () => settle(resolve),
        Math.max(0, Math.min(left, most)),
      );
      const unlisten = this.listen(() => isOver() && settle(resolve));
      signal?.addEventListener("abort", aborted);
    });
  }
}
