/**
 * The accounts of the demo for long, while nodes and servers fail in turn.
 *
 * @module
 */

import { type AccountEvent, accountsIn } from "../../examples/_demo_account.ts";
import { Load, type Proof } from "../../examples/_demo_load.ts";
import { NodeProcess } from "../../examples/_demo_process.ts";
import { ClusterManager } from "../../cluster/mod.ts";
import { JetStreamEventStore } from "../../mod.ts";
import { waitFor } from "../support/conditions.ts";
import { Random } from "../support/history/random.ts";
import { NatsCluster } from "../support/nats_cluster.ts";
import { connect } from "../support/nats_connect.ts";
import { NatsServer } from "../support/nats_server.ts";

const CLUSTER = "bank";
const SHARDS = 1024;

/** Longer than the default lease, after which others take a node's shards. */
const NODE_PAUSE_MS = 20_000;
const SERVER_PAUSE_MS = 8_000;

/** How long the cluster may take to settle after a fault. */
const SETTLE_TIMEOUT_MS = 120_000;

/** How long all is well between two faults. */
const CALM_MS = 3_000;

/** What a run is told. */
export interface ClusterSoakOptions {
  /** What chance begins with. */
  readonly seed: number;
  /** 1 or 3. */
  readonly servers: number;
  /** How long faults happen, in milliseconds. */
  readonly duration: number;
  /** How many node processes. */
  readonly nodes: number;
  /** Commands a second. */
  readonly rate: number;
  readonly onProgress: (line: string) => void;
}

/** What a run came to. */
export interface ClusterSoakReport {
  /** How often each fault happened. */
  readonly faults: ReadonlyMap<string, number>;
  readonly proof: Proof;
  /** What commands failed with, and how often. */
  readonly errors: ReadonlyMap<string, number>;
  /** The longest that a command has waited for its answer, in milliseconds. */
  readonly longest: number;
  /** In milliseconds. */
  readonly duration: number;
}

const delay = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** What a fault may be done to. */
interface Targets {
  readonly nodes: readonly NodeProcess[];
  readonly servers: readonly NatsServer[];
  readonly random: Random;
}

async function restart(node: NodeProcess): Promise<void> {
  await node.kill();
  node.start();
}

const FAULTS: Readonly<Record<string, (targets: Targets) => Promise<void>>> = {
  "nodes killed": ({ nodes, random }) => restart(random.pick(nodes)),
  "leading nodes killed": async ({ nodes, random }) =>
    await restart(
      nodes.find(({ report }) => report?.isLeader) ?? random.pick(nodes),
    ),
  "nodes stopped beyond their lease": async ({ nodes, random }) => {
    const node = random.pick(nodes);
    node.pause();
    await delay(NODE_PAUSE_MS);
    node.resume();
  },
  "nodes restarted in good order": async ({ nodes, random }) => {
    const node = random.pick(nodes);
    await node.leave();
    node.start();
  },
  "servers killed": async ({ servers, random }) => {
    const server = random.pick(servers);
    await server.kill();
    await server.restart();
  },
  "servers stopped": async ({ servers, random }) => {
    const server = random.pick(servers);
    await server.pause();
    await delay(SERVER_PAUSE_MS);
    server.resume();
  },
};

/** Runs the accounts, and proves what became of the commands. */
export async function soakCluster(
  options: ClusterSoakOptions,
): Promise<ClusterSoakReport> {
  const { seed, duration, rate, onProgress } = options;
  await using stack = new AsyncDisposableStack();
  let servers: readonly NatsServer[];
  let replicated: NatsCluster | undefined;
  if (options.servers === 1) servers = [stack.use(await NatsServer.start())];
  else {
    replicated = stack.use(await NatsCluster.start());
    servers = replicated.servers;
  }
  const urls = servers.map(({ url }) => url);
  const replicas = options.servers;
  const nc = await connect(urls);
  stack.defer(() => nc.close());
  const store = stack.use(
    await JetStreamEventStore.open<AccountEvent>(nc, {
      namespace: "bank",
      replicas,
    }),
  );
  const args = [urls.join(","), String(replicas)];
  const nodes = Array.from(
    { length: options.nodes },
    (_, i) => stack.use(new NodeProcess(`node-${i + 1}`, args)),
  );
  const cluster = stack.use(
    new ClusterManager(nc, {
      cluster: CLUSTER,
      role: "client",
      create: true,
      replicas,
    }),
  );
  await cluster.start();
  const settled = async () => {
    await replicated?.waitForPeers();
    const owned = () =>
      nodes.map(({ state, report }) =>
        state === "running" ? report?.shards ?? 0 : 0
      );
    const least = Math.floor(SHARDS / nodes.length);
    await waitFor(
      () =>
        owned().every((shards) => shards >= least) &&
        owned().reduce((sum, shards) => sum + shards, 0) === SHARDS,
      {
        timeout: SETTLE_TIMEOUT_MS,
        interval: 100,
        message: () => `shards to be shared out, not ${owned().join(", ")}`,
      },
    );
  };
  await settled();

  const load = new Load(cluster.actors("account", accountsIn(store)));
  const began = performance.now();
  load.start(rate);
  const random = new Random(seed);
  const faults = new Map<string, number>();
  // Each of them once, in random order, and then again.
  let coming: string[] = [];
  while (performance.now() - began < duration) {
    if (coming.length === 0) coming = shuffled(Object.keys(FAULTS), random);
    const fault = coming.pop()!;
    faults.set(fault, (faults.get(fault) ?? 0) + 1);
    const at = ((performance.now() - began) / 1_000).toFixed(0);
    onProgress(
      `${at} s: ${fault}; ${load.waiting} waiting, longest gap ${
        load.longest.toFixed(0)
      } ms`,
    );
    await FAULTS[fault]!({ nodes, servers, random });
    await settled();
    await delay(CALM_MS);
  }
  await load.stop();
  const took = performance.now() - began;
  const proof = await load.prove(store);
  const { errors, longest } = load;
  return { faults, proof, errors, longest, duration: took };
}

function shuffled(names: readonly string[], random: Random): string[] {
  const left = [...names];
  const all: string[] = [];
  while (left.length > 0) {
    all.push(...left.splice(random.below(left.length), 1));
  }
  return all;
}
