import { NatsCluster } from "../support/nats_cluster.ts";
import { NatsServer } from "../support/nats_server.ts";
import type { Random } from "../support/history/random.ts";
import { STREAM } from "./_events.ts";
import type { Fault } from "./_schedule.ts";

/** How long a stream's servers may take to be as they were, in milliseconds. */
const RECOVERY = { timeout: 120_000 };

/** The servers of a run, and what may be done to them. */
export interface Servers extends AsyncDisposable {
  readonly all: readonly NatsServer[];
  readonly faults: readonly Fault[];
  /** Resolves when the stream is there and all its copies are up to date. */
  settled(): Promise<void>;
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Starts one server, or a cluster. */
export async function startServers(
  count: number,
  random: Random,
): Promise<Servers> {
  return count === 1 ? await single(random) : await cluster(count, random);
}

async function single(random: Random): Promise<Servers> {
  const server = await NatsServer.start();
  return {
    all: [server],
    faults: [{
      name: "server killed",
      async run() {
        await server.kill();
        await pause(random.below(700));
        await server.restart();
      },
    }, {
      name: "server stopped",
      async run() {
        await server.pause();
        await pause(random.below(2_500));
        server.resume();
      },
    }],
    settled: () => Promise.resolve(),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

async function cluster(size: number, random: Random): Promise<Servers> {
  const servers = await NatsCluster.start({ size });
  const settled = () => servers.waitForCurrent(STREAM, RECOVERY);
  const kill = async (server: NatsServer) => {
    await server.kill();
    await servers.waitForLeader(STREAM, { not: server });
    await pause(random.below(2_000));
    await server.restart();
    await settled();
  };
  return {
    all: servers.servers,
    faults: [{
      name: "leader killed",
      run: async () => await kill(await servers.waitForLeader(STREAM)),
    }, {
      name: "leader stopped",
      // It may answer for a moment as if it still led.
      lags: true,
      async run() {
        const leader = await servers.waitForLeader(STREAM);
        await leader.pause();
        await pause(500 + random.below(9_000));
        leader.resume();
        await settled();
      },
    }, {
      name: "leader stepped down",
      async run() {
        await servers.waitForLeader(STREAM);
        await servers.stepDown(STREAM);
        await settled();
      },
    }, {
      name: "follower killed",
      async run() {
        await servers.waitForLeader(STREAM);
        await kill(random.pick(await servers.followersOf(STREAM)));
      },
    }],
    settled,
    [Symbol.asyncDispose]: () => servers[Symbol.asyncDispose](),
  };
}
