/**
 * Saves of what is stored already, as an import that is run again makes them.
 *
 * @module
 */

import { JetStreamEventStore } from "@flowmade-one/aether";
import { deploy } from "./_deployment.ts";
import type { OrderPlaced } from "./_events.ts";
import { type Measurement, ratioAtLeast, type Scale } from "./_harness.ts";
import { Actors } from "./_savers.ts";
import { against, rateOf, takeTurns } from "./_timing.ts";

const BATCH = 1_000;
const IN_FLIGHT = 4;

/** How many actors the events of a save belong to. */
const ACTORS = 200;

/** Saves of 1,000 events, beside the first save of them. */
export function savedAgain(scale: Scale): Measurement {
  const name = "saves of 1,000 that are stored already, 4 in flight";
  const batches = scale.pick(8, 40);
  return {
    rows: [name],
    async run(bench) {
      const servers = await deploy(bench, "one server");
      const namespace = servers.namespace();
      const connection = await servers.connect();
      let turn = 0;
      let made: OrderPlaced[][] = [];
      const make = () => {
        const actors = new Actors(`turn-${turn++}`, batches * ACTORS);
        return Array.from(
          { length: batches },
          (_, batch) =>
            Array.from(
              { length: BATCH },
              (_, i) => actors.next(batch * ACTORS + i % ACTORS),
            ),
        );
      };
      const save = async () => {
        // Without what an instance remembers, as after a restart.
        await using store = await JetStreamEventStore.open<OrderPlaced>(
          connection,
          { namespace },
        );
        return BATCH *
          await rateOf(batches, IN_FLIGHT, (i) => store.saveEvents(made[i]!));
      };
      const { again, first } = await takeTurns(scale.pick(3, 7), {
        first: () => {
          made = make();
          return save();
        },
        again: save,
      }, bench.progress);
      bench.row({
        name,
        unit: "events/s",
        figure: again.median,
        reference: against("the first time", first),
        targets: [ratioAtLeast(0.5)],
        cpu: again.cpu,
      });
    },
  };
}
