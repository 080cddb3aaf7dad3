/**
 * Whole histories whose events lie far apart, as those of long-lived actors.
 *
 * @module
 */

import { type Measurement, ratioAtMost, type Scale } from "./_harness.ts";
import { readClients, whenCold, whenKnown } from "./_read_stream.ts";
import { SCATTERED } from "./_streams.ts";
import { percentile, type Timed, timeEach } from "./_timing.ts";

const STATES = ["known", "cold"] as const;

/** Each beside a bare burst of requests for the same sequences. */
export function scattered(scale: Scale): Measurement {
  const nameOf = (count: number, state: string) =>
    `${count.toLocaleString("en-US")} scattered events, ${state}`;
  return {
    rows: SCATTERED.flatMap((count) =>
      STATES.map((state) => nameOf(count, state))
    ),
    async run(bench) {
      const clients = await readClients(bench);
      const { stream, bare } = clients;
      bench.progress("reading");
      for (const count of SCATTERED) {
        const actor = `scattered-${count}`;
        const sequences = stream.scattered.get(count)!;
        const sides: Record<typeof STATES[number] | "bare", Timed> = {
          known: whenKnown(clients, (store) => store.getEvents(actor)),
          cold: whenCold(clients, (store) => store.getEvents(actor)),
          bare: { run: () => bare.burst(actor, sequences) },
        };
        const taken = await timeEach(scale.pick(60, 300), sides);
        for (const state of STATES) {
          bench.row({
            name: nameOf(count, state),
            unit: "ms",
            figure: percentile(taken[state], 0.5),
            reference: {
              name: "bare burst of the same sequences",
              figure: percentile(taken.bare, 0.5),
            },
            // The tail comes first where it is not known.
            targets: [ratioAtMost(state === "known" ? 2 : 2.5)],
          });
        }
      }
    },
  };
}
