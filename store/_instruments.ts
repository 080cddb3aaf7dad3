/**
 * The instruments of a store, as OpenTelemetry's conventions name them.
 *
 * @module
 */

import type { InstrumentSet } from "../internal/telemetry/counters.ts";
import type { StoreCounters } from "./metrics.ts";

type Name = keyof StoreCounters;

const counters: InstrumentSet<Name>["counters"] = {
  saves: {
    name: "aether.store.saves",
    unit: "{save}",
    description: "Saves that succeeded",
  },
  savedEvents: {
    name: "aether.store.saved.events",
    unit: "{event}",
    description: "Events newly stored",
  },
  duplicates: {
    name: "aether.store.duplicates",
    unit: "{save}",
    description: "Saves of events that were stored already",
  },
  conflicts: {
    name: "aether.store.conflicts",
    unit: "{save}",
    description: "Saves that failed with a version conflict",
  },
  unknownOutcomes: {
    name: "aether.store.unknown_outcomes",
    unit: "{save}",
    description: "Saves whose outcome could not be told",
  },
  eventStoredPublished: {
    name: "aether.store.event_stored.published",
    unit: "{event}",
    description: "EventStored events that the bus took",
  },
  eventStoredDropped: {
    name: "aether.store.event_stored.dropped",
    unit: "{event}",
    description: "EventStored events that the bus did not take",
  },
};

/** Those that tell counts. */
export const instruments: InstrumentSet<Name> = {
  counters,
  gauge: {
    name: "aether.store.event_stored.pending",
    unit: "{event}",
    description: "EventStored events that the bus has not answered for",
  },
};

/** Of durations in seconds, as the conventions for databases advise. */
export const BOUNDARIES: readonly number[] = [
  0.001,
  0.005,
  0.01,
  0.05,
  0.1,
  0.5,
  1,
  5,
  10,
];
