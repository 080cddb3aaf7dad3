/**
 * Counting what a node does.
 *
 * @module
 */

import {
  CounterReports,
  type InstrumentSet,
} from "../../internal/telemetry/counters.ts";
import type { Meter } from "../../internal/telemetry/types.ts";
import type { Membership, MembershipCounters } from "./membership.ts";
import type { DiscoveryMetrics } from "./metrics.ts";

type Name = keyof MembershipCounters;

const counters: InstrumentSet<Name>["counters"] = {
  maps: {
    name: "aether.cluster.maps",
    unit: "{map}",
    description: "Newer maps that this node has read",
  },
  lost: {
    name: "aether.cluster.lost",
    unit: "{lease}",
    description: "Times in which this node lost its lease",
  },
  reconnects: {
    name: "aether.cluster.reconnects",
    unit: "{reconnect}",
    description: "Times in which the connection was asked to reconnect",
  },
};

const instruments: InstrumentSet<Name> = {
  counters,
  gauge: {
    name: "aether.cluster.leading",
    unit: "{leader}",
    description: "1 while this node leads the map, else 0",
  },
};

/** Tells a meter of one node. */
export class MembershipMeter {
  readonly #counters: MembershipCounters;
  readonly #stops: (() => void)[] = [];

  constructor(
    meter: Meter | undefined,
    cluster: string,
    membership: Membership,
  ) {
    this.#counters = membership.counters;
    if (meter === undefined) return;
    const reports = CounterReports.of(meter, instruments);
    const attributes = { "aether.cluster": cluster };
    this.#stops.push(
      reports.add(this.#counters, attributes),
      reports.gauge(() => membership.isLeader ? 1 : 0, attributes),
    );
  }

  /** The numbers as of now. */
  snapshot(): DiscoveryMetrics {
    return Object.freeze({ ...this.#counters });
  }

  /** Tells the meter the last numbers. */
  close(): void {
    for (const stop of this.#stops.splice(0)) stop();
  }
}
