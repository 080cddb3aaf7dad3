import type { NatsConnection } from "@nats-io/nats-core";
import {
  JetStreamEventStore,
  type JetStreamEventStoreOptions,
} from "../../store/jetstream/jetstream_event_store.ts";
import { waitFor } from "../support/conditions.ts";
import type {
  CheckOptions,
  HistoryReport,
} from "../support/history/checker.ts";
import { lastSequence } from "../support/history/final_events.ts";
import { Follower } from "../support/history/follower.ts";
import { MemoryHistory, now } from "../support/history/history_log.ts";
import type { Random } from "../support/history/random.ts";
import type { RecordedSubscription } from "../support/history/recorded_subscription.ts";
import { RecordedStore } from "../support/history/recorder.ts";
import { assertKept } from "../support/history/verdict.ts";
import {
  actorsOf,
  Reader,
  Writer,
  type WriterOptions,
} from "../support/history/workload.ts";
import { connect, type ConnectTarget } from "../support/nats_connect.ts";

/** How a scenario is set up. */
export interface ScenarioOptions {
  readonly random: Random;
  readonly namespace: string;
  /** The writers' names, and where each one's connection goes to. */
  readonly writers: Readonly<Record<string, ConnectTarget>>;
  /** As `writers`, of readers and subscriptions. */
  readonly readers: Readonly<Record<string, ConnectTarget>>;
  readonly writing: WriterOptions;
  /** Loops of each reader. @default {2} */
  readonly reading?: number;
  readonly store?: JetStreamEventStoreOptions;
}

/**
 * Writers, readers and subscriptions at work on one store, all written down:
 * a subscription from the start, one with a filter, one from the end, and one
 * that is closed and gone on with all the time.
 */
export class Scenario implements AsyncDisposable {
  /** Everything that happens. */
  readonly history: MemoryHistory = new MemoryHistory();
  readonly writers: Writer[] = [];
  readonly stores: RecordedStore[] = [];
  readonly subscriptions: RecordedSubscription[] = [];
  /** Those of the writers, then those of the readers. */
  readonly connections: NatsConnection[] = [];
  readonly #stack = new AsyncDisposableStack();
  readonly #readers: Reader[] = [];
  readonly #followers: Follower[] = [];
  readonly #options: ScenarioOptions;

  private constructor(options: ScenarioOptions) {
    this.#options = options;
  }

  /** Opens the stores and starts to work. */
  static async start(options: ScenarioOptions): Promise<Scenario> {
    const scenario = new Scenario(options);
    try {
      await scenario.#start();
      return scenario;
    } catch (error) {
      await scenario[Symbol.asyncDispose]();
      throw error;
    }
  }

  async #start(): Promise<void> {
    const { random, writers, readers, writing, reading = 2 } = this.#options;
    for (const [name, target] of Object.entries(writers)) {
      this.stores.push(await this.open(target, name));
    }
    const watching: RecordedStore[] = [];
    for (const [name, target] of Object.entries(readers)) {
      const store = await this.open(target, name);
      watching.push(store);
      this.subscriptions.push(
        store.subscribe(),
        store.subscribe({
          actors: "shared.*",
          eventTypes: ["T0", "T1"],
        }),
        store.subscribe({ actors: "hot.*", after: "end" }),
      );
      this.#followers.push(
        new Follower(store, random.fork(), { actors: "shared.>" }),
      );
    }
    await Promise.all(this.subscriptions.map(({ caughtUp }) => caughtUp));
    const actors = actorsOf(this.stores, writing.actors);
    for (const store of this.stores) {
      this.writers.push(new Writer(store, random.fork(), writing));
    }
    // Writers read too: one instance must never go back.
    for (const store of [...watching, this.stores[0]!]) {
      const loops = { loops: reading, actors };
      this.#readers.push(new Reader(store, random.fork(), loops));
    }
  }

  /** Opens another store, on a connection of its own. */
  async open(target: ConnectTarget, name: string): Promise<RecordedStore> {
    const { namespace, store: options } = this.#options;
    const nc = await this.connect(target);
    const store = this.#stack.use(
      await JetStreamEventStore.open(nc, { ...options, namespace }),
    );
    return new RecordedStore(store, this.history, name);
  }

  /** Opens a connection that is closed in the end. */
  async connect(target: ConnectTarget): Promise<NatsConnection> {
    const nc = this.#stack.adopt(await connect(target), (nc) => nc.close());
    this.connections.push(nc);
    return nc;
  }

  /** How many saves are under way. */
  get saving(): number {
    return this.stores.reduce((sum, { saving }) => sum + saving, 0);
  }

  /** Resolves when every writer has had so many saves succeed from now on. */
  async progress(count: number, timeout = 30_000): Promise<void> {
    const goals = this.writers.map(({ succeeded }) => succeeded + count);
    await waitFor(
      () => this.writers.every(({ succeeded }, i) => succeeded >= goals[i]!),
      {
        timeout,
        message: () =>
          `${count} saves of each writer; missing ${
            this.writers.map(({ succeeded }, i) => goals[i]! - succeeded)
          }`,
      },
    );
  }

  /** Writes down what is done to servers and connections. */
  async fault(what: string, run: () => unknown): Promise<void> {
    this.history.fault(`${what} begins`);
    await run();
    this.history.fault(`${what} is done`);
  }

  /** The time, as the history has it. */
  get now(): number {
    return now();
  }

  /** Stops all work, waits until subscriptions have everything, and checks. */
  async finish(
    target: ConnectTarget,
    options: CheckOptions = {},
  ): Promise<HistoryReport> {
    const working = [...this.writers, ...this.#readers];
    await Promise.all(working.map((worker) => worker.stop()));
    for (const follower of this.#followers.splice(0)) {
      this.subscriptions.push(await follower.stop());
    }
    const nc = await this.connect(target);
    const { namespace } = this.#options;
    const end = await lastSequence(nc, { namespace });
    await waitFor(
      () =>
        this.subscriptions.every(({ position, failure }) =>
          position >= end || failure
        ),
      {
        timeout: 20_000,
        message: () =>
          `subscriptions at ${
            this.subscriptions.map(({ position }) => position)
          } to reach ${end}`,
      },
    );
    await this.#close();
    return await assertKept(this.history, nc, { namespace }, options);
  }

  async #close(): Promise<void> {
    await Promise.all(
      this.subscriptions.map((each) => each[Symbol.asyncDispose]()),
    );
  }

  /** Stops all work and closes everything. */
  async [Symbol.asyncDispose](): Promise<void> {
    const working = [...this.writers, ...this.#readers];
    const stopped = Promise.all(working.map((worker) => worker.stop()));
    for (const follower of this.#followers) {
      this.subscriptions.push(await follower.stop());
    }
    await this.#close();
    await this.#stack.disposeAsync();
    await stopped;
  }
}
