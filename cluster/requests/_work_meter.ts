/**
 * Tells a meter of the works by shard of one node.
 *
 * @module
 */

import {
  CounterReports,
  type InstrumentSet,
} from "../../internal/telemetry/counters.ts";
import type { Meter } from "../../internal/telemetry/types.ts";
import type { OpenShardWork } from "./shard_work.ts";

const UNIT = "{piece}";

const instruments: InstrumentSet<"done" | "failed"> = {
  counters: {
    done: {
      name: "aether.work.done",
      unit: UNIT,
      description: "Pieces of work by shard that this node has done",
    },
    failed: {
      name: "aether.work.failed",
      unit: UNIT,
      description: "Attempts that failed; each is tried again",
    },
  },
  gauge: {
    name: "aether.work.waiting",
    unit: UNIT,
    description: "Pieces that wait or are being worked on",
  },
};

/** Reports what a work has counted; returns how to stop. */
export function reportWork(
  meter: Meter,
  cluster: string,
  name: string,
  work: OpenShardWork,
): () => void {
  const attributes = { "aether.cluster": cluster, "aether.work": name };
  const reports = CounterReports.of(meter, instruments);
  const counters = {
    get done() {
      return work.metrics.done;
    },
    get failed() {
      return work.metrics.failed;
    },
  };
  const stops = [
    reports.add(counters, attributes),
    reports.gauge(() => work.metrics.waiting, attributes),
  ];
  return () => {
    for (const stop of stops.splice(0)) stop();
  };
}
