/**
 * What may never happen in a cluster of shards.
 *
 * @module
 */

import {
  type ClusterMap,
  isNewerMap,
} from "../../../cluster/map/cluster_map.ts";
import type { ShardEpoch } from "../../../cluster/map/held_shards.ts";
import type { ShardEngine } from "../../../cluster/shards/shard_engine.ts";
import { auditStep } from "./_map_audit.ts";
import type { Way } from "./_network.ts";
import type { Process, SimulatedRuntime } from "./_process.ts";
import type { SimulatedServers } from "./_servers.ts";

const MAP_KEY = "map";

/** A node, through all its processes. */
export interface SimulatedNode {
  readonly index: number;
  readonly way: Way;
  lives: number;
  process: Process | undefined;
  engine: ShardEngine | undefined;
  /** Whether it led the map when it ran last. */
  leads: boolean;
  /** By shard, the epoch that it served when it ran last. */
  served: Map<number, number>;
  /** All that its process has ever served. */
  begun: ShardEpoch[];
  /** What of that might still be at work when it ran last. */
  held: ReadonlySet<ShardEpoch>;
}

/** What a judge looks at, and whom it tells. */
export interface JudgeOptions {
  readonly nodes: readonly SimulatedNode[];
  /** How many shards there are. */
  readonly shards: number;
  readonly runtime: SimulatedRuntime;
  readonly servers: SimulatedServers;
  note(what: () => string): void;
  fail(what: string): void;
}

/** Finds what goes wrong. */
export class Judge {
  /** How often a node began to serve a shard. */
  begun = 0;
  readonly #options: JudgeOptions;
  /** By shard, the highest epoch served, and by whom; since data was lost. */
  readonly #epochs = new Map<number, { epoch: number; incarnation: string }>();
  /** Whether the servers have ever lost data. */
  #hasLostData = false;

  constructor(options: JudgeOptions) {
    this.#options = options;
    const { servers, fail } = options;
    servers.written = (key, replaced, stored) => {
      if (key !== MAP_KEY || this.#hasLostData) return;
      const wrong = auditStep(servers, replaced, stored);
      if (wrong !== undefined) fail(wrong);
    };
  }

  /** The servers lose data, perhaps only of a node. */
  loseData({ isNode = false }: { isNode?: boolean } = {}): void {
    this.#hasLostData = true;
    if (!isNode) this.#epochs.clear();
  }

  /** A process applies a map, after another one. */
  applies(
    nodeId: string,
    before: ClusterMap | undefined,
    map: ClusterMap,
  ): void {
    this.#options.note(() => {
      const owners = [...map.owners].map((owner, shard) =>
        `${map.members[owner]?.id ?? "-"}${"f!r"[map.states[shard]!]}`
      );
      const { term, version } = map;
      return `${nodeId} applies ${term}.${version} ${owners}`;
    });
    if (before !== undefined && isNewerMap(before, map)) {
      this.#options.fail(`${nodeId} goes back to an older map`);
    }
  }

  /**
   * Looks at what a node serves, and at what it has begun and may still be at
   * work on; the clocks may have ended both.
   */
  async look(node: SimulatedNode): Promise<void> {
    const { engine, process } = node;
    // One that is stopped begins nothing; asking it would set it to work.
    if (engine === undefined || !process?.isRunning) return;
    const owned = process.look(() => engine.owned());
    node.leads = process.look(() => engine.membership.isLeader);
    await this.#options.runtime.settle();
    const served = new Map(owned.map(({ shard, epoch }) => [shard, epoch]));
    for (const [shard, epoch] of served) {
      if (node.served.get(shard) === epoch) continue;
      await this.#begins(node, shard, epoch);
    }
    node.served = served;
    const held = process.look(() => node.begun.filter(isHeldBy(engine)));
    await this.#options.runtime.settle();
    for (const at of held) {
      if (!node.held.has(at)) await this.#checkAlone(node, at.shard);
    }
    node.held = new Set(held);
  }

  async #begins(
    node: SimulatedNode,
    shard: number,
    epoch: number,
  ): Promise<void> {
    this.begun++;
    this.#options.note(() => `node ${node.index} serves ${shard} at ${epoch}`);
    node.begun.push({ shard, epoch });
    await this.#checkAlone(node, shard);
    const { incarnation = "" } = node.engine?.membership ?? {};
    const last = this.#epochs.get(shard);
    const isLater = last === undefined || epoch > last.epoch;
    if (isLater) this.#epochs.set(shard, { epoch, incarnation });
    else if (epoch < last.epoch || incarnation !== last.incarnation) {
      const { nodeId } = node.engine!.membership.options;
      this.#options.fail(`epoch ${epoch} of ${shard} at ${nodeId} is not new`);
    }
  }

  /** Checks that no other node serves a shard, or is at work on it. */
  async #checkAlone(node: SimulatedNode, shard: number): Promise<void> {
    for (const other of this.#options.nodes) {
      if (other === node) continue;
      const isServed = await this.#epochOf(other, shard) !== undefined;
      if (!isServed && !await this.#isHeld(other, shard)) continue;
      this.#options.fail(
        `nodes ${other.index} and ${node.index} serve ${shard}`,
      );
    }
  }

  async #isHeld(
    { engine, process, begun }: SimulatedNode,
    shard: number,
  ): Promise<boolean> {
    if (engine === undefined) return false;
    const isHeld = process?.look(() =>
      begun.some((at) => at.shard === shard && isHeldBy(engine)(at))
    );
    await this.#options.runtime.settle();
    return isHeld === true;
  }

  async #epochOf(
    { engine, process }: SimulatedNode,
    shard: number,
  ): Promise<number | undefined> {
    const epoch = process?.look(() => engine?.epochOf(shard));
    await this.#options.runtime.settle();
    return epoch;
  }

  /** Checks that every shard is served, and that all serve as many. */
  async checkSettled(more: string): Promise<void> {
    const counts = new Map(this.#options.nodes.map((node) => [node, 0]));
    for (let shard = 0; shard < this.#options.shards; shard++) {
      let owner: SimulatedNode | undefined;
      for (const node of this.#options.nodes) {
        if (await this.#epochOf(node, shard) !== undefined) owner = node;
      }
      if (owner === undefined) {
        this.#options.fail(`nobody serves ${shard}${more} though all is well`);
      } else counts.set(owner, counts.get(owner)! + 1);
    }
    const each = [...counts.values()];
    if (Math.max(...each) - Math.min(...each) > 1) {
      this.#options.fail(`nodes serve ${each} shards though all is well`);
    }
  }
}

function isHeldBy(engine: ShardEngine): (at: ShardEpoch) => boolean {
  return ({ shard, epoch }) => engine.holds(shard, epoch);
}
