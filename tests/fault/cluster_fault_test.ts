import { assert } from "@std/assert";
import type { JetStreamEventStoreOptions } from "../../store/jetstream_event_store.ts";
import { type Random, seeded } from "../support/history/random.ts";
import type { MemoryHistory } from "../support/history/history_log.ts";
import type { NatsCluster } from "../support/nats_cluster.ts";
import type { NatsServer } from "../support/nats_server.ts";
import { withCluster } from "../support/with_server.ts";
import { Scenario } from "./_scenario.ts";

const NAMESPACE = "cluster";
const STREAM = "AETHER_cluster";

/** What is not remembered has to be found out from servers that may lag. */
const FORGETFUL = { cachedActors: 5 };

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** The servers' addresses, those of one first. */
function urlsFrom({ urls }: NatsCluster, first: number): string[] {
  return urls.map((_, i) => urls[(first + i) % urls.length]!);
}

/** Writers on all servers, a reader on two of them, on three replicas. */
async function start(
  cluster: NatsCluster,
  random: Random,
  options: JetStreamEventStoreOptions = {},
): Promise<Scenario> {
  const at = (first: number) => urlsFrom(cluster, first);
  const scenario = await Scenario.start({
    random,
    namespace: NAMESPACE,
    // The store of a client bears the place of its server in its name.
    writers: { w0: at(0), w1: at(1), w2: at(2), v0: at(0) },
    readers: { r1: at(1), r2: at(2) },
    writing: { inFlight: 40, actors: 40 },
    // A client can't tell that its own server stands still: it waits.
    store: { replicas: 3, readTimeout: 20_000, ...options },
  });
  await scenario.progress(50);
  return scenario;
}

async function finish(
  cluster: NatsCluster,
  scenario: Scenario,
  lag: [number, number][] = [],
): Promise<void> {
  await scenario.progress(50);
  await cluster.waitForCurrent(STREAM);
  const { outcomes } = await scenario.finish(cluster, { lag });
  assert(outcomes.has("saveEvent success"));
  assert(outcomes.has("saveEvent conflict"));
}

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

Deno.test("a store keeps its promises when its stream's leader is killed", async () => {
  const random = seeded("leader kill");
  await withCluster({}, async (cluster) => {
    await using scenario = await start(cluster, random);
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
    await finish(cluster, scenario);
  });
});

Deno.test("a store keeps its promises when its stream's leader stands still for 10 s", async () => {
  const random = seeded("leader stop");
  await withCluster({}, async (cluster) => {
    await using scenario = await start(cluster, random, FORGETFUL);
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
    await finish(cluster, scenario, [[from, to]]);
  });
});

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
      await using scenario = await start(cluster, random, FORGETFUL);
      await cluster.waitForLeader(STREAM);
      const follower = random.pick(await cluster.followersOf(STREAM));
      let window: [number, number] = [0, 0];
      await scenario.fault(`${follower.name} is ${what}`, async () => {
        const from = scenario.now;
        await stop(follower);
        await pause(8_000);
        window = [from, scenario.now - 3_000];
        await goOn(follower);
      });
      await cluster.waitForCurrent(STREAM);
      await finish(cluster, scenario);
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

Deno.test("a store keeps its promises when all servers are restarted one by one", async () => {
  const random = seeded("rolling restart");
  await withCluster({}, async (cluster) => {
    await using scenario = await start(cluster, random);
    for (const server of cluster.servers) {
      await scenario.fault(`restart ${server.name}`, () => server.restart());
      await cluster.waitForPeers();
      await cluster.waitForCurrent(STREAM);
      await scenario.progress(20);
    }
    await finish(cluster, scenario);
  });
});
