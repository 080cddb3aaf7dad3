/**
 * Elections with the default durations: how long nobody leads after a fault,
 * and how much of the window is left when a server is lost. It takes some five
 * minutes.
 *
 *     deno task elections
 *
 * @module
 */

import { resolveDurations } from "../../../cluster/lease/settings.ts";
import { NatsCluster } from "../../support/nats_cluster.ts";
import { NatsServer } from "../../support/nats_server.ts";
import { killLeader, pauseLeader, stopLeader, strike } from "./_faults.ts";
import { Fleet } from "./_fleet.ts";

const ROUNDS = 3;
const STREAM = "KV_AETHER_CLUSTER_default";
const settings = resolveDurations({}, "test");
const seconds = (ms: number) => `${(ms / 1000).toFixed(3)} s`;

async function processes(): Promise<void> {
  await using server = await NatsServer.start();
  await using fleet = new Fleet({});
  let started = 0;
  const start = () => fleet.start(`node-${++started}`, [server.url]);
  await Promise.all([start(), start(), start()]);
  for (let round = 0; round < ROUNDS; round++) {
    const { gap } = await killLeader(fleet, settings);
    console.log(`leader killed: nobody led for ${seconds(gap)}`);
    await start();
    const stopped = await stopLeader(fleet, settings);
    console.log(`leader closed: nobody led for ${seconds(stopped.gap)}`);
    await start();
  }
  const { gap } = await pauseLeader(fleet);
  console.log(`leader stopped: nobody led for ${seconds(gap)}`);
  fleet.check();
  console.log(`${fleet.admissions} admissions, no overlap`);
}

async function servers(): Promise<void> {
  await using cluster = await NatsCluster.start();
  await using fleet = new Fleet({ replicas: 3 });
  await Promise.all([0, 1, 2].map((i) => {
    const urls = [...cluster.urls.slice(i), ...cluster.urls.slice(0, i)];
    return fleet.start(`node-${i}`, urls);
  }));
  for (const blow of ["kill", "pause"] as const) {
    for (const whose of ["stream leader", "leader's own server"] as const) {
      const { leader } = await fleet.leader();
      const server = whose === "stream leader"
        ? await cluster.waitForLeader(STREAM)
        : cluster.server(leader.server);
      const { silence, isSame } = await strike(
        fleet,
        server,
        blow,
        settings.renewDeadline,
      );
      const left = settings.renewDeadline - silence;
      console.log(
        `${whose} ${blow === "kill" ? "killed" : "stopped"}: ${
          isSame ? "the same leader" : "ANOTHER LEADER"
        }, ${seconds(left)} of its window were left`,
      );
      await cluster.waitForPeers();
      await cluster.waitForCurrent(STREAM);
    }
  }
  fleet.check();
  console.log(`${fleet.admissions} admissions, no overlap`);
}

await processes();
await servers();
