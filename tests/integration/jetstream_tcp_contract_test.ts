import { testEventStoreContract } from "../support/event_store_contract.ts";
import { openFixture } from "../support/jetstream_backend.ts";
import { connect } from "../support/nats_connect.ts";
import { NatsServer } from "../support/nats_server.ts";

let server: NatsServer;

Deno.test.beforeAll(async () => {
  server = await NatsServer.start();
});

Deno.test.afterAll(() => server[Symbol.asyncDispose]());

testEventStoreContract(Deno.test, "JetStream over TCP", {
  separate: true,
  maxPayload: 1024 * 1024,
  race: { versions: 500 },
  open: (options) => openFixture({ connect: () => connect(server) }, options),
});
