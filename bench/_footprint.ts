/**
 * A process that does nothing but save events, and says how much memory it
 * takes: `deno run _footprint.ts URL SAVES ACTORS`.
 *
 * @module
 */

import { JetStreamEventStore } from "@flowmade-one/aether";
import { connect } from "../tests/support/nats_connect.ts";
import type { OrderPlaced } from "./_events.ts";
import { Actors, byStore } from "./_savers.ts";
import { collectGarbage, rateOf } from "./_timing.ts";

/** Memory after so many saves, in bytes. */
export interface Footprint {
  readonly saves: number;
  /** What the process takes. */
  readonly rss: number;
  /** What of it is in use. */
  readonly heap: number;
}

const STEPS = 10;

if (import.meta.main) {
  const [url, saves, actors] = Deno.args;
  const connection = await connect(url!);
  const store = await JetStreamEventStore.open<OrderPlaced>(connection, {
    namespace: "footprint",
  });
  const save = byStore(store, new Actors("order", Number(actors)));
  const step = Math.floor(Number(saves) / STEPS);
  for (let i = 0; i < STEPS; i++) {
    await rateOf(step, 500, (k) => save(i * step + k));
    collectGarbage();
    const { rss, heapUsed, external } = Deno.memoryUsage();
    const footprint: Footprint = {
      saves: (i + 1) * step,
      rss,
      heap: heapUsed + external,
    };
    console.log(JSON.stringify(footprint));
  }
  await store[Symbol.asyncDispose]();
  await connection.close();
}
