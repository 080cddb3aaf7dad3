/**
 * Commands to 10,000 actors on five processes, with the default durations, on
 * one server and on three: how long an answer takes at most under each fault.
 * It takes some ten minutes.
 *
 *     deno task requests [lease in milliseconds]
 *
 * @module
 */

import { NatsCluster } from "../../support/nats_cluster.ts";
import { NatsServer } from "../../support/nats_server.ts";
import { killAndRestart } from "../../support/trial/command_trial.ts";
import { strikeRequests } from "./_sequence.ts";

/** The stream of the store. */
const STREAM = "AETHER_default";

const [lease] = Deno.args.map(Number);
const cluster = { lease };
const load = { callers: 50, actors: 200, pause: 20 };
const tell = (line: string) => console.log(line);

{
  console.log("one server");
  await using server = await NatsServer.start();
  await strikeRequests({
    servers: [server.url],
    replicas: 1,
    cluster,
    load,
    killServer: () => killAndRestart(server),
    tell,
  });
}
{
  console.log("three replicas");
  await using servers = await NatsCluster.start();
  await strikeRequests({
    servers: servers.urls,
    replicas: 3,
    cluster,
    load,
    killServer: async () => {
      await killAndRestart(await servers.waitForLeader(STREAM));
    },
    tell,
  });
}
