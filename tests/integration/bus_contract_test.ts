import { type BusOptions, NatsEventBus } from "../../bus/mod.ts";
import { type BusFixture, testBusContract } from "../support/bus_contract.ts";
import { connect } from "../support/nats_connect.ts";
import { NatsServer } from "../support/nats_server.ts";

let server: NatsServer;
let buses = 0;

Deno.test.beforeAll(async () => {
  server = await NatsServer.start({ jetstream: false });
});

Deno.test.afterAll(() => server[Symbol.asyncDispose]());

/** Opens one bus, or two on connections of their own. */
async function open(
  connections: 1 | 2,
  options: BusOptions = {},
): Promise<BusFixture> {
  await using stack = new AsyncDisposableStack();
  const prefix = `test-${++buses}`;
  const openOne = async () => {
    const nc = stack.adopt(await connect(server), (nc) => nc.close());
    const bus = stack.use(new NatsEventBus(nc, { ...options, prefix }));
    return { nc, bus };
  };
  const subscriber = await openOne();
  const publisher = connections === 1 ? subscriber : await openOne();
  const resources = stack.move();
  return {
    bus: subscriber.bus,
    publisher: publisher.bus,
    async settle() {
      // The server delivers what it got before it answers.
      if (!publisher.nc.isClosed()) await publisher.nc.flush();
      await subscriber.nc.flush();
    },
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

testBusContract(Deno.test, "NatsEventBus", {
  blocks: false,
  open: (options) => open(1, options),
});

testBusContract(Deno.test, "NatsEventBus, two connections", {
  blocks: false,
  open: (options) => open(2, options),
});
