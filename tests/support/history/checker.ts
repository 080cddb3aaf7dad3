/**
 * Proves that a history keeps what event stores promise.
 *
 * @module
 */

import { type Context, type Ended, floorOf, type Op } from "./_context.ts";
import { FinalState } from "./_final_state.ts";
import { ReadChecks } from "./_read_checks.ts";
import { SaveChecks } from "./_save_checks.ts";
import { SubscriptionChecks } from "./_subscription_checks.ts";
import type {
  Call,
  Completed,
  FinalEvent,
  HistoryRecord,
  LatestCall,
  ReadCall,
  SaveCall,
  SubscribeCall,
} from "./records.ts";
import {
  type Violation,
  type ViolationKind,
  Violations,
} from "./violations.ts";

/** A history. It is iterated twice, each time from the beginning. */
export type HistorySource =
  | Iterable<HistoryRecord>
  | AsyncIterable<HistoryRecord>;

/** What is known of how a history came about. */
export interface CheckOptions {
  /**
   * Milliseconds by which the clocks of processes may differ. 0 for the
   * history of one process.
   *
   * @default {0}
   */
  slack?: number;
  /**
   * When a leader that was frozen or cut off may have answered, from and to:
   * reads under way then may lack what was acknowledged, and conflicts tell of
   * an older version. All else must hold.
   *
   * @default {[]}
   */
  lag?: readonly (readonly [from: number, to: number])[];
  /**
   * Whether sequences must have no holes: nothing expires.
   *
   * @default {true}
   */
  contiguous?: boolean;
  /**
   * Whether a store instance counts as knowing an event that one of its
   * subscriptions delivered.
   *
   * @default {false}
   */
  deliveriesCount?: boolean;
  /**
   * Names of errors that calls may end with, a save then as one that stored
   * nothing.
   *
   * @default {[]}
   */
  allowed?: readonly string[];
  /**
   * How many violations of a kind to keep.
   *
   * @default {20}
   */
  most?: number;
}

/** What was found. */
export interface HistoryReport {
  /** Empty if all is well; at most {@linkcode CheckOptions.most} of a kind. */
  readonly violations: readonly Violation[];
  /** How many violations there are of each kind. */
  readonly counts: ReadonlyMap<ViolationKind, number>;
  /** How many calls ended how: `saveEvent success`, `read events`. */
  readonly outcomes: ReadonlyMap<string, number>;
  /** How many events subscriptions delivered. */
  readonly delivered: number;
  /** How many events are stored. */
  readonly stored: number;
}

/** Checks a history against what is stored in the end, in stream order. */
export async function checkHistory(
  records: HistorySource,
  finalEvents: Iterable<FinalEvent> | AsyncIterable<FinalEvent>,
  {
    slack = 0,
    lag = [],
    contiguous = true,
    deliveriesCount = false,
    allowed = [],
    most = 20,
  }: CheckOptions = {},
): Promise<HistoryReport> {
  const violations = new Violations(most);
  const state = new FinalState();
  await state.load(finalEvents, { contiguous }, violations);
  const floors = new Map();
  const context = { state, violations, slack, lag, allowed, floors };
  const check = new Check(context, deliveriesCount);
  for await (const record of records) check.collect(record);
  check.turn();
  for await (const record of records) check.judge(record);
  return {
    violations: violations.list,
    counts: violations.counts,
    outcomes: check.outcomes,
    delivered: check.delivered,
    stored: state.size,
  };
}

class Check {
  readonly outcomes = new Map<string, number>();
  delivered = 0;
  readonly #context: Context;
  readonly #saves: SaveChecks;
  readonly #reads: ReadChecks;
  readonly #subscriptions: SubscriptionChecks;
  readonly #open = new Map<string, Op>();
  readonly #killed = new Set<string>();
  #ops = 0;

  constructor(context: Context, deliveriesCount: boolean) {
    this.#context = context;
    this.#saves = new SaveChecks(context);
    this.#reads = new ReadChecks(context);
    this.#subscriptions = new SubscriptionChecks(context, deliveriesCount);
  }

  /** First pass: what was saved, and when. */
  collect(record: HistoryRecord): void {
    switch (record.kind) {
      case "invoke": {
        const { call } = record;
        const op = { index: this.#ops++, invoked: record, call, floor: -1 };
        this.#open.set(record.op, op);
        if (isSave(op)) this.#saves.begin(op);
        return;
      }
      case "complete": {
        const op = this.#take(record);
        this.#count(op.call, record);
        if (isSave(op)) this.#saves.end({ ...op, completed: record });
        return;
      }
      case "deliver":
        this.delivered += record.items.length;
        return;
      case "killed":
        this.#killed.add(record.store);
    }
  }

  /** Between the passes. */
  turn(): void {
    for (const op of this.#open.values()) {
      const { invoked, call } = op;
      if (isSave(op)) this.#saves.undecided(op);
      if (this.#killed.has(invoked.store)) this.#count(call, undefined);
      else {
        this.#context.violations.add("no-outcome", call.name, invoked);
      }
    }
    this.#open.clear();
    this.#ops = 0;
    this.#saves.finish();
  }

  /** Second pass: whether what was seen is right. */
  judge(record: HistoryRecord): void {
    switch (record.kind) {
      case "invoke": {
        const { call, store } = record;
        const floor = "actor" in call
          ? floorOf(this.#context, store, call.actor)
          : -1;
        const op = { index: this.#ops++, invoked: record, call, floor };
        this.#open.set(record.op, op);
        if (isSave(op)) this.#saves.judgeBatch(op);
        else if (isSubscription(op)) this.#subscriptions.begin(op);
        return;
      }
      case "complete": {
        const ended = { ...this.#take(record), completed: record };
        if (isSave(ended)) this.#saves.judge(ended as Ended<SaveCall>);
        else if (isSubscription(ended)) {
          this.#subscriptions.end(ended as Ended<SubscribeCall>);
        } else this.#reads.judge(ended as Ended<ReadCall | LatestCall>);
        return;
      }
      case "deliver":
        return this.#subscriptions.deliver(record);
      case "caught-up":
        return this.#subscriptions.catchUp(record);
    }
  }

  #take({ op: name }: Completed): Op {
    const op = this.#open.get(name);
    if (op === undefined) throw new TypeError(`Call ${name} never began`);
    this.#open.delete(name);
    return op;
  }

  #count({ name }: Call, completed: Completed | undefined): void {
    const outcome = completed?.outcome;
    const how = outcome?.is === "error"
      ? outcome.name
      : outcome?.is === "success" && outcome.duplicate
      ? "duplicate"
      : outcome?.is ?? "killed";
    const key = `${name} ${how}`;
    this.outcomes.set(key, (this.outcomes.get(key) ?? 0) + 1);
  }
}

function isSave(op: Op): op is Op<SaveCall> {
  return op.call.name === "saveEvent" || op.call.name === "saveEvents";
}

function isSubscription(op: Op): op is Op<SubscribeCall> {
  return op.call.name === "subscribe";
}
