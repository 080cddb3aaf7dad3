/**
 * Measures what a cluster of 3, 50 and 200 nodes in one process costs, with a
 * connection each: messages and bytes a second. Of the 200 it then loses 20 at
 * once, and waits for the others to know.
 *
 *     deno task soak:nodes
 *
 * @module
 */

import type { NatsConnection } from "@nats-io/nats-core";
import { NodeDiscovery } from "../../cluster/mod.ts";
import { waitFor } from "../support/conditions.ts";
import { connect } from "../support/nats_connect.ts";
import { NatsServer } from "../support/nats_server.ts";

const SECONDS = 10;
const LOST = 20;

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

for (const count of [3, 50, 200]) {
  await using server = await NatsServer.start();
  const nodes = await Promise.all(Array.from({ length: count }, async () => {
    const nc = await connect(server);
    return { nc, discovery: await NodeDiscovery.join(nc) };
  }));
  const joined = await settled(nodes, count);
  const before = traffic(nodes);
  await new Promise((resolve) => setTimeout(resolve, SECONDS * 1_000));
  const [inMsgs, outMsgs, inBytes, outBytes] = traffic(nodes).map((each, i) =>
    Math.round((each - before[i]!) / SECONDS)
  );
  console.log(
    `${count} nodes: settled after ${Math.round(joined)} ms; ${inMsgs} in, ` +
      `${outMsgs} out messages/s; ${inBytes} in, ${outBytes} out bytes/s`,
  );
  if (count === 200) {
    const lost = nodes.splice(0, LOST);
    await Promise.all(lost.map(({ nc }) => nc.close()));
    const gone = await settled(nodes, count - LOST);
    console.log(
      `${LOST} lost at once: known to all after ${Math.round(gone)} ms`,
    );
  }
  await Promise.all(nodes.map(({ discovery }) => discovery.leave()));
  await Promise.all(nodes.map(({ nc }) => nc.close()));
}
