/**
 * Reads of actors with ten events, by how far apart they lie.
 *
 * @module
 */

import { type Measurement, ratioAtMost, type Scale } from "./_harness.ts";
import { consume } from "./_getters.ts";
import { readClients, whenCold, whenKnown } from "./_read_stream.ts";
import { layoutOf, TENS } from "./_streams.ts";
import { type Latencies, percentile, type Timed, timeEach } from "./_timing.ts";

const STATES = ["known", "cold"] as const;

const PERCENTILES = [["median", 0.5], ["p95", 0.95]] as const;

/** Ten events of each layout, beside a bare batch get of those close together. */
export function tens(scale: Scale): Measurement {
  const { distances: [close, ...far] } = layoutOf(scale);
  const nameOf = (distance: number, state: string, which: string) =>
    `10 events, one every ${
      distance.toLocaleString("en-US")
    }, ${state}, ${which}`;
  const targetOf = (distance: number, state: string) =>
    distance !== close ? 3 : state === "known" ? 1.3 : 2.6;
  const rows = PERCENTILES.flatMap(([which]) =>
    [close!, ...far].flatMap((distance) =>
      STATES.map((state) => nameOf(distance, state, which))
    )
  );
  return {
    rows,
    async run(bench) {
      const clients = await readClients(bench);
      // Another of these actors each time, in the same order on all sides.
      const read = (distance: number, state: typeof STATES[number]): Timed => {
        let i = 0;
        const when = state === "known" ? whenKnown : whenCold;
        return when(
          clients,
          (store) => store.getEvents(`every-${distance}-${i++ % TENS}`),
        );
      };
      let i = 0;
      const sides: Record<string, Timed> = {
        bare: {
          run: () => clients.bare.batch(`every-${close}-${i++ % TENS}`, 1_000),
        },
      };
      for (const distance of [close!, ...far]) {
        for (const state of STATES) {
          sides[`${state} ${distance}`] = read(distance, state);
        }
      }
      bench.progress("reading");
      const taken = await timeEach(scale.pick(120, 1_000), sides);
      for (const [which, share] of PERCENTILES) {
        const at = (values: Latencies) => percentile(values, share);
        for (const distance of [close!, ...far]) {
          for (const state of STATES) {
            bench.row({
              name: nameOf(distance, state, which),
              unit: "ms",
              figure: at(taken[`${state} ${distance}`]!),
              reference: {
                name: `bare batch get, one every ${close}`,
                figure: at(taken.bare!),
              },
              targets: [ratioAtMost(targetOf(distance, state))],
            });
          }
        }
      }
    },
  };
}

/** What the server takes to find events that lie far apart by itself. */
export function scans(scale: Scale): Measurement {
  const { distances: [close, ...far] } = layoutOf(scale);
  const nameOf = (distance: number) =>
    `bare batch get, one every ${distance.toLocaleString("en-US")}`;
  return {
    rows: far.map(nameOf),
    async run(bench) {
      const { bare } = await readClients(bench);
      const read = (distance: number): Timed => {
        let i = 0;
        return {
          run: () => bare.batch(`every-${distance}-${i++ % TENS}`, 1_000),
        };
      };
      const all = [close!, ...far];
      const sides = Object.fromEntries(
        all.map((distance) => [String(distance), read(distance)]),
      );
      bench.progress("reading");
      const taken = await timeEach(scale.pick(30, 100), sides);
      const median = (distance: number) =>
        percentile(taken[String(distance)]!, 0.5);
      for (const distance of far) {
        bench.row({
          name: nameOf(distance),
          unit: "ms",
          figure: median(distance),
          reference: { name: `one every ${close}`, figure: median(close!) },
        });
      }
    },
  };
}

/** Ten events, beside what nats.js offers for it. */
export function besideConsumer(scale: Scale): Measurement {
  const { distances: [close] } = layoutOf(scale);
  const name = "10 events, beside an ordered consumer";
  return {
    rows: [name],
    async run(bench) {
      const { stream, known } = await readClients(bench);
      const { servers, namespace } = stream;
      const connection = await servers.connect();
      const actor = `every-${close}-0`;
      bench.progress("reading");
      const taken = await timeEach(scale.pick(50, 300), {
        store: { run: () => known.getEvents(actor) },
        consumer: { run: () => consume(connection, namespace, actor, 10) },
      });
      bench.row({
        name,
        unit: "ms",
        figure: percentile(taken.store, 0.5),
        reference: {
          name: "ordered consumer of nats.js",
          figure: percentile(taken.consumer, 0.5),
        },
      });
    },
  };
}
