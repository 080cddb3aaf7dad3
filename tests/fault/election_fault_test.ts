/**
 * Processes that elect a leader while processes, servers and connections fail.
 * Every time that a process leads is written down with the clock reading that
 * it compared. The leases are short; `deno task elections` has the defaults.
 */

import { jetstreamManager } from "@nats-io/jetstream";
import { assert, assertEquals } from "@std/assert";
import { resolveDurations } from "../../cluster/lease/settings.ts";
import { waitFor } from "../support/conditions.ts";
import { connect } from "../support/nats_connect.ts";
import { TcpProxy } from "../support/tcp_proxy.ts";
import { withCluster, withServer } from "../support/with_server.ts";
import {
  cutReplies,
  killLeader,
  pauseLeader,
  stopLeader,
} from "./election/_faults.ts";
import { Fleet } from "./election/_fleet.ts";

const NODES = ["a", "b", "c"];
const stream = "KV_AETHER_CLUSTER_default";

Deno.test("no two processes lead when leaders are killed, stopped, or cut off", async () => {
  const settings = resolveDurations({ lease: 1_500 }, "test");
  await withServer({}, async (server) => {
    await using stack = new AsyncDisposableStack();
    const fleet = stack.use(new Fleet({ lease: settings.lease }));
    const proxies = new Map<string, TcpProxy>();
    const start = async (node: string) => {
      const upstream = { port: server.port };
      const proxy = stack.use(await TcpProxy.start({ upstream }));
      proxies.set(node, proxy);
      await fleet.start(node, [proxy.url]);
    };
    await Promise.all(NODES.map(start));
    await killLeader(fleet, settings);
    await pauseLeader(fleet);
    await start("d");
    await stopLeader(fleet, settings);
    await cutReplies(fleet, proxies);
    const nc = stack.adopt(await connect(server), (nc) => nc.close());
    const { streams } = await jetstreamManager(nc);
    const { term } = await fleet.leader();
    assert(await streams.delete(stream));
    // Whoever reads next makes it again, and the leader carries on in it.
    await waitFor(async () => (await streams.info(stream)).state.messages > 0, {
      message: "the leader to write to the new bucket",
    });
    assertEquals((await fleet.leader()).term, term);
    await stopLeader(fleet, settings);
    fleet.check();
  });
});

Deno.test("no two processes lead when servers are killed and stopped", async () => {
  const lease = 3_000;
  await withCluster({}, async (cluster) => {
    await using stack = new AsyncDisposableStack();
    const fleet = stack.use(new Fleet({ lease, replicas: 3 }));
    await Promise.all(NODES.map((node, i) => {
      const urls = [...cluster.urls.slice(i), ...cluster.urls.slice(0, i)];
      return fleet.start(node, urls);
    }));
    const settle = async () => {
      await cluster.waitForPeers();
      await cluster.waitForCurrent(stream);
    };
    const streamLeader = await cluster.waitForLeader(stream);
    await fleet.leader();
    await streamLeader.kill();
    await fleet.leaderAfter(Date.now() + lease);
    await streamLeader.restart();
    await settle();
    const { leader } = await fleet.leader();
    const own = cluster.server(leader.server);
    await own.pause();
    await fleet.leaderAfter(Date.now() + lease);
    own.resume();
    await settle();
    fleet.check();
  });
});
