import { testEventStoreContract } from "../support/event_store_contract.ts";
import { openFixture } from "../support/jetstream_backend.ts";
import { NatsCluster } from "../support/nats_cluster.ts";
import { connect } from "../support/nats_connect.ts";

let cluster: NatsCluster;
let connections = 0;

Deno.test.beforeAll(async () => {
  cluster = await NatsCluster.start();
});

Deno.test.afterAll(() => cluster[Symbol.asyncDispose]());

/** Connects to each server in turn, so that instances see different replicas. */
function connectInTurn() {
  const first = connections++ % cluster.urls.length;
  const urls = cluster.urls;
  return connect([...urls.slice(first), ...urls.slice(0, first)]);
}

testEventStoreContract(Deno.test, "JetStream on three servers", {
  separate: true,
  maxPayload: 1024 * 1024,
  race: { versions: 300 },
  runs: 10,
  open: (options) =>
    openFixture({ connect: connectInTurn }, options, { replicas: 3 }),
});
