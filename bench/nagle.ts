/**
 * What is sent where Nagle's algorithm is on, as transport-deno leaves it,
 * beside the same with it off.
 *
 * @module
 */

import { createEvent, NatsEventBus } from "@flowmade-one/aether";
import type { NatsConnection } from "@nats-io/nats-core";
import { deploy } from "./_deployment.ts";
import { type OrderPlaced, orderPlaced } from "./_events.ts";
import {
  type Bench,
  type Measurement,
  ratioAtMost,
  type Scale,
  type Theme,
} from "./_harness.ts";
import { against, takeTurns } from "./_timing.ts";

/** Batches of events, around the 32 KiB that nats.js writes at a time. */
const BATCHES = [10, 70, 100, 150, 300, 1_000];

/** Turns Nagle's algorithm off, as transport-node does by itself. */
function turnOff(connection: NatsConnection): void {
  const { protocol } = connection as unknown as {
    protocol: { transport: { socket: { setNoDelay(noDelay: boolean): void } } };
  };
  protocol.transport.socket.setNoDelay(true);
}

/** Milliseconds that each of several calls took, one after the other. */
async function meanOf(count: number, call: () => Promise<unknown>) {
  const began = performance.now();
  for (let i = 0; i < count; i++) await call();
  return (performance.now() - began) / count;
}

function batches(size: number, scale: Scale): Measurement {
  const name = `saveEvents of ${size}, one in flight`;
  return {
    rows: [name],
    run: (bench) =>
      compare(bench, name, scale, async (connection) => {
        const deployment = await deploy(bench, "one server");
        const namespace = deployment.namespace();
        // In memory, where no disk hides what the network takes.
        const options = { namespace, storage: "memory" } as const;
        const store = await deployment.open(options, connection);
        let version = 0;
        const next = () => createEvent(orderPlaced("order-1", ++version));
        const save = () => store.saveEvents(Array.from({ length: size }, next));
        return () => meanOf(5, save);
      }),
  };
}

function saveAndPublish(scale: Scale): Measurement {
  const name = "save, then publish to another connection";
  return {
    rows: [name],
    run: (bench) =>
      compare(bench, name, scale, async (connection) => {
        const deployment = await deploy(bench, "one server");
        const namespace = deployment.namespace();
        const options = { namespace, storage: "memory" } as const;
        const store = await deployment.open(options, connection);
        const bus = new NatsEventBus<OrderPlaced>(connection);
        const far = new NatsEventBus<OrderPlaced>(await deployment.connect());
        const subscription = far.subscribe(namespace);
        await subscription.ready;
        const deliveries = subscription[Symbol.asyncIterator]();
        let version = 0;
        const next = () => createEvent(orderPlaced("order-1", ++version));
        return () =>
          meanOf(5, async () => {
            await store.saveEvent(next());
            await bus.publish(namespace, next());
            await deliveries.next();
          });
      }),
  };
}

/** Takes turns with Nagle's algorithm on and off. */
async function compare(
  bench: Bench,
  name: string,
  scale: Scale,
  open: (connection: NatsConnection) => Promise<() => Promise<number>>,
): Promise<void> {
  const deployment = await deploy(bench, "one server");
  const [on, off] = [await deployment.connect(), await deployment.connect()];
  turnOff(off);
  const sides = { on: await open(on), off: await open(off) };
  const found = await takeTurns(scale.pick(5, 25), sides, bench.progress);
  bench.row({
    name,
    unit: "ms",
    figure: found.on.median,
    reference: against("with Nagle's algorithm off", found.off),
    targets: [ratioAtMost(1.3)],
  });
}

/** Sending where Nagle's algorithm is on. */
export function nagle(scale: Scale): Theme {
  return {
    name: "Nagle's algorithm",
    measurements: [
      ...BATCHES.map((size) => batches(size, scale)),
      saveAndPublish(scale),
    ],
  };
}
