import { ShardManager } from "../../cluster/mod.ts";
import { connect } from "../support/nats_connect.ts";
import { NatsServer } from "../support/nats_server.ts";
import { testShardContract } from "../support/shard_contract.ts";
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

testShardContract(Deno.test, "ShardManager", {
  // A client of a cluster that is not there yet has to make it in the tests.
  join: (options) => ShardManager.join(nc, { create: true, ...options }),
});
