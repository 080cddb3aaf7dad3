/**
 * A node of the demo: a process that hosts accounts until it is told to end, or
 * its input does. It prints a line of JSON a second.
 *
 * @module
 */

import { JetStreamEventStore } from "@flowmade-one/aether";
import { ClusterManager } from "@flowmade-one/aether/cluster";
import { connect } from "@nats-io/transport-deno";
import { type AccountEvent, accountsIn } from "./_demo_account.ts";

/** What a node says of itself. */
export interface NodeReport {
  readonly isLeader: boolean;
  readonly shards: number;
  readonly active: number;
  readonly handled: number;
  readonly conflicts: number;
}

if (import.meta.main) {
  const [servers = "", replicas = "1"] = Deno.args;
  const nc = await connect({
    servers: servers.split(","),
    maxReconnectAttempts: -1,
    timeout: 2000,
  });
  const options = { replicas: Number(replicas) };
  const store = await JetStreamEventStore.open<AccountEvent>(nc, {
    namespace: "bank",
    ...options,
  });
  const cluster = new ClusterManager(nc, { cluster: "bank", ...options });
  cluster.host("account", accountsIn(store));
  await cluster.start();
  const timer = setInterval(() => {
    const { owned, active, handled } = cluster.metrics;
    const report: NodeReport = {
      isLeader: cluster.isLeader(),
      shards: owned,
      active,
      handled,
      conflicts: store.metrics.conflicts,
    };
    console.log(JSON.stringify(report));
  }, 1000);
  const leave = async () => {
    clearInterval(timer);
    await cluster.leave();
    await store.close();
    await nc.close();
    Deno.exit();
  };
  Deno.addSignalListener("SIGTERM", leave);
  for await (
    const _ of Deno.stdin.readable
  ) { /* until the parent process ends */ }
  await leave();
}
