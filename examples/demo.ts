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
import type { NodeReport } from "./_demo_node.ts";
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

/** A node process, started again when it is told to. */
class Node implements AsyncDisposable {
  readonly name: string;
  /** What it said last; undefined until then. */
  report: NodeReport | undefined;
  /** What is done to it. */
  state: "starting" | "running" | "killed" | "leaving" = "starting";
  readonly #args: readonly string[];
  #child!: Deno.ChildProcess;

  constructor(name: string, args: readonly string[]) {
    this.name = name;
    this.#args = args;
    this.start();
  }

  start(): void {
    this.state = "starting";
    this.report = undefined;
    this.#child = new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "-q",
        "-P=tests",
        new URL("_demo_node.ts", import.meta.url).pathname,
        ...this.#args,
      ],
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    this.#read(this.#child);
  }

  async kill(): Promise<void> {
    this.state = "killed";
    this.#child.kill("SIGKILL");
    await this.#child.status;
  }

  async leave(): Promise<void> {
    this.state = "leaving";
    this.#child.kill("SIGTERM");
    await this.#child.status;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#child.kill("SIGKILL");
    } catch {
      // It has ended.
    }
    await this.#child.status;
  }

  async #read({ stdout }: Deno.ChildProcess): Promise<void> {
    let text = "";
    for await (const chunk of stdout.pipeThrough(new TextDecoderStream())) {
      const lines = (text + chunk).split("\n");
      text = lines.pop()!;
      const last = lines.at(-1);
      if (last === undefined) continue;
      this.report = JSON.parse(last);
      if (this.state === "starting") this.state = "running";
    }
  }
}

const isTerminal = Deno.stdout.isTerminal();

/** Shows how all is: in place on a terminal, a line a time elsewhere. */
function show(
  second: number,
  nodes: readonly Node[],
  load: Load,
  event: string,
): void {
  const latencies = load.latencies.splice(0).sort((a, b) => a - b);
  const at = (share: number) =>
    latencies[Math.floor(latencies.length * share)]?.toFixed(1) ?? "-";
  const sum = `${format(latencies.length)} commands/s, p50 ${at(0.5)} ms, p99 ${
    at(0.99)
  } ms, ${format(load.waiting)} waiting, longest ${format(load.longest)} ms${
    event === "" ? "" : `  * ${event}`
  }`;
  if (!isTerminal) {
    const states = nodes.map(({ name, state, report }) =>
      `${name} ${state} ${report?.shards ?? 0}${
        report?.isLeader ? " leads" : ""
      }`
    );
    console.log(`${second} s: ${sum}; ${states.join(", ")}`);
    return;
  }
  const rows = nodes.map(({ name, state, report }) => {
    const { shards = 0, active = 0, handled = 0, conflicts = 0, isLeader } =
      report ?? {};
    const bar = "#".repeat(Math.round(shards / 32)).padEnd(32, ".");
    return `${name.padEnd(8)} ${state.padEnd(9)} ${
      isLeader ? "leads" : "     "
    } ${bar} ${String(shards).padStart(5)} shards ${
      format(active).padStart(7)
    } active ${format(handled).padStart(9)} handled ${
      format(conflicts).padStart(3)
    } conflicts`;
  });
  const clear = "\x1b[H\x1b[2J";
  console.log(`${clear}${second} s  ${sum}\n\n${rows.join("\n")}`);
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
Longest wait for an answer .. ${format(load.longest)} ms

${
    isRight
      ? "Every acknowledged command was carried out once."
      : "SOMETHING IS WRONG"
  }`);
  return isRight;
}

async function main(options: Options): Promise<boolean> {
  const { seconds, nodes: count, servers, rate, kill } = options;
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
    (_, i) => stack.use(new Node(`node-${i + 1}`, args)),
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
  console.log(`Waiting for ${count} nodes to share ${1024} shards...`);
  await cluster.ready;

  const load = new Load(
    cluster.actors("account", accountsIn(store)),
  );
  load.start(rate);
  const [killed, restarted] = nodes as [Node, Node];
  const killAt = Math.round(seconds * 0.2);
  const restartAt = Math.round(seconds * 0.7);
  for (let second = 1; second <= seconds; second++) {
    await new Promise((resolve) => setTimeout(resolve, 1000));
    let event = "";
    if (kill && second === killAt) {
      await killed.kill();
      event = `${killed.name} was killed`;
    } else if (kill && second === killAt + 3) {
      killed.start();
      event = `${killed.name} starts again`;
    } else if (kill && second === restartAt) {
      restarted.leave().then(() => restarted.start());
      event = `${restarted.name} is restarted in good order`;
    }
    show(second, nodes, load, event);
  }
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
