/**
 * Counting what an election does.
 *
 * @module
 */

import {
  CounterReports,
  type Counters,
  type InstrumentSet,
} from "../../internal/telemetry/counters.ts";
import type { Meter } from "../../internal/telemetry/types.ts";
import type { ElectionMetrics } from "./metrics.ts";

type Name = keyof ElectionMetrics;

const counters: InstrumentSet<Name>["counters"] = {
  terms: {
    name: "aether.election.terms",
    unit: "{term}",
    description: "Terms that this node began as the leader",
  },
  resumed: {
    name: "aether.election.resumed",
    unit: "{term}",
    description: "Times in which it went on with its term after a lapse",
  },
  lapsed: {
    name: "aether.election.lapsed",
    unit: "{term}",
    description: "Times in which it could not renew its lease in time",
  },
  lost: {
    name: "aether.election.lost",
    unit: "{term}",
    description: "Times in which it found another leader in its place",
  },
  released: {
    name: "aether.election.released",
    unit: "{term}",
    description: "Times in which it gave its leadership up",
  },
  requests: {
    name: "aether.election.requests",
    unit: "{request}",
    description: "Reads and writes of the lease",
  },
  failedRequests: {
    name: "aether.election.failed_requests",
    unit: "{request}",
    description: "Reads and writes whose outcome is unknown",
  },
  reconnects: {
    name: "aether.election.reconnects",
    unit: "{reconnect}",
    description: "Times in which the connection was asked to reconnect",
  },
};

const instruments: InstrumentSet<Name> = {
  counters,
  gauge: {
    name: "aether.election.leading",
    unit: "{leader}",
    description: "1 while this node leads, else 0",
  },
};

/** The numbers of one election; they are raised where things happen. */
export class ElectionMeter {
  /** What is counted. */
  readonly counters: Counters<Name> = {
    terms: 0,
    resumed: 0,
    lapsed: 0,
    lost: 0,
    released: 0,
    requests: 0,
    failedRequests: 0,
    reconnects: 0,
  };
  readonly #stops: (() => void)[] = [];

  /** @param isLeader Asked when the numbers are collected. */
  constructor(
    meter: Meter | undefined,
    { cluster, name }: { cluster: string; name: string },
    isLeader: () => boolean,
  ) {
    if (meter === undefined) return;
    const reports = CounterReports.of(meter, instruments);
    const attributes = { "aether.cluster": cluster, "aether.election": name };
    this.#stops.push(
      reports.add(this.counters, attributes),
      reports.gauge(() => isLeader() ? 1 : 0, attributes),
    );
  }

  /** The numbers as of now. */
  snapshot(): ElectionMetrics {
    return Object.freeze({ ...this.counters });
  }

  /** Tells the meter the last numbers. */
  close(): void {
    for (const stop of this.#stops.splice(0)) stop();
  }
}
