/**
 * Checkpoints of work by shard, in a bucket that is deleted meanwhile.
 *
 * @module
 */

import { jetstreamManager } from "@nats-io/jetstream";
import { ClusterManager, eachEvent } from "../../cluster/mod.ts";
import { InMemoryEventStore } from "../../mod.ts";
import { waitFor } from "../support/conditions.ts";
import { connect } from "../support/nats_connect.ts";
import { NatsServer } from "../support/nats_server.ts";

Deno.test("eachEvent() writes checkpoints down again when the cluster's bucket was made anew", async () => {
  await using stack = new AsyncDisposableStack();
  const server = stack.use(await NatsServer.start());
  const nc = await connect(server);
  stack.defer(() => nc.close());
  const jsm = await jetstreamManager(nc);
  const bucket = "KV_AETHER_CLUSTER_anew";
  /** How many checkpoints there are. */
  const count = async () => {
    const { state } = await jsm.streams.info(bucket, {
      subjects_filter: "$KV.*.*.checkpoint.>",
    });
    return Object.keys(state.subjects ?? {}).length;
  };

  await using store = new InMemoryEventStore();
  const actors = Array.from({ length: 20 }, (_, i) => `actor-${i}`);
  for (const actor of actors) {
    await store.append(actor, [{ eventType: "Noted", data: {} }]);
  }
  await using cluster = new ClusterManager(nc, {
    cluster: "anew",
    create: true,
    shards: 4,
    lease: 1_500,
    settle: 20,
    onError: () => {}, // that the bucket is gone
  });
  const work = eachEvent(store, () => {}, { checkpointEvery: 50 });
  cluster.forOwnedShards("noted", work);
  await cluster.start();
  await waitFor(async () => await count() === 4);

  await jsm.streams.delete(bucket);
  // Nothing is stored any more: that they come back is no event's doing.
  const isBack = async () => await count().catch(() => 0) === 4;
  await waitFor(isBack, { timeout: 30_000 });
});
