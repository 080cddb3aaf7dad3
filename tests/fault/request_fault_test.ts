/**
 * Commands to actors on five processes, while processes and the server fail:
 * none that was acknowledged is lost, none is applied twice, and the events of
 * each are handled in order. `deno task requests` has three servers, and the
 * default durations.
 */

import { killAndRestart } from "../support/trial/command_trial.ts";
import { withServer } from "../support/with_server.ts";
import { strikeRequests } from "./requests/_sequence.ts";

Deno.test("commands are applied once, in order, while nodes, clients and the server fail", async () => {
  await withServer({}, async (server) => {
    await strikeRequests({
      servers: [server.url],
      replicas: 1,
      cluster: { lease: 3_000, settle: 50 },
      load: { callers: 20, actors: 10, pause: 50 },
      killServer: () => killAndRestart(server),
      tell: Deno.env.has("TELL") ? console.log : () => {},
    });
  });
});
