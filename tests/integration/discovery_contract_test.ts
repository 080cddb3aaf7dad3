import { NodeDiscovery } from "../../cluster/mod.ts";
import { testDiscoveryContract } from "../support/discovery_contract.ts";
import { connect } from "../support/nats_connect.ts";
import { NatsServer } from "../support/nats_server.ts";
import type { NatsConnection } from "@nats-io/nats-core";

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

testDiscoveryContract(Deno.test, "NodeDiscovery", {
  // A client of a cluster that is not there yet has to make it in the tests.
  join: (options) => NodeDiscovery.join(nc, { create: true, ...options }),
});
