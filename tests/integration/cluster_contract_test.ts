import type { NatsConnection } from "@nats-io/nats-core";
import { ClusterManager } from "../../cluster/mod.ts";
import { testClusterContract } from "../support/cluster_contract.ts";
import { connect } from "../support/nats_connect.ts";
import { NatsServer } from "../support/nats_server.ts";

let server: NatsServer;
let nc: NatsConnection;

Deno.test.beforeAll(async () => {
  server = await NatsServer.start();
  nc = await connect(server);
});

Deno.test.afterAll(async () => {
  await nc?.close();
  await server?.[Symbol.asyncDispose]();
});

testClusterContract(Deno.test, "ClusterManager", {
  // A client of a cluster that is not there yet has to make it in the tests.
  make: (options) => new ClusterManager(nc, { create: true, ...options }),
});
