/**
 * Measures what a cluster of 3, 50 and 200 nodes in one process costs, with a
 * connection each: messages and bytes a second. Of the 200 it then loses 20 at
 * once, and waits for the others to know.
 *
 *     deno task soak:nodes [nodes]...
 *
 * @module
 */

import { cpuUsage } from "node:process";
import type { NatsConnection } from "@nats-io/nats-core";
import { NodeDiscovery } from "../../cluster/mod.ts";
import { waitFor } from "../support/conditions.ts";
import { connect } from "../support/nats_connect.ts";
import { NatsServer } from "../support/nats_server.ts";

const SECONDS = 20;
const COUNTS = [3, 50, 200];
/** The share that is lost at once. */
const LOST = 0.1;

interface Node {
  readonly nc: NatsConnection;
  readonly discovery: NodeDiscovery;
}

/** Waits until all see so many nodes; gives how long that took. */
async function settled(
  nodes: readonly Node[],
  count: number,
): Promise<number> {
  const start = performance.now();
  await waitFor(
    () =>
      nodes.every(({ discovery }) =>
        discovery.nodes().filter(({ state }) => state === "ready").length ===
          count
      ),
    { timeout: 180_000, interval: 50, message: `all to see ${count}` },
  );
  return performance.now() - start;
}

/** What all connections have received and sent so far. */
function traffic(nodes: readonly Node[]): number[] {
  const sums = [0, 0, 0, 0];
  for (const { nc } of nodes) {
    const { inMsgs, outMsgs, inBytes, outBytes } = nc.stats();
    [inMsgs, outMsgs, inBytes, outBytes].forEach((each, i) => sums[i]! += each);
  }
  return sums;
}

/** What has come since, a second. */
function rates(nodes: readonly Node[], before: readonly number[], ms: number) {
  const [inMsgs, outMsgs, inBytes, outBytes] = traffic(nodes).map((each, i) =>
    Math.round((each - before[i]!) / (ms / 1_000))
  );
  return `${inMsgs} in, ${outMsgs} out messages/s; ` +
    `${inBytes} in, ${outBytes} out bytes/s`;
}

/** Waits until all see so many, and says what that took. */
async function settle(
  nodes: readonly Node[],
  count: number,
  what: string,
): Promise<void> {
  const maps = () =>
    Math.max(...nodes.map(({ discovery }) => discovery.metrics.maps));
  const [before, mapsBefore, start] = [traffic(nodes), maps(), cpuUsage()];
  const took = await settled(nodes, count);
  const cpu = cpuUsage();
  const used = (cpu.user + cpu.system - start.user - start.system) / 1_000;
  const [inBytes, outBytes] = traffic(nodes).slice(2).map((each, i) =>
    ((each - before[2 + i]!) / 1e6).toFixed(1)
  );
  console.log(
    `${what}: known to all after ${Math.round(took)} ms, ` +
      `${maps() - mapsBefore} maps, ${inBytes} MB in, ${outBytes} MB out, ` +
      `${Math.round(used)} ms of processor`,
  );
}

const counts = Deno.args.length > 0 ? Deno.args.map(Number) : COUNTS;
for (const count of counts) {
  await using server = await NatsServer.start();
  const nodes = await Promise.all(Array.from({ length: count }, async () => {
    const nc = await connect(server, { timeout: 30_000 });
    return { nc, discovery: await NodeDiscovery.join(nc) };
  }));
  await settle(nodes, count, `${count} nodes`);
  const before = traffic(nodes);
  const [start, cpu] = [performance.now(), cpuUsage()];
  await new Promise((resolve) => setTimeout(resolve, SECONDS * 1_000));
  const ms = performance.now() - start;
  const { user, system } = cpuUsage();
  const share = (user + system - cpu.user - cpu.system) / 10 / ms;
  console.log(`  ${rates(nodes, before, ms)}; ${share.toFixed(1)} % of a core`);
  const lost = nodes.splice(0, Math.floor(LOST * count));
  if (lost.length > 0) {
    await Promise.all(lost.map(({ nc }) => nc.close()));
    await settle(nodes, count - lost.length, `${lost.length} lost at once`);
  }
  await Promise.all(nodes.map(({ discovery }) => discovery.leave()));
  await Promise.all(nodes.map(({ nc }) => nc.close()));
}
