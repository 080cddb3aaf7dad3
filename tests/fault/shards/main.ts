/**
 * Five processes that own shards, with the default durations, on one server and
 * on three: how long a shard has no owner after each fault. It takes some ten
 * minutes.
 *
 *     deno task hand-overs [lease in milliseconds]
 *
 * @module
 */

import { resolveDurations } from "../../../cluster/lease/settings.ts";
import { NatsCluster } from "../../support/nats_cluster.ts";
import { NatsServer } from "../../support/nats_server.ts";
import { strikeProcesses, strikeServers } from "./_sequence.ts";

const [lease] = Deno.args.map(Number);
const settings = resolveDurations({ lease }, "test");
const tell = (line: string) => console.log(line);

{
  console.log("one server");
  await using server = await NatsServer.start();
  const shards = { lease };
  await strikeProcesses([server.port], { settings, shards, tell });
}
{
  console.log("three replicas");
  await using cluster = await NatsCluster.start();
  const shards = { lease, replicas: 3 };
  const ports = cluster.servers.map(({ port }) => port);
  await strikeProcesses(ports, { settings, shards, tell });
}
{
  console.log("three replicas whose servers fail");
  await using cluster = await NatsCluster.start();
  const shards = { lease, replicas: 3 };
  await strikeServers(cluster, 5, { settings, shards, tell });
}
