/**
 * A process that hosts actors, and handles their events by shard. It says:
 *
 * - `ready` when the cluster has settled for it
 * - `began ID` when a handler begins with a command
 * - `saw SHARD EPOCH SEQUENCE` for each event that it handles
 * - `lapsed` when it could not renew its lease in time, or was held up so long
 *   that it had to let go of a shard
 *
 * SIGTERM has it leave. Arguments: JSON of {@linkcode ProcessOptions}.
 *
 * @module
 */

import {
  ClusterManager,
  type ClusterManagerOptions,
  eachEvent,
  ShardHookError,
} from "../../../cluster/mod.ts";
import { JetStreamEventStore } from "../../../mod.ts";
import { connect } from "../../support/nats_connect.ts";
import { actorsIn, type Done } from "./actors.ts";

/** What a process is told. */
export interface ProcessOptions {
  readonly servers: readonly string[];
  readonly replicas: number;
  readonly cluster: ClusterManagerOptions;
}

const encoder = new TextEncoder();

// At once: a process that is killed has said what it has begun.
function say(...words: unknown[]): void {
  Deno.stdout.writeSync(encoder.encode(`${words.join(" ")}\n`));
}

const { servers, replicas, cluster: options }: ProcessOptions = JSON.parse(
  Deno.args[0]!,
);
const nc = await connect(servers);
const store = await JetStreamEventStore.open<Done>(nc, { replicas });
const cluster = new ClusterManager(nc, {
  ...options,
  onShardAcquired: ({ signal }) =>
    signal.addEventListener("abort", () => {
      if (signal.reason.code === "lapsed") say("lapsed");
    }),
  onError: (error) => {
    if (error instanceof ShardHookError) say("lapsed");
  },
});
cluster.host("worker", actorsIn(store, (id) => say("began", id)));
const work = eachEvent(
  store,
  ({ sequence }, { shard, epoch }) => say("saw", shard, epoch, sequence),
  { checkpointEvery: 500 },
);
cluster.forOwnedShards("seen", work);
Deno.addSignalListener("SIGTERM", async () => {
  await cluster.leave({ timeout: 60_000 });
  await store.close();
  await nc.close();
  Deno.exit();
});
await cluster.start();
await cluster.ready;
say("ready");
