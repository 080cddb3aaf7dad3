/**
 * Counting and measuring what a node does with its shards.
 *
 * @module
 */

import {
  CounterReports,
  type InstrumentSet,
} from "../../internal/telemetry/counters.ts";
import type { Meter } from "../../internal/telemetry/types.ts";
import { FREE, REVOKING } from "../map/cluster_map.ts";
import { MembershipMeter } from "../members/meter.ts";
import type { ShardMetrics } from "./metrics.ts";
import type { ShardCounters, ShardEngine } from "./shard_engine.ts";

const counters: InstrumentSet<keyof ShardCounters>["counters"] = {
  acquired: {
    name: "aether.shards.acquired",
    unit: "{shard}",
    description: "Shards that this node began to serve",
  },
  released: {
    name: "aether.shards.released",
    unit: "{shard}",
    description: "Shards that this node stopped to serve",
  },
  failedHooks: {
    name: "aether.shards.failed_hooks",
    unit: "{call}",
    description: "Hooks of shards that failed, or did not settle in time",
  },
};

const owned: InstrumentSet<keyof ShardCounters> = {
  counters,
  gauge: {
    name: "aether.shards.owned",
    unit: "{shard}",
    description: "Shards that this node serves",
  },
};

type Level = "moving" | "unserved" | "epoch" | "mapAge";

const levels: Readonly<Record<Level, InstrumentSet<never>>> = {
  moving: {
    counters: {},
    gauge: {
      name: "aether.shards.moving",
      unit: "{shard}",
      description: "Shards of the cluster on their way to another owner",
    },
  },
  unserved: {
    counters: {},
    gauge: {
      name: "aether.shards.unserved",
      unit: "{shard}",
      description: "Shards of the cluster that nobody owns",
    },
  },
  epoch: {
    counters: {},
    gauge: {
      name: "aether.shards.epoch",
      unit: "{epoch}",
      description: "The highest epoch of any shard of the cluster",
    },
  },
  mapAge: {
    counters: {},
    gauge: {
      name: "aether.shards.map_age",
      unit: "ms",
      description: "Time since the map was known to be the newest",
    },
  },
};

/** Tells a meter of one node and its shards. */
export class ShardMeter {
  readonly #engine: ShardEngine;
  readonly #membership: MembershipMeter;
  readonly #stops: (() => void)[] = [];

  constructor(
    meter: Meter | undefined,
    cluster: string,
    engine: ShardEngine,
  ) {
    this.#engine = engine;
    const { membership } = engine;
    this.#membership = new MembershipMeter(meter, cluster, membership);
    if (meter === undefined) return;
    const attributes = { "aether.cluster": cluster };
    const reports = CounterReports.of(meter, owned);
    this.#stops.push(
      reports.add(engine.counters, attributes),
      reports.gauge(() => engine.owned().length, attributes),
    );
    for (const [level, set] of Object.entries(levels)) {
      const read = () => measure(engine)[level as Level];
      this.#stops.push(CounterReports.of(meter, set).gauge(read, attributes));
    }
  }

  /** The numbers as of now. */
  snapshot(): ShardMetrics {
    const engine = this.#engine;
    return Object.freeze({
      ...this.#membership.snapshot(),
      ...engine.counters,
      owned: engine.owned().length,
      ...measure(engine),
    });
  }

  /** Tells the meter the last numbers. */
  close(): void {
    this.#membership.close();
    for (const stop of this.#stops.splice(0)) stop();
  }
}

function measure(
  { map, membership: { mapAge } }: ShardEngine,
): Record<Level, number> {
  let [moving, unserved, epoch] = [0, 0, 0];
  for (const state of map?.states ?? []) {
    if (state === REVOKING) moving++;
    else if (state === FREE) unserved++;
  }
  for (const each of map?.epochs ?? []) epoch = Math.max(epoch, each);
  return { moving, unserved, epoch, mapAge };
}
