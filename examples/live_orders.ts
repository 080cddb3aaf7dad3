/**
 * Orders as they are placed, live in other processes: one process saves them,
 * a second one follows, and a third one is too slow and says what it missed.
 *
 *     deno task live-orders
 *
 * Needs a NATS server with JetStream: the one that `NATS_URL` names, else one
 * that is started for the example.
 *
 * @module
 */

import {
  createEvent,
  type Event,
  JetStreamEventStore,
  NatsEventBus,
} from "@flowmade-one/aether";
import { connect } from "@nats-io/transport-deno";
import { NatsServer } from "../tests/support/nats_server.ts";

type OrderEvent =
  | Event<"OrderPlaced", { total: number }>
  | Event<"DayClosed", { orders: number }>;

const ORDERS = 40;
const NAMESPACES = ["orders.eu", "orders.us"];

/** Saves orders, and tells whoever listens of each once it is stored. */
async function save(url: string): Promise<void> {
  const nc = await connect({ servers: url, maxReconnectAttempts: -1 });
  {
    await using bus = new NatsEventBus<OrderEvent>(nc);
    await using store = await JetStreamEventStore.open<OrderEvent>(nc, {
      namespace: "live-orders",
    });
    for (let i = 1; i <= ORDERS; i++) {
      const placed = createEvent({
        eventType: "OrderPlaced",
        actorId: `order.${crypto.randomUUID()}`,
        version: 1,
        data: { total: i * 10 },
      });
      await store.saveEvent(placed, { expectedVersion: 0 });
      await bus.publish(NAMESPACES[i % 2]!, placed);
    }
    await bus.publish(
      NAMESPACES[0]!,
      createEvent({
        eventType: "DayClosed",
        actorId: "shop",
        version: 1,
        data: { orders: ORDERS },
      }),
    );
    await nc.flush();
  }
  await nc.close();
}

/** Prints what it hears of, or only how much of it there was. */
async function follow(url: string, slow: boolean): Promise<void> {
  const nc = await connect({ servers: url, maxReconnectAttempts: -1 });
  {
    await using bus = new NatsEventBus<OrderEvent>(nc);
    await using orders = bus.subscribe("orders.*", {
      // Too little for one that takes its time.
      buffer: slow ? 3 : 100,
      overflow: "drop-oldest",
      onGap: ({ downtime }) => console.log(`blind for ${downtime} ms`),
    });
    await orders.ready;
    console.log("ready");
    for await (const { namespace, event } of orders) {
      if (event.eventType === "DayClosed") break;
      if (!slow) {
        console.log(`${namespace}: an order over $${event.data.total}`);
      } else await new Promise((resolve) => setTimeout(resolve, 20));
    }
    const { delivered, dropped } = orders;
    console.log(`saw ${delivered - 1} orders, missed ${dropped}`);
  }
  await nc.close();
}

/** This program in another process, in one of its parts. */
function start(part: string, url: string): Deno.ChildProcess {
  const args = ["run", "-q", "-P=examples", import.meta.filename!, part, url];
  return new Deno.Command("/bin/sh", {
    args: ["-c", 'exec "$0" "$@"', Deno.execPath(), ...args],
    stdout: "piped",
  }).spawn();
}

/** Leaves no process behind, also when another one fails. */
function end(process: Deno.ChildProcess): void {
  try {
    process.kill();
  } catch {
    // It has ended by itself.
  }
}

/** Prints each line a process writes, and says when it is ready. */
function print(name: string, process: Deno.ChildProcess) {
  const ready = Promise.withResolvers<void>();
  const done = (async () => {
    let rest = "";
    const decoded = process.stdout.pipeThrough(new TextDecoderStream());
    for await (const text of decoded) {
      const lines = (rest + text).split("\n");
      rest = lines.pop()!;
      for (const line of lines) {
        if (line === "ready") ready.resolve();
        else console.log(`[${name}] ${line}`);
      }
    }
    const { success } = await process.status;
    const error = new Error(`The process ${name} failed`);
    ready.reject(error);
    if (!success) throw error;
  })();
  return { ready: ready.promise, done };
}

if (import.meta.main) {
  const [part, url] = Deno.args;
  if (part === "save") await save(url!);
  else if (part !== undefined) await follow(url!, part === "slow");
  else {
    await using resources = new AsyncDisposableStack();
    const url = Deno.env.get("NATS_URL") ||
      resources.use(await NatsServer.start()).url;
    const run = (part: string) => {
      const process = start(part, url);
      resources.defer(() => end(process));
      return print(part, process);
    };
    const followers = ["live", "slow"].map(run);
    await Promise.all(followers.map(({ ready }) => ready));
    const saver = run("save");
    saver.ready.catch(() => {});
    await saver.done;
    await Promise.all(followers.map(({ done }) => done));
  }
}
