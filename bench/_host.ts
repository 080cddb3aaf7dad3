/**
 * The actors of the measurements of hosts, and a process that hosts them:
 * `deno run _host.ts URL NAMESPACE CLUSTER`. It says `ready` and ends when its
 * input does.
 *
 * @module
 */

import { type Event, JetStreamEventStore } from "@flowmade-one/aether";
import {
  type ActorDefinition,
  ClusterManager,
  eventSourced,
  type EventSourcedOptions,
} from "@flowmade-one/aether/cluster";
import type { Decider } from "@flowmade-one/aether/decider";
import { connect } from "../tests/support/nats_connect.ts";

/** Counts; a command of 0 stores nothing. */
export type Counted = Event<
  "Counted",
  { by: number; total: number; items: number; note: string }
>;

/** A counter whose events are as large as those of the other measurements. */
const counter: Decider<number, number, Counted> = {
  initialState: 0,
  decide: (by) =>
    by === 0 ? [] : {
      eventType: "Counted",
      data: { by, total: 99.99, items: 3, note: "at the" },
    },
  evolve: (count, { data }) => count + data.by,
};

/** The counters of a store. */
export function countersIn(
  store: JetStreamEventStore<Counted>,
  options: EventSourcedOptions<number, Counted, number> = {},
): ActorDefinition<number, number> {
  return eventSourced(store, counter, {
    reply: ({ state }) => state,
    ...options,
  });
}

/**
 * What all managers of a cluster of a measurement are made with. The first
 * leader of a new cluster waits for one lease: a short one is soon over.
 */
export const CLUSTER = { lease: 3_000, settle: 50, shards: 64 };

if (import.meta.main) {
  const [url, namespace, cluster] = Deno.args as [string, string, string];
  const nc = await connect(url);
  const store = await JetStreamEventStore.open<Counted>(nc, { namespace });
  const manager = new ClusterManager(nc, { ...CLUSTER, cluster });
  manager.host("counter", countersIn(store));
  await manager.start();
  await manager.ready;
  console.log("ready");
  for await (const _ of Deno.stdin.readable) { /* until it ends */ }
  await manager.leave();
  await nc.close();
}
