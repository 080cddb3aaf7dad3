/**
 * Command handlers beside bare saves and reads, and beside Emmett's.
 *
 * @module
 */

import { commandHandler } from "@flowmade-one/aether/decider";
import { orders } from "./_commands.ts";
import { deploy } from "./_deployment.ts";
import { orderPlaced } from "./_events.ts";
import {
  type Bench,
  type Measurement,
  ratioAtLeast,
  ratioAtMost,
  type Scale,
  type Theme,
} from "./_harness.ts";
import { Isolate } from "./_isolate.ts";
import { Actors, byStore } from "./_savers.ts";
import { against, percentile, rateOf, takeTurns, timeEach } from "./_timing.ts";

const ACTORS = 1_000;
const COMMANDS = import.meta.resolve("./_commands.ts");

/** A store on the one server of the theme. */
async function openStore(bench: Bench) {
  const servers = await deploy(bench, "one server");
  return await servers.open({ namespace: servers.namespace() });
}

/** One command after the other on an actor that is cached. */
function oneInFlight(scale: Scale): Measurement {
  const plain = "execute on a cached actor, one in flight";
  const named = "execute with a command id, one in flight";
  return {
    rows: [plain, named],
    async run(bench) {
      const store = await openStore(bench);
      const handler = commandHandler(store, orders);
      const save = byStore(store, new Actors("saved", 1));
      let commands = 0;
      const taken = await timeEach(scale.pick(1_500, 20_000), {
        save: { run: () => save(0) },
        plain: { run: () => handler.execute("plain", undefined) },
        named: {
          run: () =>
            handler.execute("named", undefined, {
              commandId: `command-${commands++}`,
            }),
        },
      });
      const reference = {
        name: "saveEvent",
        figure: percentile(taken.save, 0.5),
      };
      bench.row({
        name: plain,
        unit: "ms",
        figure: percentile(taken.plain, 0.5),
        reference,
        targets: [ratioAtMost(1.1)],
      });
      bench.row({
        name: named,
        unit: "ms",
        figure: percentile(taken.named, 0.5),
        reference,
      });
    },
  };
}

/** Many at a time, on many actors. */
function manyInFlight(scale: Scale): Measurement {
  const inFlight = 500;
  const name = `execute, ${inFlight} in flight on ${ACTORS} actors`;
  const count = scale.pick(12_000, 60_000);
  return {
    rows: [name],
    async run(bench) {
      const store = await openStore(bench);
      const handler = commandHandler(store, orders);
      const save = byStore(store, new Actors("saved", ACTORS));
      const { names } = new Actors("executed", ACTORS);
      const taken = await takeTurns(scale.pick(3, 9), {
        execute: () =>
          rateOf(
            count,
            inFlight,
            (i) => handler.execute(names[i % ACTORS]!, undefined),
          ),
        save: () => rateOf(count, inFlight, save),
      }, bench.progress);
      bench.row({
        name,
        unit: "commands/s",
        figure: taken.execute.median,
        reference: against("saveEvent", taken.save),
        targets: [ratioAtLeast(0.85)],
        cpu: taken.execute.cpu,
      });
    },
  };
}

/** Many callers on one actor. */
function oneActor(scale: Scale): Measurement {
  const callers = 16;
  const name = `${callers} callers on one actor`;
  const count = scale.pick(800, 8_000);
  return {
    rows: [name],
    async run(bench) {
      const store = await openStore(bench);
      const handler = commandHandler(store, orders);
      const own = Array.from(
        { length: callers },
        () => commandHandler(store, orders, { retries: 1_000 }),
      );
      const taken = await takeTurns(scale.pick(2, 5), {
        shared: () =>
          rateOf(count, callers, () => handler.execute("shared", undefined)),
        apart: () =>
          rateOf(
            count / 4,
            callers,
            (i) => own[i % callers]!.execute("apart", undefined),
          ),
      }, bench.progress);
      bench.row({
        name,
        unit: "commands/s",
        figure: taken.shared.median,
        reference: { name: "a handler each", figure: taken.apart.median },
        note: "commands of one handler wait for each other, others retry",
      });
    },
  };
}

/** Actors that are not cached. */
function coldLoads(scale: Scale): Measurement {
  const nameOf = (length: number) => `load of ${length} events`;
  const kept = "load of 1000 events with a snapshot of 990";
  return {
    rows: [nameOf(10), nameOf(1_000), kept],
    async run(bench) {
      const servers = await deploy(bench, "one server");
      const namespace = servers.namespace();
      const store = await servers.open({ namespace });
      for (const length of [10, 1_000]) {
        const events = Array.from(
          { length },
          (_, i) => orderPlaced(`cold-${length}`, i + 1),
        );
        await store.saveEvents(events);
      }
      const snapshots = { every: 1, schema: "1" };
      await store.saveSnapshot({
        actorId: "cold-1000",
        version: 990,
        state: { state: orders.initialState, commands: [] },
        timestamp: new Date().toISOString(),
        schema: `decider:${snapshots.schema}`,
      });
      const cold = commandHandler(store, orders, { cachedActors: 0 });
      const keeping = commandHandler(store, orders, {
        cachedActors: 0,
        snapshots,
      });
      const taken = await timeEach(scale.pick(100, 1_000), {
        load10: { run: () => cold.load("cold-10") },
        read10: { run: () => store.getEvents("cold-10") },
        load1000: { run: () => cold.load("cold-1000") },
        read1000: { run: () => store.getEvents("cold-1000") },
        kept: { run: () => keeping.load("cold-1000") },
      });
      const row = (
        name: string,
        side: "load10" | "load1000" | "kept",
        beside: "read10" | "read1000",
      ) =>
        bench.row({
          name,
          unit: "ms",
          figure: percentile(taken[side], 0.5),
          reference: {
            name: "getEvents",
            figure: percentile(taken[beside], 0.5),
          },
        });
      row(nameOf(10), "load10", "read10");
      row(nameOf(1_000), "load1000", "read1000");
      row(kept, "kept", "read1000");
    },
  };
}

/** Commands over memory, beside Emmett's handler over its own store. */
function overMemory(scale: Scale): Measurement {
  const name = `execute over memory, ${ACTORS} actors`;
  const count = scale.pick(10_000, 20_000);
  return {
    rows: [name],
    async run(bench) {
      using threads = new DisposableStack();
      const side = (name: string) => {
        const isolate = threads.use(new Isolate());
        return () => isolate.run(COMMANDS, name, ACTORS, count);
      };
      const { own, other } = await takeTurns(scale.pick(5, 9), {
        own: side("executeAether"),
        other: side("executeEmmett"),
      }, bench.progress);
      bench.row({
        name,
        unit: "commands/s",
        figure: own.median,
        reference: { name: "Emmett", figure: other.median },
        targets: [ratioAtLeast(2)],
        note: `${count / ACTORS} commands on each actor`,
      });
    },
  };
}

/** Command handlers. */
export function deciders(scale: Scale): Theme {
  return {
    name: "deciders",
    measurements: [
      oneInFlight(scale),
      manyInFlight(scale),
      oneActor(scale),
      coldLoads(scale),
      overMemory(scale),
    ],
  };
}
