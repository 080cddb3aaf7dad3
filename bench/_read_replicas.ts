/**
 * What a strong read costs on replicas.
 *
 * @module
 */

import type { Consistency } from "@flowmade-one/aether";
import { deploy } from "./_deployment.ts";
import { figureAtMost, type Measurement, type Scale } from "./_harness.ts";
import { saveAll } from "./_streams.ts";
import { percentile, type Timed, timeEach } from "./_timing.ts";

const EVENTS = 10_000;
const ACTORS = 1_000;
const ACTOR = "order-7";

/** Strong reads of an actor that is known, beside eventual ones. */
export function onReplicas(scale: Scale): Measurement {
  const requests = "10 events, three replicas, strong, requests";
  const time = "10 events, three replicas, strong";
  return {
    rows: [requests, time],
    async run(bench) {
      const servers = await deploy(bench, "three replicas");
      const namespace = servers.namespace();
      const connection = await servers.connect();
      const store = await servers.open({ namespace }, connection);
      await saveAll(
        store,
        EVENTS,
        (i) => `order-${i % ACTORS}`,
        bench.progress,
      );
      const read = (consistency: Consistency) =>
        store.getEvents(ACTOR, { consistency });
      // The least of several: a replica that lags is asked again.
      const requestsOf = async (consistency: Consistency) => {
        let least = Infinity;
        for (let i = 0; i < 20; i++) {
          const before = connection.stats().outMsgs;
          await read(consistency);
          least = Math.min(least, connection.stats().outMsgs - before);
        }
        return least;
      };
      const eventual = await requestsOf("eventual");
      bench.row({
        name: requests,
        unit: "requests",
        figure: await requestsOf("strong"),
        reference: { name: "eventual", figure: eventual },
        targets: [figureAtMost(eventual + 1)],
      });
      const side = (consistency: Consistency): Timed => ({
        run: () => read(consistency),
      });
      bench.progress("reading");
      const taken = await timeEach(scale.pick(200, 2_000), {
        strong: side("strong"),
        eventual: side("eventual"),
      });
      bench.row({
        name: time,
        unit: "ms",
        figure: percentile(taken.strong, 0.5),
        reference: {
          name: "eventual",
          figure: percentile(taken.eventual, 0.5),
        },
      });
    },
  };
}
