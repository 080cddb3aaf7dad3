/**
 * A simulated cluster of shards: runs a schedule and says what went wrong.
 *
 * @module
 */

import { resolveDurations } from "../../../cluster/lease/settings.ts";
import type { ClusterMap } from "../../../cluster/map/cluster_map.ts";
import { ShardEngine } from "../../../cluster/shards/shard_engine.ts";
import { Random } from "../../support/history/random.ts";
import { FAULTS_END, LONGEST_DELAY } from "../faults.ts";
import type { Outcome as AnyOutcome, Simulator } from "../search.ts";
import { Timeline } from "../timeline.ts";
import { Judge, type SimulatedNode } from "./_judge.ts";
import { Network } from "./_network.ts";
import { Process, SimulatedRuntime } from "./_process.ts";
import {
  type Conditions,
  type Fault,
  type Schedule,
  scheduleOf,
} from "./_schedule.ts";

/** How many shards the simulated cluster has. */
const SHARDS = 8;

const SETTINGS = resolveDurations({}, "simulate");
const { lease: LEASE } = SETTINGS;

/**
 * When every shard must have an owner after the faults have ended: all that was
 * under way has come, and the leases of a leader, of standbys and of nodes that
 * are gone were seen unchanged one after the other.
 */
const SETTLED = FAULTS_END + LONGEST_DELAY + 5 * LEASE;

/** How the simulated code is. */
export interface SimulationOptions {
  /** @default the library's */
  readonly engine?: typeof ShardEngine;
  /** Whether to write down what happens. @default {false} */
  readonly logs?: boolean;
}

/** What came of a schedule. */
export interface Outcome extends AnyOutcome {
  /** How often a node began to serve a shard. */
  readonly begun: number;
}

/** Runs a schedule. */
export async function simulate(
  schedule: Schedule,
  options: SimulationOptions = {},
): Promise<Outcome> {
  using runtime = new SimulatedRuntime();
  return await new Simulation(schedule, options, runtime).run();
}

/** What a search tries. */
export function simulatorOf(
  options: SimulationOptions = {},
): Simulator<Conditions, Fault> {
  return {
    chaos: ["hooks"],
    scheduleOf,
    simulate: (schedule, logs) => simulate(schedule, { ...options, logs }),
  };
}

class Simulation {
  readonly #schedule: Schedule;
  readonly #engine: typeof ShardEngine;
  readonly #runtime: SimulatedRuntime;
  readonly #timeline = new Timeline();
  readonly #network: Network;
  readonly #random: Random;
  readonly #nodes: SimulatedNode[];
  readonly #log: string[] = [];
  readonly #logs: boolean;
  readonly #judge: Judge;
  #noStartBefore = 0;
  #violation: string | undefined;

  constructor(
    schedule: Schedule,
    { engine = ShardEngine, logs = false }: SimulationOptions,
    runtime: SimulatedRuntime,
  ) {
    const { conditions, seed } = schedule;
    this.#schedule = schedule;
    this.#engine = engine;
    this.#runtime = runtime;
    this.#logs = logs;
    this.#random = new Random(seed);
    this.#network = new Network(this.#timeline, conditions, seed + 1);
    this.#nodes = conditions.rates.map((_, index) => ({
      index,
      way: { requests: 0, replies: 0, heardAsOf: 0 },
      lives: 0,
      process: undefined,
      engine: undefined,
      leads: false,
      served: new Map(),
      begun: [],
      held: new Set(),
    }));
    this.#judge = new Judge({
      nodes: this.#nodes,
      shards: SHARDS,
      runtime,
      servers: this.#network.servers,
      note: (what) => this.#note(what),
      fail: (what) => this.#fail(what),
    });
  }

  async run(): Promise<Outcome> {
    for (const node of this.#nodes) {
      this.#timeline.at(this.#random.next() * 2_000, () => this.#start(node));
    }
    for (const fault of this.#schedule.faults) {
      this.#timeline.at(fault.at, () => this.#inject(fault));
    }
    await this.#runUntil(SETTLED);
    await this.#checkSettled("");
    const { begun } = this.#judge;
    await this.#runUntil(SETTLED + LEASE);
    await this.#checkSettled(" any more");
    if (this.#judge.begun !== begun) {
      this.#fail("shards move though all is well");
    }
    return {
      violation: this.#violation,
      begun: this.#judge.begun,
      log: this.#log,
    };
  }

  async #checkSettled(more: string): Promise<void> {
    if (this.#violation === undefined) await this.#judge.checkSettled(more);
  }

  async #runUntil(end: number): Promise<void> {
    while (this.#violation === undefined && this.#timeline.step(end)) {
      const process = await this.#runtime.settle();
      // The others begin nothing before they run.
      const node = this.#nodes.find((each) => each.process === process);
      if (node !== undefined) await this.#judge.look(node);
    }
  }

  /** Starts a process that knows nothing. */
  #start(node: SimulatedNode): void {
    if (this.#timeline.now < this.#noStartBefore) {
      this.#timeline.at(this.#noStartBefore, () => this.#start(node));
      return;
    }
    if (node.process !== undefined) return;
    const { rates, sameIds, hooks } = this.#schedule.conditions;
    const life = ++node.lives;
    const process = new Process(
      this.#timeline,
      rates[node.index]!,
      new Random(this.#schedule.seed + 100 * node.index + life),
    );
    node.process = process;
    const nodeId = sameIds ? `n${node.index}` : `n${node.index}.${life}`;
    const hook = hooks === 0
      ? undefined
      : () =>
        new Promise<void>((resolve) =>
          setTimeout(resolve, Math.random() * hooks)
        );
    let newest: ClusterMap | undefined;
    process.run(() => {
      this.#engine.join(
        (listener) => this.#network.open(process, node.way, listener),
        {
          cluster: "c",
          role: "member",
          nodeId,
          info: { weight: 1, appVersion: "", roles: [], metadata: {} },
          settings: SETTINGS,
          agreed: { shards: SHARDS, deployment: "" },
          settle: 2_000,
          startTimeout: 3_600_000,
          isLocal: false,
          onError: (error) => this.#note(() => `${nodeId} reports ${error}`),
          shards: SHARDS,
          hookTimeout: 5_000,
        },
        {
          acquired: hook,
          released: hook,
          applied: (map) => {
            this.#judge.applies(nodeId, newest, map);
            newest = map;
          },
          failed: (reason) => this.#again(node, process, reason),
        },
        undefined,
      ).then(
        (engine) => {
          node.engine = engine;
          this.#note(() => `${nodeId} has joined as life ${life}`);
        },
        (error) => this.#again(node, process, error),
      );
    });
  }

  /** Starts anew a process that has failed. */
  #again(node: SimulatedNode, process: Process, reason: unknown): void {
    if (process !== node.process) return;
    this.#note(() => `node ${node.index} fails: ${reason}`);
    this.#kill(node, process);
    this.#timeline.at(this.#timeline.now + 1_000, () => this.#start(node));
  }

  #kill(node: SimulatedNode, process = node.process): void {
    process?.kill();
    if (process !== node.process) return;
    node.process = undefined;
    node.engine = undefined;
    node.leads = false;
    node.served.clear();
    node.begun = [];
    node.held = new Set();
  }

  #inject(fault: Fault): void {
    const { now } = this.#timeline;
    const network = this.#network;
    const until = "for" in fault ? now + fault.for : now;
    const node = "node" in fault
      ? this.#nodes[fault.node]!
      : this.#nodes.find(({ leads }) => leads);
    this.#note(() => JSON.stringify(fault));
    switch (fault.kind) {
      case "pause":
      case "pauseLeader":
        return node?.process?.pause(until);
      case "suspend":
        return node!.process?.suspend(until);
      case "crash":
      case "crashLeader":
        if (node === undefined) return;
        this.#kill(node);
        return this.#timeline.at(until, () => this.#start(node));
      case "leave":
        return this.#leave(node!, fault.for);
      case "jump":
        return node!.process?.jump(fault.by);
      case "cut":
        if (fault.what !== "replies") node!.way.requests = until;
        if (fault.what !== "requests") node!.way.replies = until;
        return;
      case "outage":
        network.outUntil = Math.max(network.outUntil, until);
        return;
      case "stale":
        network.staleSince = now;
        network.staleUntil = until;
        return;
      case "recreate":
        this.#judge.loseData();
        return network.servers.recreate();
      case "delete": {
        const { keys } = network.servers;
        const key = keys[fault.key % keys.length];
        if (key === undefined) return;
        this.#judge.loseData({ isNode: key.startsWith("node") });
        return network.servers.delete(key, now);
      }
      case "restore":
        return this.#restore(now - fault.age, until);
    }
  }

  #leave(node: SimulatedNode, wait: number): void {
    const { engine, process } = node;
    if (engine === undefined || process === undefined) return;
    process.run(() => {
      engine.leave(2 * LEASE).then(() => {
        this.#note(() => `node ${node.index} has left`);
        this.#kill(node, process);
        this.#timeline.at(this.#timeline.now + wait, () => this.#start(node));
      });
    });
  }

  /**
   * The servers come back with old data. What nobody knows to be old can't be
   * told from news: it is left out if there is a node that has heard nothing
   * since, and for a lease none starts and nothing is late.
   */
  #restore(asOf: number, until: number): void {
    const network = this.#network;
    const { servers } = network;
    const changed = servers.keys.map((key) => servers.changeOf(key, asOf));
    const isKnown = this.#nodes.every(({ process, way }) =>
      process === undefined || way.heardAsOf > Math.max(...changed)
    );
    if (!isKnown) return this.#note(() => "left out");
    this.#judge.loseData();
    network.outUntil = Math.max(network.outUntil, until);
    network.lostBefore = until;
    this.#noStartBefore = network.promptUntil = until + 1.1 * LEASE;
    servers.restore(asOf);
  }

  #fail(what: string): void {
    this.#violation ??= `at ${seconds(this.#timeline.now)}: ${what}`;
    this.#note(() => `VIOLATION: ${what}`);
  }

  #note(what: () => string): void {
    if (!this.#logs) return;
    this.#log.push(`${seconds(this.#timeline.now)} ${what()}`);
  }
}

function seconds(time: number): string {
  return `${(time / 1000).toFixed(3)} s`;
}
