/**
 * Counting what a bus does.
 *
 * @module
 */

import {
  type CounterInstruments,
  type Counters,
  ObservedCounters,
} from "../store/internal.ts";
import type { Meter } from "../store/telemetry.ts";
import type { BusCounters, BusMetrics } from "./metrics.ts";

/** The most namespaces that are counted apart. */
const MAX_NAMESPACES = 1000;

type Name = keyof BusCounters;

const instruments: CounterInstruments<Name> = {
  published: {
    name: "messaging.client.sent.messages",
    unit: "{message}",
    description: "Events handed to the bus",
    attributes: { "messaging.operation.name": "publish" },
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

/** Counts by namespace; the numbers are raised where things happen. */
export class BusMeter {
  readonly #system: string;
  readonly #observed: ObservedCounters<Name> | undefined;
  readonly #namespaces = new Map<string, Counters<Name>>();
  readonly #stops: (() => void)[] = [];
  /** What belongs to no namespace, or to one too many. */
  readonly rest: Counters<Name>;

  /** @param system What carries the events, for the instruments. */
  constructor(system: string, meter: Meter | undefined) {
    this.#system = system;
    this.#observed = meter && ObservedCounters.of(meter, instruments);
    this.rest = this.#make(undefined);
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

  /** Has the instruments keep what was counted, and this meter go. */
  close(): void {
    for (const stop of this.#stops.splice(0)) stop();
  }

  #make(namespace: string | undefined): Counters<Name> {
    const counters = {
      published: 0,
      delivered: 0,
      dropped: 0,
      gaps: 0,
      malformed: 0,
    };
    if (this.#observed !== undefined) {
      const attributes = {
        "messaging.system": this.#system,
        ...(namespace !== undefined &&
          { "messaging.destination.name": namespace }),
      };
      this.#stops.push(this.#observed.add(counters, attributes));
    }
    return counters;
  }
}
