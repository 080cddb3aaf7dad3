import { testBusContract } from "../support/bus_contract.ts";
import { natsBusBackend } from "../support/nats_bus_backend.ts";
import { connect } from "../support/nats_connect.ts";
import { NatsServer } from "../support/nats_server.ts";

let server: NatsServer;

Deno.test.beforeAll(async () => {
  server = await NatsServer.start({ jetstream: false });
});

Deno.test.afterAll(() => server[Symbol.asyncDispose]());

const open = () => connect(server);

testBusContract(Deno.test, "NatsEventBus", natsBusBackend(open, 1));

testBusContract(
  Deno.test,
  "NatsEventBus, two connections",
  natsBusBackend(open, 2),
);
