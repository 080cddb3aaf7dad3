import { assertEquals, assertRejects } from "@std/assert";
import { commandHandler, decideTogether } from "../../decider/mod.ts";
import { ReplayError } from "../../store/errors.ts";
import { JetStreamEventStore } from "../../store/jetstream/jetstream_event_store.ts";
import { testCommandHandlerContract } from "../support/command_handler_contract.ts";
import {
  account,
  type AccountEvent,
  deposit,
  withdraw,
} from "../support/decider/accounts.ts";
import { openHandlerFixture } from "../support/jetstream_backend.ts";
import { connect } from "../support/nats_connect.ts";
import { NatsServer } from "../support/nats_server.ts";

let server: NatsServer;

Deno.test.beforeAll(async () => {
  server = await NatsServer.start();
});

Deno.test.afterAll(() => server[Symbol.asyncDispose]());

testCommandHandlerContract(
  Deno.test,
  "handler over JetStream",
  () => openHandlerFixture({ connect: () => connect(server) }),
);

Deno.test("half a history decides nothing, cached or not", async () => {
  await using nc = await connect(server);
  const namespace = "half-a-history";
  await using store = await JetStreamEventStore.open<AccountEvent>(nc, {
    namespace,
  });
  const known = commandHandler(store, account);
  await known.execute("a", deposit(1));
  await known.execute("b", deposit(1));
  const subject = `aether.events.${namespace}.a`;
  const { error } = (await nc.request(subject, "{}")).json<
    { error?: unknown }
  >();
  assertEquals(error, undefined);
  for (const accounts of [known, commandHandler(store, account)]) {
    await assertRejects(() => accounts.load("a"), ReplayError);
    await assertRejects(() => accounts.execute("a", withdraw(9)), ReplayError);
    await assertRejects(
      () =>
        decideTogether(
          store,
          { a: [account, "a"], b: [account, "b"] },
          ({ a, b }) => ({
            a: account.decide(deposit(1), a),
            b: account.decide(deposit(1), b),
          }),
        ),
      ReplayError,
    );
  }
  assertEquals((await store.getEvents("a")).length, 1);
});
