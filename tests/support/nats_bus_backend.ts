/**
 * Buses over NATS for the contract suite, each below a prefix of its own on a
 * server that all tests of a file share.
 *
 * @module
 */

import type { NatsConnection } from "@nats-io/nats-core";
import { NatsEventBus } from "../../bus/mod.ts";
import type { BusBackend } from "./bus_contract.ts";

let buses = 0;

/** Publishes on the connection that subscribes, or on one of its own. */
export function natsBusBackend(
  connect: () => Promise<NatsConnection>,
  connections: 1 | 2,
): BusBackend {
  return {
    blocks: false,
    async open(options = {}) {
      await using stack = new AsyncDisposableStack();
      const prefix = `test-${++buses}`;
      const openOne = async () => {
        const nc = stack.adopt(await connect(), (nc) => nc.close());
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
    },
  };
}
