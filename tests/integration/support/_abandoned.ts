// A program that starts servers, tells of them and then waits to be killed.
// deno run -A _abandoned.ts running | paused | cluster
import { NatsCluster } from "../../support/nats_cluster.ts";
import { NatsServer } from "../../support/nats_server.ts";

const servers = Deno.args[0] === "cluster"
  ? (await NatsCluster.start()).servers
  : [await NatsServer.start()];
if (Deno.args[0] === "paused") await servers[0]!.pause();
console.log(JSON.stringify(servers.map(({ pid }) => pid)));
await new Promise((resolve) => setTimeout(resolve, 60_000));
