/**
 * Processes that own shards while processes, servers and connections fail.
 * Every time that a process owns a shard is written down with the clock reading
 * that it compared. The leases are short.
 */

import { resolveDurations } from "../../cluster/lease/settings.ts";
import { waitFor } from "../support/conditions.ts";
import { TcpProxy } from "../support/tcp_proxy.ts";
import { withCluster, withServer } from "../support/with_server.ts";
import { kill, leave, pause } from "./shards/_faults.ts";
import { Fleet } from "./shards/_fleet.ts";

const STREAM = "KV_AETHER_CLUSTER_default";
const SHARDS = 24;

Deno.test("no two processes own a shard when processes are killed, stopped, or cut off", async () => {
  const settings = resolveDurations({ lease: 1_500 }, "test");
  await withServer({}, async (server) => {
    await using stack = new AsyncDisposableStack();
    const { lease } = settings;
    const fleet = stack.use(new Fleet({ lease, settle: 50, shards: SHARDS }));
    const proxies = new Map<string, TcpProxy>();
    let started = 0;
    const start = async () => {
      const node = `node-${++started}`;
      const upstream = { port: server.port };
      const proxy = stack.use(await TcpProxy.start({ upstream }));
      proxies.set(node, proxy);
      return await fleet.start(node, [proxy.url]);
    };
    await Promise.all([1, 2, 3, 4, 5].map(start));
    const alive = () => fleet.members.filter(({ owned }) => owned.size > 0);
    await waitFor(() => alive().length === 5);
    await leave(fleet, alive().find(({ leads }) => !leads)!);
    await leave(fleet, await fleet.leader());
    await Promise.all([1, 2].map(start));
    await kill(fleet, [alive().find(({ leads }) => !leads)!], 1, settings);
    await kill(fleet, [await fleet.leader()], 1, settings);
    await pause(fleet, alive().find(({ leads }) => !leads)!, settings);
    await pause(fleet, await fleet.leader(), settings);
    // One that hears nothing any more stops, and others take its shards.
    const deaf = alive()[0]!;
    const proxy = proxies.get(deaf.node)!;
    proxy.dropServerToClient();
    await waitFor(() => deaf.owned.size === 0, { timeout: 30_000 });
    await fleet.served(Date.now());
    proxy.passServerToClient();
    proxy.cut();
    await fleet.served(Date.now());
    fleet.check();
  });
});

Deno.test("no two processes own a shard when servers are killed and stopped", async () => {
  const lease = 3_000;
  await withCluster({}, async (cluster) => {
    const options = { lease, settle: 50, shards: SHARDS, replicas: 3 };
    await using fleet = new Fleet(options);
    await Promise.all([0, 1, 2].map((i) => {
      const urls = [...cluster.urls.slice(i), ...cluster.urls.slice(0, i)];
      return fleet.start(`node-${i}`, urls);
    }));
    const settle = async () => {
      await cluster.waitForPeers();
      await cluster.waitForCurrent(STREAM);
      await fleet.served(Date.now());
    };
    const streamLeader = await cluster.waitForLeader(STREAM);
    await streamLeader.kill();
    await fleet.served(Date.now() + lease);
    await streamLeader.restart();
    await settle();
    const own = cluster.server((await fleet.leader()).server);
    await own.pause();
    await fleet.served(Date.now() + lease);
    own.resume();
    await settle();
    fleet.check();
  });
});
