import { seeded } from "../support/history/random.ts";
import {
  killAndRestart,
  runTrial,
  TRIAL_STREAM,
} from "../support/trial/command_trial.ts";
import { withCluster, withServer } from "../support/with_server.ts";

Deno.test("commands are applied once when the server and their clients are killed", async () => {
  await withServer({}, async (server) => {
    await runTrial({
      random: seeded("command kill"),
      urls: [server.url],
      replicas: 1,
      commands: 1_000,
      serverKills: 2,
      clientKills: 2,
      killServer: () => killAndRestart(server),
    });
  });
});

Deno.test("commands are applied once when a leader of three and a client are killed", async () => {
  await withCluster({}, async (cluster) => {
    await runTrial({
      random: seeded("command kill on three"),
      urls: cluster.urls,
      replicas: 3,
      commands: 600,
      serverKills: 1,
      clientKills: 1,
      async killServer() {
        await killAndRestart(await cluster.waitForLeader(TRIAL_STREAM));
        await cluster.waitForCurrent(TRIAL_STREAM);
      },
    });
  });
});
