/**
 * Accounts on a cluster, while nodes are killed and restarted:
 *
 *     deno task demo
 *     deno task demo --help
 *
 * It starts a nats-server, node processes that host the accounts, and a load on
 * 10,000 of them; kills a node, starts it again, restarts another in good
 * order; and proves at the end that each command was carried out once.
 *
 * @module
 */

import { JetStreamEventStore } from "@flowmade-one/aether";
import { ClusterManager } from "@flowmade-one/aether/cluster";
import { connect } from "@nats-io/transport-deno";
import { parseArgs } from "node:util";
import { NatsCluster } from "../tests/support/nats_cluster.ts";
import { NatsServer } from "../tests/support/nats_server.ts";
import { type AccountEvent, accountsIn } from "./_demo_account.ts";
import { Load, type Proof } from "./_demo_load.ts";
import { NodeProcess } from "./_demo_process.ts";
import { Screen } from "./_demo_screen.ts";
import { format } from "./_progress.ts";

const HELP = `Usage: deno task demo [option]...

Runs accounts on a cluster of processes under load, kills one and restarts
another, and proves that every command was carried out once.

  --seconds N   how long, 45 or more             [60]
  --nodes N     node processes, 2 or more        [3]
  --servers N   nats-servers: 1 or 3             [1]
  --rate N      commands a second                [300]
  --no-kill     nothing is killed or restarted
  --help        this text`;

/** The default of a cluster. */
const SHARDS = 1024;

interface Options {
  readonly seconds: number;
  readonly nodes: number;
  readonly servers: number;
  readonly rate: number;
  readonly kill: boolean;
}

function readOptions(args: readonly string[]): Options {
  const text = { type: "string" } as const;
  const { values } = parseArgs({
    args: [...args],
    options: {
      seconds: text,
      nodes: text,
      servers: text,
      rate: text,
      "no-kill": { type: "boolean" },
    },
  });
  const number = (
    name: "seconds" | "nodes" | "servers" | "rate",
    ok: (n: number) => boolean,
    must: string,
    standard: number,
  ) => {
    const value = Number(values[name] ?? standard);
    if (Number.isInteger(value) && ok(value)) return value;
    throw new RangeError(
      `Cannot run demo: --${name} must be ${must}, got ${values[name]}`,
    );
  };
  return {
    seconds: number("seconds", (n) => n >= 45, "45 or more", 60),
    nodes: number("nodes", (n) => n >= 2, "2 or more", 3),
    servers: number("servers", (n) => n === 1 || n === 3, "1 or 3", 1),
    rate: number("rate", (n) => n >= 1, "1 or more", 300),
    kill: values["no-kill"] !== true,
  };
}

function summary(proof: Proof, load: Load): boolean {
  const { sent, acknowledged, rejected, failed, lost, wrong } = proof;
  const isRight = lost === 0 && wrong === 0 &&
    proof.balance === proof.expected;
  console.log(`
Commands sent ............... ${format(sent)}
  acknowledged .............. ${format(acknowledged)}
  refused by the account .... ${format(rejected)}
  failed .................... ${format(failed)}${
    [...load.errors].map(([name, count]) => ` (${name} ${count})`).join("")
  }
Acknowledged but not stored . ${format(lost)}
Stored twice, or though refused ${format(wrong)}
Sum of all balances ......... ${format(proof.balance)}, expected ${
    format(proof.expected)
  }
Longest gap, until an answer  ${format(load.longest)} ms

${
    isRight
      ? "Every acknowledged command was carried out once."
      : "SOMETHING IS WRONG"
  }`);
  return isRight;
}

/** What is done to the nodes, by the second. */
function plan(
  seconds: number,
  nodes: readonly NodeProcess[],
): Map<number, [what: string, act: () => unknown]> {
  const [first, second] = nodes as [NodeProcess, NodeProcess];
  const killAt = Math.round(seconds * 0.2);
  return new Map([
    [killAt, [`${first.name} is killed`, () => first.kill()]],
    [killAt + 3, [`${first.name} is started again`, () => first.start()]],
    [Math.round(seconds * 0.7), [
      `${second.name} is restarted in good order`,
      () => second.leave().then(() => second.start()),
    ]],
  ]);
}

/** Runs the load and shows it, until the time is up or somebody interrupts. */
async function run(
  { seconds, rate, kill }: Options,
  nodes: readonly NodeProcess[],
  load: Load,
): Promise<void> {
  const screen = new Screen({
    isTerminal: Deno.stdout.isTerminal(),
    hasColors: !Deno.noColor,
  }, (text) => Deno.stdout.writeSync(new TextEncoder().encode(text)));
  const acts = kill ? plan(seconds, nodes) : new Map();
  let isInterrupted = false;
  Deno.addSignalListener("SIGINT", () => isInterrupted = true);
  load.start(rate);
  for (let second = 1; second <= seconds && !isInterrupted; second++) {
    await new Promise((resolve) => setTimeout(resolve, 1000));
    const [what, act] = acts.get(second) ?? [];
    if (what !== undefined) screen.happens(second, what);
    const doing = act?.();
    const { waiting, longest } = load;
    const latencies = load.latencies.splice(0);
    const shown = { second, seconds, shards: SHARDS, nodes, latencies };
    screen.show({ ...shown, waiting, longest });
    doing?.catch((error: unknown) => screen.happens(second, String(error)));
  }
}

async function main(options: Options): Promise<boolean> {
  const { nodes: count, servers } = options;
  await using stack = new AsyncDisposableStack();
  const urls = servers === 1
    ? [stack.use(await NatsServer.start()).url]
    : stack.use(await NatsCluster.start()).urls;
  const nc = await connect({
    servers: [...urls],
    maxReconnectAttempts: -1,
    timeout: 2000,
  });
  stack.defer(() => nc.close());
  const store = stack.use(
    await JetStreamEventStore.open<AccountEvent>(nc, {
      namespace: "bank",
      replicas: servers,
    }),
  );
  const args = [urls.join(","), String(servers)];
  const nodes = Array.from(
    { length: count },
    (_, i) => stack.use(new NodeProcess(`node-${i + 1}`, args)),
  );
  const cluster = stack.use(
    new ClusterManager(nc, {
      cluster: "bank",
      role: "client",
      create: true,
      replicas: servers,
    }),
  );
  await cluster.start();
  console.log(
    `${count} nodes share ${SHARDS} shards: some 20 seconds in a new cluster`,
  );
  await cluster.ready;
  if (Deno.stdout.isTerminal()) console.log("\x1b[2J");

  const load = new Load(cluster.actors("account", accountsIn(store)));
  await run(options, nodes, load);
  console.log("\nWaiting for the last answers...");
  await load.stop();
  return summary(await load.prove(store), load);
}

if (import.meta.main) {
  if (Deno.args.includes("--help")) {
    console.log(HELP);
  } else {
    try {
      if (!await main(readOptions(Deno.args))) Deno.exitCode = 1;
    } catch (error) {
      console.error(error instanceof Error ? error.message : error);
      Deno.exitCode = 1;
    }
  }
}
