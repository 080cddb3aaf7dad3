import type { EventStore } from "../../store/event_store.ts";
import { testCommandHandlerContract } from "../support/command_handler_contract.ts";
import type { AccountEvent } from "../support/decider/accounts.ts";
import { openFixture } from "../support/jetstream_backend.ts";
import { connect } from "../support/nats_connect.ts";
import { NatsServer } from "../support/nats_server.ts";

let server: NatsServer;

Deno.test.beforeAll(async () => {
  server = await NatsServer.start();
});

Deno.test.afterAll(() => server[Symbol.asyncDispose]());

testCommandHandlerContract(Deno.test, "handler over JetStream", async () => {
  const fixture = await openFixture({ connect: () => connect(server) });
  const [store, other] = [fixture.store, await fixture.another!()].map((it) =>
    it as unknown as EventStore<AccountEvent>
  );
  return {
    store: store!,
    other: other!,
    [Symbol.asyncDispose]: () => fixture[Symbol.asyncDispose](),
  };
});
