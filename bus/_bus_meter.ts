/**
 * Counts the work of a bus.
 *
 * @module
 */

import {
  CounterReports,
  type Counters,
  type InstrumentSet,
} from "../internal/telemetry/counters.ts";
import type { Meter } from "../internal/telemetry/types.ts";
import type { BusCounters, BusMetrics } from "./metrics.ts";

/** The most namespaces with counts of their own. */
const MAX_NAMESPACES = 1000;

type Name = keyof BusCounters;

const counters: InstrumentSet<Name>["counters"] = {
  published: {
    name: "messaging.client.sent.messages",
    unit: "{message}",
    description: "Events handed to the bus",
    attributes: { "messaging.operation.name": "publish" },
  },
  refused: {
    name: "aether.bus.refused.messages",
    unit: "{message}",
    description: "Events that the user had no right to publish",
  },
  delivered: {
    name: "messaging.client.consumed.messages",
    unit: "{message}",
    description: "Events taken by subscribers",
    attributes: { "messaging.operation.name": "receive" },
  },
  dropped: {
    name: "aether.bus.dropped.messages",
    unit: "{message}",
    description: "Events dropped since a subscriber had no room",
  },
  gaps: {
    name: "aether.bus.gaps",
    unit: "{gap}",
    description: "Times in which a subscription may have missed events",
  },
  malformed: {
    name: "aether.bus.malformed.messages",
    unit: "{message}",
    description: "Messages of others that were no events",
  },
};

const instruments: InstrumentSet<Name> = {
  counters,
  gauge: {
    name: "aether.bus.pending.messages",
    unit: "{message}",
    description: "Events that wait to be taken by subscribers",
  },
};

/** Counts by namespace; callers raise the numbers themselves. */
export class BusMeter {
  readonly #system: string;
  readonly #reports: CounterReports<Name> | undefined;
  readonly #namespaces = new Map<string, Counters<Name>>();
  readonly #stops: (() => void)[] = [];
  /** Counts of no namespace, and of namespaces beyond the first 1,000. */
  readonly rest: Counters<Name>;

  /**
   * @param system The system that carries the events, for the instruments.
   * @param pending Gives the number of events that wait to be read.
   */
  constructor(
    system: string,
    meter: Meter | undefined,
    pending: () => number,
  ) {
    this.#system = system;
    this.#reports = meter && CounterReports.of(meter, instruments);
    this.rest = this.#make(undefined);
    if (this.#reports === undefined) return;
    const attributes = { "messaging.system": system };
    this.#stops.push(this.#reports.gauge(pending, attributes));
  }

  /** The counters of a namespace, or of a pattern. */
  of(namespace: string): Counters<Name> {
    const found = this.#namespaces.get(namespace);
    if (found !== undefined) return found;
    if (this.#namespaces.size === MAX_NAMESPACES) return this.rest;
    const counters = this.#make(namespace);
    this.#namespaces.set(namespace, counters);
    return counters;
  }

  /** The numbers as of now. */
  snapshot(): BusMetrics {
    const total = { ...this.rest };
    const namespaces = new Map<string, BusCounters>();
    for (const [namespace, counters] of this.#namespaces) {
      for (const name of Object.keys(total) as Name[]) {
        total[name] += counters[name];
      }
      namespaces.set(namespace, Object.freeze({ ...counters }));
    }
    return Object.freeze({ ...total, namespaces });
  }

  /** Gives the meter the last numbers. */
  close(): void {
    for (const stop of this.#stops.splice(0)) stop();
  }

  #make(namespace: string | undefined): Counters<Name> {
    const counters = {
      published: 0,
      refused: 0,
      delivered: 0,
      dropped: 0,
      gaps: 0,
      malformed: 0,
    };
    if (this.#reports !== undefined) {
      const attributes = {
        "messaging.system": this.#system,
        ...(namespace !== undefined &&
          { "messaging.destination.name": namespace }),
      };
      this.#stops.push(this.#reports.add(counters, attributes));
    }
    return counters;
  }
}
