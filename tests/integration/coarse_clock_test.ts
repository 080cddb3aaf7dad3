/** The contracts hold on clocks that go in steps. */

import { registerLocalSuites } from "../runtimes/suites.ts";
import { coarseClock } from "../support/coarse_clock.ts";
import type { RegisterTest } from "../support/contract_runner.ts";
import { testEventStoreContract } from "../support/event_store_contract.ts";
import { openFixture } from "../support/jetstream_backend.ts";
import { connect } from "../support/nats_connect.ts";
import { NatsServer } from "../support/nats_server.ts";

/** The coarsest that browsers go, when they resist fingerprinting. */
const STEP_MS = 100;

let server: NatsServer;

Deno.test.beforeAll(async () => {
  server = await NatsServer.start();
});

Deno.test.afterAll(() => server[Symbol.asyncDispose]());

const register: RegisterTest = (name, body) =>
  Deno.test(`in steps of ${STEP_MS} ms, ${name}`, async () => {
    using _clock = coarseClock(STEP_MS);
    await body();
  });

registerLocalSuites(register);
testEventStoreContract(register, "JetStream over TCP", {
  separate: true,
  maxPayload: 1024 * 1024,
  race: { versions: 50 },
  runs: 5,
  smoke: true,
  open: (options) => openFixture({ connect: () => connect(server) }, options),
});
