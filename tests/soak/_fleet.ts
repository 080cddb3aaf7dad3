import type { Random } from "../support/history/random.ts";
import type { HistoryRecord } from "../support/history/records.ts";
import { now } from "../support/history/history_log.ts";
import type { NatsServer } from "../support/nats_server.ts";
import { Link } from "./_link.ts";
import type { WorkerSpec } from "./_protocol.ts";
import type { Fault } from "./_schedule.ts";
import { WorkerProcess } from "./_worker_process.ts";

/** What workers there are, and what they share. */
export interface FleetOptions {
  readonly random: Random;
  /** The folder of their histories. */
  readonly folder: string;
  readonly servers: readonly NatsServer[];
  readonly writers: number;
  readonly readers: number;
  readonly actors: number;
  readonly inFlight: number;
  /** Takes down what was done. */
  readonly write: (record: HistoryRecord) => void;
}

/** A place that one worker after the other has. */
interface Slot {
  readonly kind: WorkerSpec["kind"];
  readonly index: number;
  readonly random: Random;
  readonly urls: readonly string[];
  worker: WorkerProcess;
  /** How many had it. */
  generations: number;
}

/** The workers: each second one of a kind is connected through proxies. */
export class Fleet implements AsyncDisposable {
  /** The ways of those that are connected through proxies. */
  readonly links: Link[] = [];
  /** All that were ever started. */
  readonly workers: WorkerProcess[] = [];
  readonly #options: FleetOptions;
  readonly #slots: Slot[] = [];
  readonly #killed: string[] = [];
  #disposed = false;

  private constructor(options: FleetOptions) {
    this.#options = options;
  }

  /** Starts all workers, and resolves when they work. */
  static async start(options: FleetOptions): Promise<Fleet> {
    const fleet = new Fleet(options);
    try {
      for (let i = 0; i < options.writers; i++) await fleet.#fill("writer", i);
      for (let i = 0; i < options.readers; i++) await fleet.#fill("reader", i);
      await Promise.all(fleet.workers.map(({ ready }) => ready));
      return fleet;
    } catch (error) {
      await fleet[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** The files of histories, those of killed workers apart. */
  get files(): { whole: string[]; cut: string[] } {
    const cut = new Set(this.#killed);
    const all = this.workers.map(({ spec }) => spec.history);
    return {
      whole: all.filter((path) => !cut.has(path)),
      cut: [...cut],
    };
  }

  /** How many saves have stored something. */
  get saves(): number {
    return this.#sum(({ status }) => status?.saves ?? 0);
  }

  /** How many events subscriptions have delivered. */
  get delivered(): number {
    return this.#sum(({ status }) => status?.delivered ?? 0);
  }

  /** How far clocks may be apart, in milliseconds. */
  get skew(): number {
    return Math.max(...this.workers.map(({ skew }) => skew));
  }

  /** The most memory that a worker of a kind was seen to take, in bytes. */
  peakRss(kind: WorkerSpec["kind"]): number {
    const some = this.workers.filter(({ spec }) => spec.kind === kind);
    return Math.max(0, ...some.map(({ peakRss }) => peakRss));
  }

  /** Rejects when a worker ends that nobody killed. */
  check(): void {
    for (const { isOver, spec } of this.#slots.map(({ worker }) => worker)) {
      if (!isOver || this.#killed.includes(spec.history)) continue;
      throw new Error(`Worker ${spec.name} has ended`);
    }
  }

  /** What may be done to workers. */
  faults(random: Random): Fault[] {
    return (["writer", "reader"] as const).map((kind) => ({
      name: `${kind} killed`,
      run: async () => {
        const slots = this.#slots.filter((slot) => slot.kind === kind);
        const slot = random.pick(slots);
        await this.#replace(slot);
      },
    }));
  }

  /** Lets all saves end. */
  async stopWriters(): Promise<void> {
    const writers = this.#of("writer");
    for (const worker of writers) worker.tell({ do: "stop" });
    await Promise.all(writers.map(({ ended }) => ended));
  }

  /** Lets all subscriptions get to a sequence. */
  async finishReaders(sequence: number): Promise<void> {
    const readers = this.#of("reader");
    for (const worker of readers) worker.tell({ do: "finish", sequence });
    await Promise.all(readers.map(({ ended }) => ended));
  }

  /** Kills all workers that are left. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed = true;
    await Promise.allSettled(this.workers.map((worker) => worker.kill()));
    await Promise.all(this.links.map((link) => link[Symbol.asyncDispose]()));
  }

  #of(kind: WorkerSpec["kind"]): WorkerProcess[] {
    return this.#slots.filter((slot) => slot.kind === kind)
      .map(({ worker }) => worker);
  }

  #sum(count: (worker: WorkerProcess) => number): number {
    return this.workers.reduce((sum, worker) => sum + count(worker), 0);
  }

  async #fill(kind: WorkerSpec["kind"], index: number): Promise<void> {
    const { servers, random } = this.#options;
    let urls = servers.map(({ url }) => url);
    if (index % 2 === 1) {
      const link = await Link.open(servers);
      this.links.push(link);
      urls = link.urls;
    }
    // Each begins with another server.
    const first = index % urls.length;
    urls = [...urls.slice(first), ...urls.slice(0, first)];
    const slot = { kind, index, urls, random: random.fork(), generations: 0 };
    const worker = this.#spawn(slot);
    this.#slots.push(Object.assign(slot, { worker }));
  }

  #spawn(
    slot: Omit<Slot, "worker">,
    before?: WorkerProcess,
  ): WorkerProcess {
    const { kind, index, urls, random } = slot;
    const { folder, servers, writers, readers, actors, inFlight } =
      this.#options;
    const name = `${kind}-${index + 1}.${++slot.generations}`;
    // A reader may begin anew: what it has to catch up with has become much.
    const goesOn = random.chance(0.75);
    const worker = new WorkerProcess({
      kind,
      name,
      slot: index,
      slots: kind === "writer" ? writers : readers,
      seed: random.below(2 ** 32),
      urls,
      replicas: servers.length,
      history: `${folder}/${name}.jsonl`,
      actors,
      inFlight,
      // One of them soon finds an outcome unknown.
      saveTimeout: index % 4 === 1 ? 1_500 : 30_000,
      before: before?.spec.history,
      places: goesOn ? before?.status?.places ?? {} : {},
    });
    this.workers.push(worker);
    return worker;
  }

  async #replace(slot: Slot): Promise<void> {
    const { worker } = slot;
    this.check();
    this.#killed.push(worker.spec.history);
    await worker.kill();
    this.#options.write({
      kind: "fault",
      at: now(),
      what: `${worker.spec.name} killed`,
    });
    if (this.#disposed) return;
    slot.worker = this.#spawn(slot, worker);
    await slot.worker.ready;
  }
}
