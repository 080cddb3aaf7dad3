import { assertEquals } from "@std/assert";
import type { JetStreamEventStoreOptions } from "../../store/mod.ts";
import { waitFor } from "../support/conditions.ts";
import type { MemoryHistory } from "../support/history/history_log.ts";
import { seeded } from "../support/history/random.ts";
import type { Outcome } from "../support/history/records.ts";
import type { NatsServer } from "../support/nats_server.ts";
import { withCluster } from "../support/with_server.ts";
import { finishOn, FORGETFUL, startOn, STREAM } from "./_cluster_scenario.ts";

/** Clients of the stopped server wait until it is back. */
const OPTIONS: JetStreamEventStoreOptions = {
  ...FORGETFUL,
  readTimeout: 120_000,
  saveTimeout: 120_000,
};

/** A save or a read: whose it is, when it began, and how it ended if it did. */
interface TimedCall {
  readonly store: string;
  readonly begun: number;
  ended?: { readonly at: number; readonly outcome: Outcome };
}

function callsIn(history: MemoryHistory): TimedCall[] {
  const calls = new Map<string, TimedCall>();
  for (const record of history) {
    if (record.kind === "invoke" && record.call.name !== "subscribe") {
      calls.set(record.op, { store: record.store, begun: record.at });
    } else if (record.kind === "complete") {
      const call = calls.get(record.op);
      if (call !== undefined) call.ended = record;
    }
  }
  return [...calls.values()];
}

for (
  const [what, stop, goOn] of [
    ["killed", (server) => server.kill(), (server) => server.restart()],
    ["paused", (server) => server.pause(), (server) => server.resume()],
  ] satisfies [
    string,
    (server: NatsServer) => Promise<void>,
    (server: NatsServer) => unknown,
  ][]
) {
  Deno.test(`saves and reads go on when a follower is ${what}`, async () => {
    const random = seeded(`follower ${what}`);
    await withCluster({}, async (cluster) => {
      await using scenario = await startOn(cluster, random, OPTIONS);
      await cluster.waitForLeader(STREAM);
      const follower = random.pick(await cluster.followersOf(STREAM));
      // Clients of the server that is gone have to find another one first.
      const gone = `${cluster.servers.indexOf(follower)}`;
      const calls = () =>
        callsIn(scenario.history).filter(({ store }) => !store.endsWith(gone));
      const stores = new Set(calls().map(({ store }) => store));
      let stopped = 0;
      await scenario.fault(`${follower.name} is ${what}`, async () => {
        await stop(follower);
        stopped = scenario.now;
        const isDone = ({ begun, ended }: TimedCall) =>
          begun >= stopped && ended !== undefined;
        await waitFor(
          () => {
            const done = calls().filter(isDone);
            return [...stores].every((name) =>
              done.filter(({ store }) => store === name).length >= 50
            );
          },
          { timeout: 60_000, message: "50 calls of each store to end" },
        );
        // None may have to wait until the follower is back.
        const until = scenario.now;
        await waitFor(
          () => calls().every(({ begun, ended }) => begun > until || ended),
          { timeout: 60_000, message: "every call begun before to end" },
        );
        await goOn(follower);
      });
      await cluster.waitForCurrent(STREAM);
      await finishOn(cluster, scenario);
      const failed = calls().filter(({ begun, ended }) =>
        begun >= stopped && /^(error|unknown)$/.test(ended!.outcome.is)
      );
      assertEquals(failed, []);
    });
  });
}
