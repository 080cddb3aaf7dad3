// A process that writes to or reads from a store until it is told to end, or
// is killed. It is told what to do on stdin, and tells how it fares on stdout.
import { JetStreamEventStore } from "../../store/jetstream/jetstream_event_store.ts";
import { now } from "../support/history/history_log.ts";
import { Random } from "../support/history/random.ts";
import { RecordedStore } from "../support/history/recorder.ts";
import { connect } from "../support/nats_connect.ts";
import { BufferedHistory } from "./_buffered_history.ts";
import { NAMESPACE } from "./_events.ts";
import {
  type Command,
  linesOf,
  type Status,
  type WorkerSpec,
} from "./_protocol.ts";
import { SoakReader } from "./_reader.ts";
import { unfinishedSaves } from "./_unfinished.ts";
import { DUPLICATE_WINDOW, SoakWriter } from "./_writer.ts";

/** Milliseconds between two lines of status. */
const INTERVAL = 200;

/** How long servers may be away when something is opened, in milliseconds. */
const OPEN_TIMEOUT = 60_000;

/** Does again what a server that is away makes fail. */
async function persist<T>(what: string, run: () => Promise<T>): Promise<T> {
  const deadline = performance.now() + OPEN_TIMEOUT;
  for (;;) {
    try {
      return await run();
    } catch (cause) {
      if (cause instanceof TypeError || performance.now() > deadline) {
        throw new Error(`Cannot ${what}`, { cause });
      }
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

async function nextOf<T>(lines: AsyncIterator<string>): Promise<T> {
  const { done, value } = await lines.next();
  // Nobody is left to work for.
  if (done) Deno.exit(1);
  return JSON.parse(value);
}

async function main(): Promise<void> {
  const lines = linesOf(Deno.stdin.readable);
  const spec = await nextOf<WorkerSpec>(lines);
  const random = new Random(spec.seed);
  using history = new BufferedHistory(spec.history);
  const nc = await persist(
    "connect",
    // A server that stands still is left for another one after some seconds.
    () => connect(spec.urls, { pingInterval: 2_000, maxPingOut: 2 }),
  );
  let stores = 0;
  const open = async () => {
    const opened = await persist(
      "open the store",
      () =>
        JetStreamEventStore.open(nc, {
          namespace: NAMESPACE,
          replicas: spec.replicas,
          duplicateWindow: DUPLICATE_WINDOW,
          saveTimeout: spec.saveTimeout,
          readTimeout: 30_000,
        }),
    );
    const name = stores++ === 0 ? spec.name : `${spec.name}-${stores}`;
    const store = new RecordedStore(opened, history, name);
    return {
      store,
      [Symbol.asyncDispose]: () => opened[Symbol.asyncDispose](),
    };
  };
  const tell = (status: Omit<Status, "at" | "rss">) => {
    const { rss } = Deno.memoryUsage();
    console.log(JSON.stringify({ ...status, at: now(), rss }));
  };
  if (spec.kind === "writer") {
    const { before, inFlight, actors, slot, slots } = spec;
    const unfinished = before === undefined
      ? []
      : await unfinishedSaves(before);
    await using opened = await open();
    const isHeir = before !== undefined;
    const writer = new SoakWriter(opened.store, random, {
      ...{ inFlight, actors, slot, slots, isHeir },
    }, unfinished);
    const report = () =>
      tell({ saves: writer.saves, delivered: 0, places: {} });
    const timer = setInterval(report, INTERVAL);
    await nextOf<Command>(lines);
    await writer.stop();
    clearInterval(timer);
    report();
  } else {
    const { slot, actors, places } = spec;
    const reader = new SoakReader(random, { slot, actors, places, open });
    const report = async () => {
      const { delivered, places } = reader;
      const status = { saves: 0, delivered, places: { ...places } };
      // What it has passed must have been written down before anybody goes on
      // from there.
      await history.flushed();
      tell(status);
    };
    const timer = setInterval(report, INTERVAL);
    const command = await nextOf<Command>(lines);
    if (command.do === "finish") await reader.finish(command.sequence);
    clearInterval(timer);
    await report();
  }
  await nc.close();
}

await main();
Deno.exit(0);
