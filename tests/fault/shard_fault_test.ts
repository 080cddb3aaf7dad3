/**
 * Processes that own shards while processes, servers and connections fail.
 * Every time that a process owns a shard is written down with the clock reading
 * that it compared. The leases are short; `deno task hand-overs` has the
 * defaults.
 */

import { resolveDurations } from "../../cluster/lease/settings.ts";
import { withCluster, withServer } from "../support/with_server.ts";
import { strikeProcesses, strikeServers } from "./shards/_sequence.ts";

const tell = () => {};

Deno.test("no two processes own a shard when processes are killed, stopped, cut off, or restarted", async () => {
  const settings = resolveDurations({ lease: 2_000 }, "test");
  const shards = { lease: settings.lease, settle: 50 };
  await withServer({}, async ({ port }) => {
    await strikeProcesses([port], { settings, shards, tell });
  });
});

Deno.test("no two processes own a shard when servers are killed and stopped", async () => {
  const settings = resolveDurations({ lease: 3_000 }, "test");
  const shards = { lease: settings.lease, settle: 50, replicas: 3 };
  await withCluster({}, async (cluster) => {
    await strikeServers(cluster, 3, { settings, shards, tell });
  });
});
