/**
 * Sends commands again until they are answered, while servers and clients are
 * killed, and proves that each was applied once:
 *
 *     deno task soak:commands --help
 *
 * @module
 */

import { parseArgs } from "node:util";
import { Random } from "../support/history/random.ts";
import {
  killAndRestart,
  runTrial,
  TRIAL_STREAM,
  type TrialOptions,
} from "../support/trial/command_trial.ts";
import { withCluster, withServer } from "../support/with_server.ts";

const HELP =
  `Proves that commands are applied once while servers and clients are killed.

    deno task soak:commands [--commands N] [--kills K] [--servers 1|3] [--seed S]

A third of the commands goes to two processes at once, and each is sent again
until it is answered. In the end every answer is compared with what is stored.

  --commands N  how many commands (10000)
  --kills K     how often a server is killed, and how often a client (10)
  --servers 1|3 one server, or a cluster of three (1)
  --seed S      what chance begins with
  --help        prints this`;

const { values } = parseArgs({
  args: Deno.args,
  options: {
    commands: { type: "string", default: "10000" },
    kills: { type: "string", default: "10" },
    servers: { type: "string", default: "1" },
    seed: { type: "string" },
    help: { type: "boolean", default: false },
  },
});
if (values.help) {
  console.log(HELP);
  Deno.exit(0);
}
const kills = Number(values.kills);
const servers = Number(values.servers);
const seed = Number(
  values.seed ?? crypto.getRandomValues(new Uint32Array(1))[0],
);
console.log(`seed ${seed}`);

const options: Pick<
  TrialOptions,
  "random" | "commands" | "serverKills" | "clientKills" | "onFault"
> = {
  random: new Random(seed),
  commands: Number(values.commands),
  serverKills: kills,
  clientKills: kills,
  onFault: (what, answered) => console.log(`${answered} answered, ${what}`),
};
const began = performance.now();
const report = servers === 3
  ? await withCluster({}, (cluster) =>
    runTrial({
      ...options,
      urls: cluster.urls,
      replicas: 3,
      async killServer() {
        await killAndRestart(await cluster.waitForLeader(TRIAL_STREAM));
        await cluster.waitForCurrent(TRIAL_STREAM);
      },
    }))
  : await withServer({}, (server) =>
    runTrial({
      ...options,
      urls: [server.url],
      replicas: 1,
      killServer: () => killAndRestart(server),
    }));
const seconds = ((performance.now() - began) / 1000).toFixed(0);
console.log(
  `${options.commands} commands applied once, ${report.events} events, ${report.duplicates} answers that were stored before, in ${seconds} s`,
);
for (const [name, count] of report.failures) console.log(`  ${name}: ${count}`);
