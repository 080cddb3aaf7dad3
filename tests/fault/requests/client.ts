/**
 * A process whose callers send numbered commands, each one when the one before
 * was answered. It says:
 *
 * - `sent CALLER N` before a command goes out
 * - `acked CALLER N MILLISECONDS` or `failed CALLER N BEGUN NAME` then
 *
 * Every other caller sends with command ids. SIGTERM ends it when all are
 * answered. Arguments: JSON of {@linkcode ClientOptions}.
 *
 * @module
 */

import { ClusterManager } from "../../../cluster/mod.ts";
import { JetStreamEventStore } from "../../../mod.ts";
import { connect } from "../../support/nats_connect.ts";
import { actorsIn, type Done } from "./actors.ts";
import { commandOf } from "./_history.ts";
import type { ProcessOptions } from "./node.ts";

/** What a client is told. */
export interface ClientOptions extends ProcessOptions {
  /** What its callers' names begin with. */
  readonly name: string;
  readonly callers: number;
  /** How many actors each caller has. */
  readonly actors: number;
  /** Milliseconds between two commands of a caller. */
  readonly pause: number;
}

/** Longer than any fault keeps an actor from being served. */
const TIMEOUT_MS = 120_000;

const encoder = new TextEncoder();

function say(...words: unknown[]): void {
  Deno.stdout.writeSync(encoder.encode(`${words.join(" ")}\n`));
}

const options: ClientOptions = JSON.parse(Deno.args[0]!);
const { servers, replicas, name, callers, actors: count, pause } = options;
const nc = await connect(servers);
const store = await JetStreamEventStore.open<Done>(nc, { replicas });
const cluster = new ClusterManager(nc, { ...options.cluster, role: "client" });
const actors = cluster.actors("worker", actorsIn(store));
await cluster.start();
let isOver = false;
Deno.addSignalListener("SIGTERM", () => isOver = true);

async function call(caller: string, withIds: boolean): Promise<void> {
  for (let n = 1; !isOver; n++) {
    const id = commandOf(caller, n);
    const actorId = `${caller}-${n % count}`;
    const commandId = withIds ? id : undefined;
    say("sent", caller, n);
    const start = performance.now();
    try {
      await actors.request(actorId, { id }, { commandId, timeout: TIMEOUT_MS });
      say("acked", caller, n, Math.round(performance.now() - start));
    } catch (error) {
      const { begun = "unknown", name } = error as Error & { begun?: string };
      say("failed", caller, n, begun, name);
    }
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
}

await Promise.all(
  Array.from({ length: callers }, (_, i) => call(`${name}${i}`, i % 2 === 0)),
);
await cluster.leave();
await store.close();
await nc.close();
Deno.exit();
