/**
 * Processes that tick for the shards they own, and a live table of who owns how
 * many. Start, stop and kill some while they run:
 *
 *     deno task shards                      # a server, three workers, the table
 *     NATS_URL=nats://… deno task shards    # the same, on a server of yours
 *     NATS_URL=nats://… deno task shards worker   # one more worker
 *     NATS_URL=nats://… deno task shards table    # one more table
 *
 * Ctrl-C or SIGTERM has a worker hand its shards over and leave; `kill -9` does
 * not: its shards go to others when its lease has lapsed.
 *
 * @module
 */

import { type ClusterNode, ShardManager } from "@flowmade-one/aether";
import type { NatsConnection } from "@nats-io/nats-core";
import { connectToNats } from "./_nats.ts";

const CLUSTER = "shards-example";
const SHARDS = 64;
const TICK_MS = 500;

/** Short, so that a killed worker's shards move soon; the default is 15 s. */
const LEASE_MS = 5_000;

/** Ticks for each shard it owns, until it is told to end. */
async function work(): Promise<void> {
  await using resources = new AsyncDisposableStack();
  const nc = await connectToNats(resources);
  const manager = resources.use(
    await ShardManager.join(nc, {
      cluster: CLUSTER,
      lease: LEASE_MS,
      shards: SHARDS,
      metadata: { pid: String(Deno.pid) },
      onShardAcquired: ({ shard, signal }) => tick(shard, signal),
    }),
  );
  await Promise.race([ended("SIGTERM"), ended("SIGINT")]);
  // Others go on with the shards before this process ends.
  await manager.leave();
}

/** Does something again and again for a shard, as long as it is this node's. */
function tick(_shard: number, signal: AbortSignal): void {
  const timer = setInterval(() => {
    // A service would poll, project, or charge here for the shard's actors.
  }, TICK_MS);
  signal.addEventListener("abort", () => clearInterval(timer));
}

/** Resolves when the process is told to end. */
function ended(signal: Deno.Signal): Promise<void> {
  return new Promise((resolve) => {
    Deno.addSignalListener(signal, resolve);
  });
}

/** Prints who owns how many shards, each time that something changes. */
async function show(
  nc: NatsConnection,
  resources: AsyncDisposableStack,
): Promise<void> {
  const client = resources.use(
    await ShardManager.join(nc, {
      cluster: CLUSTER,
      lease: LEASE_MS,
      role: "client",
      create: true,
    }),
  );
  await client.ready;
  let before = "";
  for (;;) {
    const table = tableOf(client.nodes(), countsOf(client));
    if (table !== before) console.log(before = table);
    await new Promise((resolve) => setTimeout(resolve, TICK_MS));
  }
}

/** How many shards each node owns. */
function countsOf(client: ShardManager): Map<string, number> {
  const counts = new Map<string, number>();
  for (let shard = 0; shard < SHARDS; shard++) {
    const { nodeId = "nobody" } = client.ownerOf(shard) ?? {};
    counts.set(nodeId, (counts.get(nodeId) ?? 0) + 1);
  }
  return counts;
}

function tableOf(
  nodes: readonly ClusterNode[],
  counts: ReadonlyMap<string, number>,
): string {
  const lines = nodes.map(({ id, state, metadata }) => {
    const count = counts.get(id) ?? 0;
    const pid = (metadata.pid ?? "").padStart(8);
    return `${pid} ${state.padEnd(8)} ${String(count).padStart(3)} ${
      "#".repeat(count)
    }`;
  });
  const free = counts.get("nobody") ?? 0;
  return [`     pid state    shards`, ...lines, `${free} without an owner`, ""]
    .join("\n");
}

/** Starts some workers, and shows them. */
async function demonstrate(): Promise<void> {
  await using resources = new AsyncDisposableStack();
  const nc = await connectToNats(resources);
  const url = `nats://${nc.getServer()}`;
  const script = new URL(import.meta.url).pathname;
  for (let i = 0; i < 3; i++) {
    const child = new Deno.Command("/bin/sh", {
      args: ["-c", 'exec "$0" "$@"', Deno.execPath()].concat(
        ["run", "-q", "-P=examples", script, "worker"],
      ),
      env: { NATS_URL: url },
    }).spawn();
    resources.defer(async () => {
      child.kill("SIGTERM");
      await child.status;
    });
  }
  console.log(`workers and tables join with NATS_URL=${url}\n`);
  await Promise.race([
    show(nc, resources),
    ended("SIGINT"),
    ended("SIGTERM"),
  ]);
}

const [role] = Deno.args;
if (role === "worker") await work();
else if (role === "table") {
  const resources = new AsyncDisposableStack();
  await show(await connectToNats(resources), resources);
} else await demonstrate();
Deno.exit(0);
