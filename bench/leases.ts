/**
 * What a lease costs while nothing happens.
 *
 * @module
 */

import { LeaderElection } from "@flowmade-one/aether";
import type { NatsConnection } from "@nats-io/nats-core";
import { connect } from "../tests/support/nats_connect.ts";
import { waitFor } from "../tests/support/conditions.ts";
import { deploy } from "./_deployment.ts";
import type { Measurement, Scale, Theme } from "./_harness.ts";

/** Messages and bytes of a connection, both ways, over so many milliseconds. */
async function traffic(
  nc: NatsConnection,
  ms: number,
): Promise<{ messages: number; bytes: number }> {
  const before = nc.stats();
  await new Promise((resolve) => setTimeout(resolve, ms));
  const after = nc.stats();
  const sum = (a: number, b: number) => (a + b) / (ms / 1000);
  return {
    messages: sum(
      after.inMsgs - before.inMsgs,
      after.outMsgs - before.outMsgs,
    ),
    bytes: sum(
      after.inBytes - before.inBytes,
      after.outBytes - before.outBytes,
    ),
  };
}

/** The traffic of a leader and of a candidate, with the default durations. */
function held(scale: Scale): Measurement {
  const rowsOf = (who: string) => [`messages of ${who}`, `bytes of ${who}`];
  const [leader, candidate] = ["a lease that is held", "one that is watched"];
  return {
    rows: [...rowsOf(leader), ...rowsOf(candidate)],
    async run(bench) {
      const { url } = await deploy(bench, "one server");
      const all: { nc: NatsConnection; election: LeaderElection }[] = [];
      await using stack = new AsyncDisposableStack();
      for (const nodeId of ["a", "b"]) {
        const nc = stack.adopt(await connect(url), (nc) => nc.close());
        const election = stack.use(await LeaderElection.join(nc, { nodeId }));
        all.push({ nc, election });
      }
      const isLeading = () => all.some(({ election }) => election.isLeader());
      await waitFor(isLeading, { timeout: 30_000 });
      const measured = await Promise.all(all.map(async ({ nc, election }) => ({
        names: rowsOf(election.isLeader() ? leader : candidate),
        ...await traffic(nc, scale.pick(20_000, 60_000)),
      })));
      for (const { names: [messages, bytes], ...figures } of measured) {
        bench.row({
          name: messages!,
          unit: "messages/s",
          figure: figures.messages,
        });
        bench.row({ name: bytes!, unit: "bytes/s", figure: figures.bytes });
      }
    },
  };
}

/** Leases. */
export function leases(scale: Scale): Theme {
  return { name: "leases", measurements: [held(scale)] };
}
