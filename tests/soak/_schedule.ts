import { delay } from "../../internal/waiting.ts";
import { now } from "../support/history/history_log.ts";
import type { HistoryRecord } from "../support/history/records.ts";
import type { Random } from "../support/history/random.ts";

/** Something that goes wrong, and is well again when it has run. */
export interface Fault {
  readonly name: string;
  /** Whether reads may lack what is new until it is over. */
  readonly lags?: boolean;
  run(): Promise<void>;
}

/** When faults come. */
export interface ScheduleOptions {
  readonly random: Random;
  /**
   * Milliseconds from one fault's end to the next one's begin. When each kind
   * has come, it is twice as long.
   */
  readonly gap: readonly [least: number, most: number];
  /** Takes down what was done. */
  readonly write: (record: HistoryRecord) => void;
}

/** One fault after the other, each kind as often as any other. */
export class Schedule implements AsyncDisposable {
  /** How often each kind of fault has come. */
  readonly counts: Map<string, number> = new Map<string, number>();
  /** From when to when reads may have lagged. */
  readonly lags: [from: number, to: number][] = [];
  /** Resolves when it has stopped; rejects when a fault could not be mended. */
  readonly done: Promise<void>;
  readonly #faults: readonly Fault[];
  readonly #options: ScheduleOptions;
  readonly #stop = new AbortController();

  /** Begins. */
  constructor(faults: readonly Fault[], options: ScheduleOptions) {
    this.#faults = faults;
    this.#options = options;
    for (const { name } of faults) this.counts.set(name, 0);
    this.done = this.#run();
  }

  /**
   * Ends it, with what is under way.
   *
   * @throws As {@linkcode done}.
   */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.done;
  }

  /** As {@linkcode stop}, without a throw. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop().catch(() => {});
  }

  async #run(): Promise<void> {
    const { random, gap: [least, most] } = this.#options;
    let deck: Fault[] = [];
    for (let n = 0;; n++) {
      try {
        const gap = least + random.below(most - least);
        const isCalm = n >= this.#faults.length;
        await delay(isCalm ? 2 * gap : gap, this.#stop.signal);
      } catch {
        return; // It was stopped.
      }
      if (deck.length === 0) deck = [...this.#faults];
      const [fault] = deck.splice(random.below(deck.length), 1);
      await this.#cause(fault!);
    }
  }

  async #cause({ name, lags, run }: Fault): Promise<void> {
    const { write } = this.#options;
    const from = now();
    write({ kind: "fault", at: from, what: `${name}: begins` });
    await run();
    const to = now();
    write({ kind: "fault", at: to, what: `${name}: is over` });
    if (lags) this.lags.push([from, to]);
    this.counts.set(name, this.counts.get(name)! + 1);
  }
}
