import { testEventStoreContract } from "../support/event_store_contract.ts";
import { openFixture } from "../support/jetstream_backend.ts";
import { connectWs } from "../support/nats_connect.ts";
import { NatsServer } from "../support/nats_server.ts";

let server: NatsServer;

Deno.test.beforeAll(async () => {
  server = await NatsServer.start({ websocket: true });
});

Deno.test.afterAll(() => server[Symbol.asyncDispose]());

testEventStoreContract(Deno.test, "JetStream over WebSocket", {
  separate: true,
  maxPayload: 1024 * 1024,
  race: { versions: 100 },
  runs: 10,
  smoke: true,
  open: (options) => openFixture({ connect: () => connectWs(server) }, options),
});
