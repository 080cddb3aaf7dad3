/**
 * A subscription whose deliveries are all written down.
 *
 * @module
 */

import { parseCheckpoint } from "../../../store/checkpoint.ts";
import type { EventSubscription } from "../../../store/event_store.ts";
import { now, type RecordSink } from "./history_log.ts";
import { fingerprint, type Outcome } from "./records.ts";

/** At most this many deliveries a record. */
const MOST = 500;

/** Reads a subscription to its end. */
export class RecordedSubscription implements AsyncDisposable {
  /** Resolves when the end as of the start is reached, or it has ended. */
  readonly caughtUp: Promise<void>;
  /** Resolves when it has ended, whyever. */
  readonly ended: Promise<void>;
  readonly #subscription: EventSubscription;
  readonly #sink: RecordSink;
  readonly #op: string;
  #items: [sequence: number, print: number][] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;
  #delivered = 0;
  #failure: Error | undefined;

  /** Begins to read. */
  constructor(subscription: EventSubscription, sink: RecordSink, op: string) {
    this.#subscription = subscription;
    this.#sink = sink;
    this.#op = op;
    this.caughtUp = this.#catchUp();
    this.ended = this.#run();
  }

  /** How many events it delivered. */
  get delivered(): number {
    return this.#delivered;
  }

  /** Why it failed, if it did. */
  get failure(): Error | undefined {
    return this.#failure;
  }

  /** The sequence up to which it has passed everything. */
  get position(): number {
    const { checkpoint } = this.#subscription;
    return checkpoint === undefined ? 0 : parseCheckpoint(checkpoint).sequence;
  }

  /** Where it is, to be gone on from. */
  get checkpoint(): { sequence: number; checkpoint: string } {
    const { checkpoint } = this.#subscription;
    if (checkpoint === undefined) throw new TypeError("It has not begun yet");
    return { checkpoint, sequence: parseCheckpoint(checkpoint).sequence };
  }

  /** Closes it. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#subscription[Symbol.asyncDispose]();
    await this.ended;
  }

  async #catchUp(): Promise<void> {
    try {
      await this.#subscription.caughtUp;
    } catch {
      return; // It failed, or was closed before: its end says so.
    }
    const { position } = this;
    this.#sink.write({ kind: "caught-up", op: this.#op, at: now(), position });
  }

  async #run(): Promise<void> {
    let outcome: Outcome | undefined;
    try {
      for await (const { event, sequence } of this.#subscription) {
        this.#delivered++;
        this.#items.push([sequence, fingerprint(event)]);
        if (this.#items.length >= MOST) this.#flush();
        else this.#timer ??= setTimeout(this.#flush, 5);
      }
    } catch (error) {
      this.#failure = error as Error;
      const { name, message } = this.#failure;
      outcome = { is: "error", name, message };
    }
    await this.caughtUp;
    this.#flush();
    outcome ??= { is: "closed", position: this.position };
    this.#sink.write({ kind: "complete", op: this.#op, at: now(), outcome });
  }

  readonly #flush = (): void => {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const items = this.#items;
    if (items.length === 0) return;
    this.#items = [];
    this.#sink.write({ kind: "deliver", op: this.#op, at: now(), items });
  };
}
