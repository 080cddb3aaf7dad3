/**
 * Tells a meter of the requests of one node.
 *
 * @module
 */

import {
  CounterReports,
  type InstrumentSet,
} from "../../internal/telemetry/counters.ts";
import type { Meter } from "../../internal/telemetry/types.ts";
import type { HostCounters, RequestHost } from "./request_host.ts";
import type { RequestCounters, Requester } from "./requester.ts";

const UNIT = "{request}";

const sent: InstrumentSet<keyof RequestCounters> = {
  counters: {
    answered: {
      name: "aether.requests.answered",
      unit: UNIT,
      description: "Requests of this node that were answered by a handler",
    },
    unanswered: {
      name: "aether.requests.unanswered",
      unit: UNIT,
      description: "Requests of this node that failed without an answer",
    },
    redirected: {
      name: "aether.requests.redirected",
      unit: UNIT,
      description: "Times a request was sent again, or to another node",
    },
  },
  gauge: {
    name: "aether.requests.waiting",
    unit: UNIT,
    description: "Requests of this node that wait for their answers",
  },
};

const handled: InstrumentSet<keyof HostCounters> = {
  counters: {
    handled: {
      name: "aether.requests.handled",
      unit: UNIT,
      description: "Requests that this node has handled",
    },
    failed: {
      name: "aether.requests.failed",
      unit: UNIT,
      description: "Requests whose handler failed",
    },
    notOwned: {
      name: "aether.requests.not_owned",
      unit: UNIT,
      description: "Requests of actors that this node does not own",
    },
    overloaded: {
      name: "aether.requests.overloaded",
      unit: UNIT,
      description: "Requests that were refused, since too many waited",
    },
    expired: {
      name: "aether.requests.expired",
      unit: UNIT,
      description: "Requests that were dropped, since their time was up",
    },
    withheld: {
      name: "aether.requests.withheld",
      unit: UNIT,
      description: "Answers not given, since the shard was lost meanwhile",
    },
  },
  gauge: {
    name: "aether.requests.pending",
    unit: UNIT,
    description: "Requests that wait or are handled on this node",
  },
};

/** Reports the counters of both sides; returns how to stop. */
export function reportRequests(
  meter: Meter | undefined,
  cluster: string,
  requester: Requester,
  host: RequestHost,
): () => void {
  if (meter === undefined) return () => {};
  const attributes = { "aether.cluster": cluster };
  const own = CounterReports.of(meter, sent);
  const reports = CounterReports.of(meter, handled);
  const stops = [
    own.add(requester.counters, attributes),
    own.gauge(() => requester.waiting, attributes),
    reports.add(host.counters, attributes),
    reports.gauge(() => host.load, attributes),
  ];
  return () => {
    for (const stop of stops.splice(0)) stop();
  };
}
