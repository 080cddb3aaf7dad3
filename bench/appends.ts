/**
 * Appends whose versions the store gives: alone, and racing for one actor.
 *
 * @module
 */

import {
  createEvent,
  type EventDraftOf,
  VersionConflictError,
} from "@flowmade-one/aether";
import { deploy, type OrderStore } from "./_deployment.ts";
import type { OrderPlaced } from "./_events.ts";
import {
  type Measurement,
  ratioAtMost,
  type Scale,
  type Theme,
} from "./_harness.ts";
import { Actors, byStore } from "./_savers.ts";
import { percentile, takeTurns, timeEach } from "./_timing.ts";

/** How many appends race for one actor. */
const RACERS = 200;

const draft: EventDraftOf<OrderPlaced> = {
  eventType: "OrderPlaced",
  data: { total: 99.99, items: 3, note: "at the door" },
};

/** One append after the other, to actors in turn. */
function oneInFlight(scale: Scale): Measurement {
  const name = "one in flight, beside saveEvent";
  return {
    rows: [name],
    async run(bench) {
      const servers = await deploy(bench, "one server");
      const store = await servers.open({ namespace: servers.namespace() });
      const save = byStore(store, new Actors("a", 100));
      const next = { append: 0, save: 0 };
      bench.progress("appending");
      const taken = await timeEach(scale.pick(1_500, 20_000), {
        append: {
          run: () => store.append(`b-${next.append++ % 100}`, [draft]),
        },
        save: { run: () => save(next.save++) },
      });
      bench.row({
        name,
        unit: "ms",
        figure: percentile(taken.append, 0.5),
        reference: { name: "saveEvent", figure: percentile(taken.save, 0.5) },
        targets: [ratioAtMost(1.2)],
      });
    },
  };
}

/** Appends by hand: to read the version, to save behind it, and again. */
async function appendByHand(store: OrderStore, actorId: string): Promise<void> {
  for (;;) {
    const expectedVersion = await store.getLatestVersion(actorId);
    const version = expectedVersion + 1;
    const event = createEvent<OrderPlaced>({ ...draft, actorId, version });
    try {
      await store.saveEvent(event, { expectedVersion });
      return;
    } catch (error) {
      if (!(error instanceof VersionConflictError)) throw error;
    }
  }
}

/** Many appends to one actor at once. */
function racing(scale: Scale): Measurement {
  const name = `${RACERS} to one actor at once, beside a loop by hand`;
  return {
    rows: [name],
    async run(bench) {
      const servers = await deploy(bench, "one server");
      const store = await servers.open({ namespace: servers.namespace() });
      let actors = 0;
      const timeAll = async (append: (actorId: string) => Promise<unknown>) => {
        const actorId = `raced-${actors++}`;
        const began = performance.now();
        await Promise.all(
          Array.from({ length: RACERS }, () => append(actorId)),
        );
        const took = performance.now() - began;
        const version = await store.getLatestVersion(actorId);
        if (version !== RACERS) throw new Error(`${version} were appended`);
        return took;
      };
      const taken = await takeTurns(scale.pick(3, 7), {
        store: () => timeAll((actorId) => store.append(actorId, [draft])),
        hand: () => timeAll((actorId) => appendByHand(store, actorId)),
      }, bench.progress);
      bench.row({
        name,
        unit: "ms",
        figure: taken.store.median,
        reference: { name: "by hand", figure: taken.hand.median },
        targets: [ratioAtMost(0.1)],
      });
    },
  };
}

/** Appends. */
export function appends(scale: Scale): Theme {
  return {
    name: "appends",
    measurements: [oneInFlight(scale), racing(scale)],
  };
}
