/**
 * A process that hosts counters. It says on its output what it does:
 *
 * - `saving`: it is about to send the save of a command that is to `"pause"`.
 *   It then stands still, timers and all, until a byte comes in.
 * - `saved` or `failed NAME`: how that save ended.
 * - `conflicts N`: how many saves of its were refused, whenever that changes.
 *
 * A command that is to `"die"` kills the process when its event is stored and
 * its caller is not answered yet.
 *
 * Arguments: JSON of {@linkcode NodeOptions}.
 *
 * @module
 */

import {
  ClusterManager,
  type ClusterManagerOptions,
} from "../../../cluster/mod.ts";
import { type EventStore, JetStreamEventStore } from "../../../mod.ts";
import { connect } from "../../support/nats_connect.ts";
import { type Counted, countersIn } from "./counter.ts";

/** What a node is told. */
export interface NodeOptions {
  readonly servers: readonly string[];
  readonly cluster: ClusterManagerOptions;
}

const encoder = new TextEncoder();

function say(...words: unknown[]): void {
  Deno.stdout.writeSync(encoder.encode(`${words.join(" ")}\n`));
}

/**
 * Saves that stand still, with everything else, right before they are sent:
 * behind the last look at their signal, and so they are sent without it.
 */
function pausing(store: EventStore<Counted>): EventStore<Counted> {
  return new Proxy(store, {
    get(target, name) {
      const value = Reflect.get(target, name, target);
      if (typeof value !== "function") return value;
      const method = value.bind(target);
      if (name !== "saveEvent" && name !== "saveEvents") return method;
      return async (
        saved: Counted | Counted[],
        options: { signal?: AbortSignal } | undefined,
      ) => {
        const [event] = [saved].flat();
        if (event?.data.then !== "pause") return await method(saved, options);
        say("saving");
        Deno.stdin.readSync(new Uint8Array(1));
        try {
          const result = await method(saved, { ...options, signal: undefined });
          say("saved");
          return result;
        } catch (error) {
          say("failed", (error as Error).name);
          throw error;
        }
      };
    },
  });
}

const { servers, cluster: options }: NodeOptions = JSON.parse(Deno.args[0]!);
const nc = await connect(servers);
const store = await JetStreamEventStore.open<Counted>(nc);
const cluster = new ClusterManager(nc, options);
cluster.host(
  "counter",
  countersIn(pausing(store), (then, duplicate) => {
    if (then === "die" && !duplicate) Deno.kill(Deno.pid, "SIGKILL");
  }),
);
await cluster.start();
let conflicts = 0;
while (true) {
  if (store.metrics.conflicts !== conflicts) {
    say("conflicts", conflicts = store.metrics.conflicts);
  }
  await new Promise((resolve) => setTimeout(resolve, 5));
}
