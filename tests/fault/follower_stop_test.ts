import { assert } from "@std/assert";
import type { MemoryHistory } from "../support/history/history_log.ts";
import { seeded } from "../support/history/random.ts";
import type { NatsServer } from "../support/nats_server.ts";
import { withCluster } from "../support/with_server.ts";
import { finishOn, FORGETFUL, startOn, STREAM } from "./_cluster_scenario.ts";

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** How long calls took that began between two times, the shortest first. */
function latencies(
  history: MemoryHistory,
  [from, to]: readonly [number, number],
  isMeant: (store: string) => boolean,
): number[] {
  const begun = new Map<string, number>();
  const found: number[] = [];
  for (const record of history) {
    if (record.kind === "invoke") {
      const { op, at, call, store } = record;
      if (call.name === "subscribe" || !isMeant(store)) continue;
      if (at >= from && at <= to) begun.set(op, at);
    } else if (record.kind === "complete") {
      const at = begun.get(record.op);
      if (at !== undefined) found.push(record.at - at);
    }
  }
  return found.sort((a, b) => a - b);
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
      await using scenario = await startOn(cluster, random, FORGETFUL);
      await cluster.waitForLeader(STREAM);
      const follower = random.pick(await cluster.followersOf(STREAM));
      let window: [number, number] = [0, 0];
      await scenario.fault(`${follower.name} is ${what}`, async () => {
        const from = scenario.now;
        await stop(follower);
        await pause(6_000);
        window = [from, scenario.now - 2_000];
        await goOn(follower);
      });
      await cluster.waitForCurrent(STREAM);
      await finishOn(cluster, scenario);
      // Clients of the server that is gone have to find another one first.
      const gone = `${cluster.servers.indexOf(follower)}`;
      const taken = latencies(
        scenario.history,
        window,
        (store) => !store.endsWith(gone),
      );
      assert(taken.length > 100, `only ${taken.length} calls`);
      const [median, longest] = [taken[taken.length >> 1]!, taken.at(-1)!];
      console.log(
        `median ${median.toFixed(1)} ms, longest ${longest.toFixed(1)} ms`,
      );
      assert(median < 1_000, `median ${median} ms`);
      assert(longest < 5_000, `longest ${longest} ms`);
    });
  });
}
