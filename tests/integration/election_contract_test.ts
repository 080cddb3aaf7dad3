import { LeaderElection } from "../../cluster/mod.ts";
import { testElectionContract } from "../support/election_contract.ts";
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

testElectionContract(Deno.test, "LeaderElection", {
  join: (options) => LeaderElection.join(nc, options),
});
