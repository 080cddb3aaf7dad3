/**
 * Three processes of which one leads, and says in which term. Kill it and
 * watch: another one goes on.
 *
 *     deno task leader
 *
 * Each process says its number, to kill it with. `deno task leader --once`
 * kills the first leader itself, and ends when the next one has begun. Needs a
 * NATS server with JetStream: the one that `NATS_URL` names, else one that is
 * started for the example.
 *
 * @module
 */

import { LeaderElection } from "@flowmade-one/aether";
import { connect } from "@nats-io/transport-deno";
import { NatsServer } from "../tests/support/nats_server.ts";

const NODES = ["anna", "ben", "clara"];

/** Short ones, so that there is something to watch. */
const lease = 3_000;

/** Takes part, and works while it leads. */
async function takePart(nodeId: string, url: string): Promise<void> {
  const nc = await connect({
    servers: url,
    maxReconnectAttempts: -1,
    timeout: 2000,
  });
  await using election = await LeaderElection.join(nc, {
    cluster: "example",
    nodeId,
    lease,
  });
  for await (const { term, signal } of election.terms()) {
    console.log(`${nodeId} (process ${Deno.pid}) leads in term ${term}`);
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
    console.log(`${nodeId} leads no more: ${signal.reason.message}`);
  }
}

/** Starts a process that takes part, and hands on what it says. */
function start(nodeId: string, url: string): Deno.ChildProcess {
  return new Deno.Command("/bin/sh", {
    args: [
      ...["-c", 'exec "$0" "$@"', Deno.execPath()],
      ...["run", "-q", "-P=examples", import.meta.filename!, nodeId, url],
    ],
    stdout: "piped",
  }).spawn();
}

async function main(once: boolean): Promise<void> {
  await using resources = new AsyncDisposableStack();
  const url = Deno.env.get("NATS_URL") ||
    resources.use(await NatsServer.start()).url;
  const all = NODES.map((node) => start(node, url));
  resources.defer(async () => {
    for (const each of all) {
      try {
        each.kill("SIGKILL");
      } catch {
        // It has ended already.
      }
      await each.status;
    }
  });
  let terms = 0;
  await Promise.race(all.map(async (child) => {
    for await (
      const chunk of child.stdout.pipeThrough(new TextDecoderStream())
    ) {
      console.log(chunk.trimEnd());
      if (!once || !chunk.includes(" leads in term ")) continue;
      if (++terms === 2) return;
      child.kill("SIGKILL");
      console.log("killed the leader");
    }
    // One that was killed; the others go on.
    await new Promise(() => {});
  }));
}

const [first, second] = Deno.args;
if (second === undefined) await main(first === "--once");
else await takePart(first!, second);
