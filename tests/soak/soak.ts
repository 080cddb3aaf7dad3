/**
 * Writers, readers and faults for as long as one likes, and the proof that
 * the store kept its promises.
 *
 * @module
 */

import { delay } from "../../internal/waiting.ts";
import type { HistoryReport } from "../support/history/checker.ts";
import {
  lastSequence,
  readFinalEvents,
} from "../support/history/final_events.ts";
import { Random } from "../support/history/random.ts";
import { connect } from "../support/nats_connect.ts";
import { showLogs } from "../support/with_server.ts";
import { BufferedHistory } from "./_buffered_history.ts";
import { NAMESPACE } from "./_events.ts";
import { Fleet } from "./_fleet.ts";
import { linkFaults } from "./_link.ts";
import { checkFolder, writeFacts, writeFinal } from "./_result.ts";
import { Schedule } from "./_schedule.ts";
import { startServers } from "./_servers.ts";

/** How long and how hard. */
export interface SoakOptions {
  readonly seed: number;
  /** Milliseconds after which it ends. @default {Infinity} */
  readonly duration?: number | undefined;
  /** How many saves end it. @default {Infinity} */
  readonly saves?: number | undefined;
  /** 1 server, or a cluster of 3. @default {1} */
  readonly servers?: number | undefined;
  /** Processes that write. @default {3} */
  readonly writers?: number | undefined;
  /** Processes that read. @default {2} */
  readonly readers?: number | undefined;
  /** @default {5_000} */
  readonly actors?: number | undefined;
  /** Saves that each writer keeps under way. @default {200} */
  readonly inFlight?: number | undefined;
  /** Hears how it goes, every second or so. */
  readonly onProgress?: ((line: string) => void) | undefined;
}

/** What a run came to. */
export interface SoakReport {
  /** Faults by kind. */
  readonly faults: ReadonlyMap<string, number>;
  /** Worker processes that were started. */
  readonly processes: number;
  /** Milliseconds of work, without the check. */
  readonly duration: number;
  /** Milliseconds the check took. */
  readonly checking: number;
  /** The most memory that a process of each kind took, in bytes. */
  readonly peakRss: {
    readonly writers: number;
    readonly readers: number;
    readonly checker: number;
  };
  readonly history: HistoryReport;
  /** The folder of the histories. */
  readonly folder: string;
}

/** Milliseconds by which clocks differ that were all set by the machine's. */
const CLOCK_ERROR = 3;

/** Runs it all. The folder of histories stays. */
export async function soak(options: SoakOptions): Promise<SoakReport> {
  const { seed, servers: size = 1, onProgress = () => {} } = options;
  const random = new Random(seed);
  const folder = await Deno.makeTempDir({ prefix: "aether-soak-" });
  onProgress(`histories in ${folder}`);
  await using servers = await startServers(size, random.fork());
  const began = performance.now();
  try {
    const run = await work(options, { random, folder, servers });
    const duration = performance.now() - began;
    onProgress("checking the histories");
    await servers[Symbol.asyncDispose]();
    const history = await checkFolder(folder);
    const checking = performance.now() - began - duration;
    const checker = Deno.memoryUsage().rss;
    const peakRss = { ...run.peakRss, checker };
    return { ...run, duration, checking, history, peakRss, folder };
  } catch (error) {
    await showLogs(servers.all);
    throw error;
  }
}

async function work(
  {
    seed,
    duration = Infinity,
    saves = Infinity,
    writers = 3,
    readers = 2,
    actors = 5_000,
    inFlight = 200,
    onProgress = () => {},
  }: SoakOptions,
  { random, folder, servers }: {
    random: Random;
    folder: string;
    servers: Awaited<ReturnType<typeof startServers>>;
  },
) {
  const began = performance.now();
  using history = new BufferedHistory(`${folder}/faults.jsonl`);
  const write = history.write.bind(history);
  await using fleet = await Fleet.start({
    ...{ random: random.fork(), folder, servers: servers.all },
    ...{ writers, readers, actors, inFlight, write },
  });
  const { links } = fleet;
  const clientFaults = [
    ...(links.length > 0 ? linkFaults(links, random.fork()) : []),
    ...fleet.faults(random.fork()),
  ];
  // What goes wrong with servers and with clients may go wrong at once.
  await using some = new Schedule(servers.faults, {
    ...{ random: random.fork(), gap: [1_000, 4_000], write },
  });
  await using others = new Schedule(clientFaults, {
    ...{ random: random.fork(), gap: [500, 2_500], write },
  });
  const schedules = [some, others];
  const broken = new AbortController();
  for (const { done } of schedules) {
    done.catch((error) => broken.abort(error));
  }
  let told = -Infinity;
  const progress = () => {
    const seconds = (performance.now() - began) / 1_000;
    const faults = schedules.flatMap(({ counts }) => [...counts.values()])
      .reduce((sum, count) => sum + count);
    onProgress(
      `${
        seconds.toFixed(0)
      } s: ${fleet.saves} saves, ${fleet.delivered} delivered, ${faults} faults`,
    );
  };
  while (performance.now() - began < duration && fleet.saves < saves) {
    await delay(50, broken.signal);
    fleet.check();
    if (performance.now() - told < 1_000) continue;
    told = performance.now();
    progress();
  }
  onProgress("waiting for faults to be over");
  await Promise.all(schedules.map((schedule) => schedule.stop()));
  await servers.settled();
  onProgress("waiting for saves to end");
  await fleet.stopWriters();
  const nc = await connect(servers.all.map(({ url }) => url));
  const end = await lastSequence(nc, { namespace: NAMESPACE });
  onProgress(`waiting for subscriptions to reach ${end}`);
  await fleet.finishReaders(end);
  progress();
  onProgress("reading what is stored");
  await writeFinal(folder, readFinalEvents(nc, { namespace: NAMESPACE }));
  await nc.close();
  await history.flushed();
  const { whole, cut } = fleet.files;
  const nameOf = (path: string) => path.slice(folder.length + 1);
  await writeFacts(folder, {
    seed,
    whole: ["faults.jsonl", ...whole.map(nameOf)],
    cut: cut.map(nameOf),
    slack: CLOCK_ERROR + 2 * fleet.skew,
    lag: schedules.flatMap(({ lags }) => lags),
  });
  return {
    faults: new Map(schedules.flatMap(({ counts }) => [...counts])),
    processes: fleet.workers.length,
    peakRss: {
      writers: fleet.peakRss("writer"),
      readers: fleet.peakRss("reader"),
    },
  };
}
