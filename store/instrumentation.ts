/**
 * The telemetry of a store: numbers, instruments, and notifications on a bus.
 *
 * @module
 */

import {
  CounterReports,
  type Counters,
} from "../internal/telemetry/counters.ts";
import { Durations } from "../internal/telemetry/durations.ts";
import type { EventSources } from "../event/event_sources.ts";
import { Outbox, type StoredFacts } from "./_outbox.ts";
import { BOUNDARIES, instruments } from "./_instruments.ts";
import type { ResolvedTelemetry } from "./telemetry_options.ts";
import { activeTrace } from "../internal/telemetry/trace.ts";
import { SaveOutcomeUnknownError, VersionConflictError } from "./errors.ts";
import type { StoreCounters, StoreMetrics } from "./metrics.ts";
import type {
  ActiveSpan,
  Histogram,
  TraceContext,
} from "../internal/telemetry/types.ts";

type Name = keyof StoreCounters;

/** The outcome of a save for one event. */
export interface Outcome {
  /** Whether it was newly stored. */
  readonly fresh: boolean;
}

/** Watches one store. */
export class Monitor {
  readonly #namespace: string;
  readonly #counters: Counters<Name> = {
    saves: 0,
    savedEvents: 0,
    duplicates: 0,
    conflicts: 0,
    unknownOutcomes: 0,
    eventStoredPublished: 0,
    eventStoredDropped: 0,
  };
  readonly #saves = new Durations();
  readonly #reads = new Durations();
  readonly #attributes: Readonly<Record<string, string>>;
  readonly #histogram: Histogram | undefined;
  readonly #stops: (() => void)[] = [];
  readonly #outbox: Outbox | undefined;
  readonly #activeSpan: ActiveSpan | undefined;

  /** @param system What keeps the events, for the instruments. */
  constructor(
    system: string,
    namespace: string,
    { bus, meter, activeSpan }: ResolvedTelemetry,
    sources: EventSources,
  ) {
    this.#namespace = namespace;
    this.#attributes = { "db.system.name": system, "db.namespace": namespace };
    this.#activeSpan = activeSpan;
    this.#outbox = bus && new Outbox(bus, namespace, this.#counters, sources);
    if (meter === undefined) return;
    const reports = CounterReports.of(meter, instruments);
    this.#stops.push(reports.add(this.#counters, this.#attributes));
    if (this.#outbox !== undefined) {
      const waiting = () => this.#outbox!.waiting;
      this.#stops.push(reports.gauge(waiting, this.#attributes));
    }
    this.#histogram = meter.createHistogram("db.client.operation.duration", {
      description: "Duration of the store's operations",
      unit: "s",
      advice: { explicitBucketBoundaries: [...BOUNDARIES] },
    });
  }

  /** The numbers as of now. */
  snapshot(): StoreMetrics {
    return Object.freeze({
      ...this.#counters,
      namespace: this.#namespace,
      saveDuration: this.#saves.snapshot(),
      readDuration: this.#reads.snapshot(),
    });
  }

  /** Whether traces are handed on. */
  get traces(): boolean {
    return this.#activeSpan !== undefined;
  }

  /** The trace context of the active span, if there is one. */
  trace(): TraceContext | undefined {
    return activeTrace(this.#activeSpan, () => {});
  }

  /** Does a save that takes no time; `fresh` are the events it has appended. */
  saveNow<T>(
    action: string,
    fresh: StoredFacts[],
    trace: TraceContext | undefined,
    save: () => T,
  ): T {
    const start = performance.now();
    let result: T;
    fresh.length = 0;
    try {
      result = save();
    } catch (error) {
      this.saveFailed(action, start, error);
      throw error;
    }
    this.#saved(action, start, fresh.length);
    if (this.#outbox !== undefined && fresh.length > 0) {
      // A copy: subscribers that the bus calls may save as well.
      this.#outbox.notify(fresh.slice(), trace);
    }
    return result;
  }

  /**
   * A save that began at `start` has succeeded.
   *
   * @param outcomes What became of each event, in their order.
   */
  saved(
    action: string,
    start: number,
    events: readonly StoredFacts[],
    outcomes: readonly Outcome[],
    trace: TraceContext | undefined,
  ): void {
    let fresh = 0;
    for (const outcome of outcomes) if (outcome.fresh) fresh++;
    this.#saved(action, start, fresh);
    this.#outbox?.notify(events.filter((_, i) => outcomes[i]!.fresh), trace);
  }

  /** A save that began at `start` has failed. */
  saveFailed(action: string, start: number, error: unknown): void {
    if (error instanceof VersionConflictError) this.#counters.conflicts++;
    if (error instanceof SaveOutcomeUnknownError) {
      this.#counters.unknownOutcomes++;
    }
    this.#measure(this.#saves, action, start, error);
  }

  /** Does a read that takes no time. */
  readNow<T>(action: string, read: () => T): T {
    return this.#doNow(this.#reads, action, read);
  }

  /** Does a save of a snapshot that takes no time. */
  saveSnapshotNow<T>(action: string, save: () => T): T {
    return this.#doNow(this.#saves, action, save);
  }

  /** A read that began at `start` has ended, with an error if it failed. */
  read(action: string, start: number, error?: unknown): void {
    this.#measure(this.#reads, action, start, error);
  }

  /** A save of a snapshot has ended, with an error if it failed. */
  snapshotSaved(action: string, start: number, error?: unknown): void {
    this.#measure(this.#saves, action, start, error);
  }

  /** Gives the bus time to take what waits, and ends the instruments. */
  async close(): Promise<void> {
    await this.#outbox?.close();
    for (const stop of this.#stops.splice(0)) stop();
  }

  #saved(action: string, start: number, fresh: number): void {
    this.#counters.saves++;
    this.#counters.savedEvents += fresh;
    if (fresh === 0) this.#counters.duplicates++;
    this.#measure(this.#saves, action, start);
  }

  #doNow<T>(durations: Durations, action: string, run: () => T): T {
    const start = performance.now();
    let result: T;
    try {
      result = run();
    } catch (error) {
      this.#measure(durations, action, start, error);
      throw error;
    }
    this.#measure(durations, action, start);
    return result;
  }

  #measure(
    durations: Durations,
    action: string,
    start: number,
    error?: unknown,
  ): void {
    const seconds = (performance.now() - start) / 1000;
    durations.add(seconds);
    if (this.#histogram === undefined) return;
    const attributes = {
      ...this.#attributes,
      "db.operation.name": operationOf(action),
      ...(error !== undefined && {
        "error.type": error instanceof Error ? error.name : "_OTHER",
      }),
    };
    try {
      this.#histogram.record(seconds, attributes);
    } catch {
      // What a meter throws is no reason for a save or a read to fail.
    }
  }
}

/** Methods by what they do; those not here are called as it says. */
const operations = new Map<string, string>([
  ["list actors", "actorIds"],
  ["read all events", "readAll"],
]);

/** The method's name, such as `saveEvent` for the action `save event`. */
function operationOf(action: string): string {
  let operation = operations.get(action);
  if (operation === undefined) {
    operation = action.replace(/ (.)/g, (_, letter) => letter.toUpperCase());
    operations.set(action, operation);
  }
  return operation;
}
