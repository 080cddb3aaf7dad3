import type { NatsConnection } from "@nats-io/nats-core";
import { ClusterManager } from "../../cluster/mod.ts";
import { JetStreamEventStore } from "../../mod.ts";
import { testEachEventContract } from "../support/each_event_contract.ts";
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

testEachEventContract(Deno.test, "eachEvent(), over NATS", {
  make: (options) => new ClusterManager(nc, { create: true, ...options }),
  open: (namespace) => JetStreamEventStore.open(nc, { namespace }),
});
