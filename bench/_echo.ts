/**
 * A process that answers with what it was sent, by a cluster manager and by
 * nats.js alone: `deno run _echo.ts URL CLUSTER`. It says `ready` and ends when
 * its input does.
 *
 * @module
 */

import { type Actors, ClusterManager } from "@flowmade-one/aether/cluster";
import { connect } from "../tests/support/nats_connect.ts";
import { CLUSTER } from "./_host.ts";

/** What the plain responder listens on. */
export const SUBJECT = "bench.echo";

/** Has a manager answer with what it is sent. */
export function echoesOf(manager: ClusterManager): Actors<unknown, unknown> {
  return manager.handle("echo", (_, payload) => payload);
}

if (import.meta.main) {
  const [url, cluster] = Deno.args as [string, string];
  const nc = await connect(url);
  nc.subscribe(SUBJECT, {
    callback: (_, message) => void message.respond(message.data),
  });
  const manager = new ClusterManager(nc, { ...CLUSTER, cluster });
  echoesOf(manager);
  await manager.start();
  await manager.ready;
  console.log("ready");
  for await (const _ of Deno.stdin.readable) { /* until it ends */ }
  await manager.leave();
  await nc.close();
}
