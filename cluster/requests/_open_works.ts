/**
 * The works by shard of one node.
 *
 * @module
 */

import { isInTime } from "../../internal/waiting.ts";
import type { ShardEpoch } from "../map/held_shards.ts";
import type { AcquiredShard, ShardEngine } from "../shards/shard_engine.ts";
import type { Meter } from "../../internal/telemetry/types.ts";
import { BucketCheckpoints } from "./_bucket_checkpoints.ts";
import type {
  OpenShardWork,
  ShardWork,
  ShardWorkMetrics,
} from "./shard_work.ts";
import { reportWork } from "./_work_meter.ts";

/** Tells each work of a node which shards it serves. */
export class OpenWorks {
  readonly #works: ReadonlyMap<string, ShardWork>;
  /** End what a meter is told. */
  readonly #stops: (() => void)[] = [];
  /** Those that are open, and are to be closed. */
  readonly #open: OpenShardWork[] = [];
  #isOpen = false;
  /** Shards that came before the works were open. */
  #early: AcquiredShard[] = [];

  constructor(works: ReadonlyMap<string, ShardWork>) {
    this.#works = works;
  }

  /** Whether there is any work. */
  get any(): boolean {
    return this.#works.size > 0;
  }

  /** What all of them have counted together. */
  get metrics(): ShardWorkMetrics {
    const sum = { done: 0, failed: 0, waiting: 0 };
    for (const { metrics } of this.#open) {
      sum.done += metrics.done;
      sum.failed += metrics.failed;
      sum.waiting += metrics.waiting;
    }
    return sum;
  }

  /** Begins the works on a node that has joined. */
  begin(
    engine: ShardEngine,
    { cluster, shards: shardCount, meter }: {
      cluster: string;
      shards: number;
      meter: Meter | undefined;
    },
  ): void {
    const { membership } = engine;
    for (const [name, work] of this.#works) {
      const open = work.open({
        name,
        shardCount,
        checkpoints: new BucketCheckpoints(membership.keys, name),
        admits: ({ shard, epoch }) => engine.admits(shard, epoch),
        holds: ({ shard, epoch }) => engine.holds(shard, epoch),
        report: (error) => membership.report(error),
      });
      this.#open.push(open);
      if (meter !== undefined) {
        this.#stops.push(reportWork(meter, cluster, name, open));
      }
    }
    this.#isOpen = true;
    for (const at of this.#early.splice(0)) this.#acquired(at);
  }

  /**
   * Calls a hook of a shard, and has works begin with the shard when that has
   * settled or has taken too long: from then on the node serves it.
   */
  async beginAfter(
    hook: (at: AcquiredShard) => unknown,
    at: AcquiredShard,
    timeout: number,
  ): Promise<void> {
    const called = (async () => await hook(at))();
    await isInTime(called.catch(() => {}), timeout); // its caller is told
    this.#acquired(at);
    await called;
  }

  /** The node serves a shard, unless it has lost it already. */
  #acquired(at: AcquiredShard): void {
    if (at.signal.aborted) return;
    const { shard, epoch } = at;
    if (!this.#isOpen) this.#early.push(at);
    else for (const work of this.#open) work.acquired({ shard, epoch });
  }

  /** Resolves when what was begun for a shard has ended. */
  async released(at: ShardEpoch): Promise<void> {
    await Promise.all(this.#open.map((work) => work.released(at)));
  }

  /** What the node admits or holds may have changed. */
  changed(): void {
    for (const work of this.#open) work.changed();
  }

  /** Ends them. */
  async close(): Promise<void> {
    for (const stop of this.#stops.splice(0)) stop();
    await Promise.all(this.#open.map((work) => work.close()));
  }
}
