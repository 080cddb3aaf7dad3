/**
 * Measures what memory a process with a store takes while it saves to many
 * actors:
 *
 *     deno task soak:memory [--saves N] [--actors A]
 *
 * @module
 */

import { parseArgs } from "node:util";
import { JetStreamEventStore } from "../../store/jetstream/jetstream_event_store.ts";
import { connect } from "../support/nats_connect.ts";
import { NatsServer } from "../support/nats_server.ts";
import { actorName, soakEvent } from "./_events.ts";

const IN_FLIGHT = 500;
const STEPS = 10;

/** Growth that does not count, from when every actor has had four events. */
const TOLERANCE = 1.1;

const MB = 1024 * 1024;
const collect = (globalThis as { gc?: () => void }).gc;
if (collect === undefined) {
  throw new Error("Run it with --v8-flags=--expose-gc");
}

const { values } = parseArgs({
  options: { saves: { type: "string" }, actors: { type: "string" } },
});
const saves = Number(values.saves ?? 1_000_000);
const actors = Number(values.actors ?? 100_000);

/** What is in use when all garbage is gone, in megabytes. */
async function measure(): Promise<{ heap: number; rss: number }> {
  for (let i = 0; i < 3; i++) {
    collect!();
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  const { heapUsed, rss } = Deno.memoryUsage();
  return { heap: heapUsed / MB, rss: rss / MB };
}

/** Saves events with these numbers, each actor having its turn. */
async function save(
  store: JetStreamEventStore,
  from: number,
  to: number,
): Promise<void> {
  let next = from;
  const loop = async () => {
    while (next < to) {
      const i = next++;
      const version = Math.floor(i / actors) + 1;
      const actor = actorName(i % actors);
      await store.saveEvent(soakEvent(crypto.randomUUID(), actor, version));
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, loop));
}

await using server = await NatsServer.start();
const nc = await connect(server);
{
  await using store = await JetStreamEventStore.open(nc);
  console.log("     saves   heap used        RSS   saves/s");
  const print = (done: number, heap: number, rss: number, rate: number) =>
    console.log(
      [
        done.toLocaleString("en-US").padStart(10),
        `${heap.toFixed(1)} MB`.padStart(11),
        `${rss.toFixed(0)} MB`.padStart(10),
        rate.toFixed(0).padStart(9),
      ].join(" "),
    );
  const start = await measure();
  print(0, start.heap, start.rss, 0);
  let full: number | undefined;
  let last = start;
  for (let step = 1; step <= STEPS; step++) {
    const [from, to] = [step - 1, step].map((n) =>
      Math.round(saves * n / STEPS)
    );
    const began = performance.now();
    await save(store, from!, to!);
    const rate = (to! - from!) / (performance.now() - began) * 1_000;
    last = await measure();
    print(to!, last.heap, last.rss, rate);
    if (to! >= 4 * actors) full ??= last.heap;
  }
  const ratio = last.heap / (full ?? last.heap);
  console.log(
    `heap at the end: ${
      ratio.toFixed(3)
    } x that after four events of each actor`,
  );
  if (ratio > TOLERANCE) Deno.exitCode = 1;
}
await nc.close();
