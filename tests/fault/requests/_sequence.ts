/**
 * One fault after the other, on five processes that host actors under load.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import type { ClusterManagerOptions } from "../../../cluster/mod.ts";
import { shardOf } from "../../../internal/hash.ts";
import { JetStreamEventStore } from "../../../mod.ts";
import { waitFor } from "../../support/conditions.ts";
import { connect } from "../../support/nats_connect.ts";
import { ReportingProcess } from "../../support/reporting_process.ts";
import type { Done } from "./actors.ts";
import type { ClientOptions } from "./client.ts";
import { RequestHistory, type StoredCommand } from "./_history.ts";

const NODES = 5;
const SHARDS = 64;

/** What is done, and to whom it is told. */
export interface SequenceOptions {
  readonly servers: readonly string[];
  readonly replicas: number;
  readonly cluster: ClusterManagerOptions;
  /** How the commands are sent. */
  readonly load: Pick<ClientOptions, "callers" | "actors" | "pause">;
  /** Kills the server that leads the store's stream, and starts it again. */
  killServer(): Promise<void>;
  /** Hears how long service was interrupted by each fault. */
  tell(line: string): void;
}

/** The processes of one run. Disposing kills them. */
class Processes implements AsyncDisposable {
  readonly history = new RequestHistory();
  readonly #options: SequenceOptions;
  readonly #all = new Set<ReportingProcess>();
  readonly nodes: ReportingProcess[] = [];
  #client:
    | { process: ReportingProcess; callers: readonly string[] }
    | undefined;
  #started = 0;

  constructor(options: SequenceOptions) {
    this.#options = options;
  }

  /** Starts a node; resolves when it has its share. */
  async start(): Promise<void> {
    let isReady = false;
    const node = this.#spawn("node.ts", {}, (word) => {
      if (word === "ready") isReady = true;
    });
    this.nodes.push(node);
    await waitFor(() => isReady, { timeout: 120_000, message: "a node" });
  }

  /** Starts a client. */
  startClient(): void {
    const name = `c${++this.#started}-`;
    const { load } = this.#options;
    const process = this.#spawn("client.ts", { name, ...load }, () => {});
    const callers = Array.from({ length: load.callers }, (_, i) => name + i);
    this.#client = { process, callers };
  }

  /** Waits until every actor of every caller has answered once more. */
  async served(): Promise<void> {
    const { callers } = this.#client!;
    const { actors } = this.#options.load;
    const before = callers.map((each) => this.history.ackedOf(each));
    await waitFor(
      () =>
        callers.every((each, i) =>
          this.history.ackedOf(each) >= before[i]! + actors
        ),
      {
        timeout: 180_000,
        message: () => callers.map((each) => this.history.ackedOf(each)).join(),
      },
    );
  }

  /** Takes the oldest node out of the list. */
  takeNode(): ReportingProcess {
    return this.nodes.shift()!;
  }

  async killClient(): Promise<void> {
    const { process } = this.#client!;
    process.signal("SIGKILL");
    await process.ended();
  }

  /** Ends the load when all is answered. */
  async stopClient(): Promise<void> {
    const { process } = this.#client!;
    process.signal("SIGTERM");
    await process.ended();
  }

  #spawn(
    script: string,
    more: object,
    heard: (word: string) => void,
  ): ReportingProcess {
    const { servers, replicas, cluster } = this.#options;
    const process = new ReportingProcess(
      new URL(script, import.meta.url),
      {
        servers,
        replicas,
        cluster: { ...cluster, shards: SHARDS, create: true, replicas },
        ...more,
      },
      (word, values) => {
        heard(word);
        this.history.hear(word, values);
      },
    );
    this.#all.add(process);
    return process;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const each of this.#all) each.signal("SIGKILL");
    await Promise.all([...this.#all].map((each) => each.ended()));
  }
}

/**
 * Restarts, kills and stops nodes, clients and servers under load, and checks
 * what became of each command.
 */
export async function strikeRequests(options: SequenceOptions): Promise<void> {
  const { tell } = options;
  await using processes = new Processes(options);
  const { history } = processes;
  const after = async (what: string) => {
    await processes.served();
    tell(`${what}: answered after ${history.longest} ms at most`);
    history.longest = 0;
  };
  await Promise.all(Array.from({ length: NODES }, () => processes.start()));
  processes.startClient();
  await after("the load begins");

  const leaving = processes.takeNode();
  leaving.signal("SIGTERM");
  await leaving.ended();
  await after("a node leaves");
  for (let i = 0; i < 2; i++) {
    await processes.start();
    const old = processes.takeNode();
    old.signal("SIGTERM");
    await old.ended();
  }
  await processes.start();
  await after("nodes are restarted one by one");
  // A machine that stands still may cost a lease, which is no hand-over.
  if (history.lapses === 0) assertEquals(history.failures, []);
  else tell(`a node was held up: ${history.failures.length} have failed`);

  const killed = processes.takeNode();
  killed.signal("SIGKILL");
  await killed.ended();
  await after("a node is killed");
  await processes.start();

  const stopped = processes.takeNode();
  stopped.signal("SIGSTOP");
  await after("a node is stopped beyond its lease");
  stopped.signal("SIGCONT");
  processes.nodes.push(stopped);
  await after("it goes on");

  await processes.killClient();
  processes.startClient();
  await after("a client is killed");

  await options.killServer();
  await after("the stream's leader is killed");

  await processes.stopClient();
  const stored = await readStored(options);
  await waitFor(() => history.hasSeen(stored), {
    timeout: 120_000,
    message: "every event to be handled",
  });
  assertEquals(history.check(stored), []);
  tell(
    `${history.acked} acknowledged, ${history.failures.length} failed, ${stored.length} stored`,
  );
}

/** What is stored, in stream order. */
async function readStored(
  { servers, replicas }: SequenceOptions,
): Promise<StoredCommand[]> {
  await using stack = new AsyncDisposableStack();
  const nc = stack.adopt(await connect(servers), (nc) => nc.close());
  const store = stack.use(
    await JetStreamEventStore.open<Done>(nc, { replicas }),
  );
  const stored: StoredCommand[] = [];
  for await (const { event, sequence } of store.readAll()) {
    const { actorId, data: { id } } = event;
    stored.push({ id, actorId, sequence, shard: shardOf(actorId, SHARDS) });
  }
  return stored;
}
