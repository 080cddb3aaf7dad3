/**
 * The load of the demo, and the proof of what became of it.
 *
 * @module
 */

import type { EventStore } from "@flowmade-one/aether";
import type { Actors } from "@flowmade-one/aether/cluster";
import { Rejection } from "@flowmade-one/aether/decider";
import {
  type AccountCommand,
  type AccountEvent,
  amountOf,
  type Balance,
} from "./_demo_account.ts";

/** How many accounts there are. */
const ACCOUNTS = 10_000;

/** How long a command may take: longer than a crash goes unnoticed. */
const TIMEOUT_MS = 40_000;

/** What was proved at the end. */
export interface Proof {
  /** Commands that were sent. */
  readonly sent: number;
  /** Commands that were acknowledged. */
  readonly acknowledged: number;
  /** Commands that the account refused: nothing was to be stored. */
  readonly rejected: number;
  /** Commands that failed otherwise: they may have been carried out. */
  readonly failed: number;
  /** Acknowledged commands of which there is no event. */
  readonly lost: number;
  /** Commands of which there are several events, or one though refused. */
  readonly wrong: number;
  /** The sum of all balances, by the events. */
  readonly balance: number;
  /** What it has to be, by what was acknowledged and by what may have been. */
  readonly expected: number;
}

/** A command that was sent. */
interface Sent {
  readonly amount: number;
  outcome: "waiting" | "acknowledged" | "rejected" | "failed";
}

/** Sends commands at an even rate, whatever becomes of those before. */
export class Load {
  /** Milliseconds that acknowledged commands took since they were last read. */
  readonly latencies: number[] = [];
  readonly #accounts: Actors<AccountCommand, Balance>;
  readonly #sent = new Map<string, Sent>();
  /** When each of those that are not answered was sent; the oldest first. */
  readonly #underWay = new Map<Promise<void>, number>();
  readonly #errors = new Map<string, number>();
  #timer: ReturnType<typeof setInterval> | undefined;
  #due = 0;
  #longest = 0;

  constructor(accounts: Actors<AccountCommand, Balance>) {
    this.#accounts = accounts;
  }

  /** How many commands wait for their answers. */
  get waiting(): number {
    return this.#underWay.size;
  }

  /** The longest that a command has waited for its answer, in milliseconds. */
  get longest(): number {
    const [oldest] = this.#underWay.values();
    const waits = oldest === undefined ? 0 : performance.now() - oldest;
    return Math.max(this.#longest, waits);
  }

  /** What commands failed with, and how often. */
  get errors(): ReadonlyMap<string, number> {
    return this.#errors;
  }

  /** Begins to send so many a second. */
  start(rate: number): void {
    let last = performance.now();
    this.#timer = setInterval(() => {
      const now = performance.now();
      this.#due += rate * (now - last) / 1000;
      last = now;
      for (; this.#due >= 1; this.#due--) this.#send();
    }, 10);
  }

  /** Sends no more, and resolves when all are answered. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all(this.#underWay.keys());
  }

  /** Compares what was acknowledged with what is stored. */
  async prove(store: EventStore<AccountEvent>): Promise<Proof> {
    const stored = new Map<string, number>();
    let balance = 0;
    for await (const { event } of store.readAll()) {
      balance += amountOf(event);
      const commandId = event.commandId ?? "";
      stored.set(commandId, (stored.get(commandId) ?? 0) + 1);
    }
    const count = { acknowledged: 0, rejected: 0, failed: 0, waiting: 0 };
    let [lost, wrong, expected] = [0, 0, 0];
    for (const [commandId, { amount, outcome }] of this.#sent) {
      count[outcome]++;
      const times = stored.get(commandId) ?? 0;
      if (outcome === "acknowledged" && times === 0) lost++;
      if (times > (outcome === "rejected" ? 0 : 1)) wrong++;
      const isApplied = outcome === "acknowledged" ||
        (outcome === "failed" && times > 0);
      if (isApplied) expected += amount;
      stored.delete(commandId);
    }
    wrong += stored.size; // of commands that nobody has sent
    const { acknowledged, rejected, failed } = count;
    const sent = this.#sent.size;
    return {
      sent,
      acknowledged,
      rejected,
      failed,
      lost,
      wrong,
      balance,
      expected,
    };
  }

  #send(): void {
    const commandId = crypto.randomUUID();
    const isDeposit = Math.random() < 0.7;
    const amount = 1 + Math.floor(Math.random() * 100);
    const type = isDeposit ? "Deposit" : "Withdraw";
    const sent: Sent = {
      amount: isDeposit ? amount : -amount,
      outcome: "waiting",
    };
    this.#sent.set(commandId, sent);
    const actorId = `account-${Math.floor(Math.random() * ACCOUNTS)}`;
    const began = performance.now();
    const done = this.#accounts
      .request(actorId, { type, amount }, { commandId, timeout: TIMEOUT_MS })
      .then(() => {
        sent.outcome = "acknowledged";
        this.latencies.push(performance.now() - began);
      }, (error) => {
        sent.outcome = error instanceof Rejection ? "rejected" : "failed";
        if (sent.outcome === "rejected") return;
        const { name } = error as Error;
        this.#errors.set(name, (this.#errors.get(name) ?? 0) + 1);
      })
      .finally(() => {
        this.#longest = Math.max(this.#longest, performance.now() - began);
        this.#underWay.delete(done);
      });
    this.#underWay.set(done, began);
  }
}
