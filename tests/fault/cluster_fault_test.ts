import { seeded } from "../support/history/random.ts";
import { withCluster } from "../support/with_server.ts";
import { finishOn, FORGETFUL, startOn, STREAM } from "./_cluster_scenario.ts";

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

Deno.test("a store keeps its promises when its stream's leader is killed", async () => {
  const random = seeded("leader kill");
  await withCluster({}, async (cluster) => {
    await using scenario = await startOn(cluster, random);
    for (let i = 0; i < 2; i++) {
      const leader = await cluster.waitForLeader(STREAM);
      await pause(random.below(200));
      await scenario.fault(`kill leader ${leader.name}`, async () => {
        await leader.kill();
        await cluster.waitForLeader(STREAM, { not: leader });
      });
      await scenario.progress(50);
      await leader.restart();
      await cluster.waitForCurrent(STREAM);
    }
    await finishOn(cluster, scenario);
  });
});

Deno.test("a store keeps its promises when its stream's leader stands still for 10 s", async () => {
  const random = seeded("leader stop");
  await withCluster({}, async (cluster) => {
    await using scenario = await startOn(cluster, random, FORGETFUL);
    const leader = await cluster.waitForLeader(STREAM);
    const from = scenario.now;
    await pause(random.below(200));
    await scenario.fault(`pause leader ${leader.name}`, async () => {
      await leader.pause();
      await pause(10_000);
      leader.resume();
    });
    await cluster.waitForCurrent(STREAM);
    // A leader that was frozen may answer for a moment as if it still led.
    const to = scenario.now;
    await finishOn(cluster, scenario, [[from, to]]);
  });
});

Deno.test("a store keeps its promises when all servers are restarted one by one", async () => {
  const random = seeded("rolling restart");
  await withCluster({}, async (cluster) => {
    await using scenario = await startOn(cluster, random);
    for (const server of cluster.servers) {
      await scenario.fault(`restart ${server.name}`, () => server.restart());
      await cluster.waitForPeers();
      await cluster.waitForCurrent(STREAM);
      await scenario.progress(20);
    }
    await finishOn(cluster, scenario);
  });
});
