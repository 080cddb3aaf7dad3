/**
 * The in-memory store beside Castore's in-memory adapter.
 *
 * @module
 */

import { aether, castore, fill, type Peer } from "./_appends.ts";
import { actorNames } from "./_events.ts";
import {
  figureAtLeast,
  type Measurement,
  ratioAtLeast,
  type Scale,
  type Target,
  type Theme,
} from "./_harness.ts";
import { Isolate } from "./_isolate.ts";
import { takeTurns } from "./_timing.ts";

const UNIT = "events/s";

const APPENDS = import.meta.resolve("./_appends.ts");

const text = (count: number) => count.toLocaleString("en-US");

interface Append {
  readonly actors: number;
  readonly events: number;
  readonly turns: number;
  readonly targets?: readonly Target[];
}

/** Appends to so many actors, beside Castore. */
function append({ actors, events, turns, targets }: Append): Measurement {
  const name = `append, ${text(actors)} actors`;
  const plainName = `append plain objects, ${text(actors)} actors`;
  return {
    rows: [name, plainName],
    async run(bench) {
      using threads = new DisposableStack();
      const side = (name: string) => {
        const isolate = threads.use(new Isolate());
        return () => isolate.run(APPENDS, name, actors, events);
      };
      const { own, plain, other } = await takeTurns(turns, {
        own: side("appendCreated"),
        plain: side("appendPlain"),
        other: side("appendCastore"),
      }, bench.progress);
      const reference = { name: "Castore", figure: other.median };
      const note = `${text(events)} events`;
      const common = { unit: UNIT, reference, targets, note };
      bench.row({ name, figure: own.median, ...common });
      bench.row({ name: plainName, figure: plain.median, ...common });
    },
  };
}

/** Appends the same number of events to ever fewer actors. */
function appendByLength(scale: Scale): Measurement {
  const events = scale.pick(100_000, 1_000_000);
  const [shortest, ...longer] = [10, 100, 1_000, 10_000, 100_000] as const;
  const nameOf = (length: number) => `append, histories of ${text(length)}`;
  return {
    rows: longer.map(nameOf),
    async run(bench) {
      using threads = new DisposableStack();
      const side = (length: number) => {
        const isolate = threads.use(new Isolate());
        const actors = events / length;
        return () => isolate.run(APPENDS, "appendCreated", actors, events);
      };
      const sides = Object.fromEntries(
        [shortest, ...longer].map((length) => [length, side(length)]),
      );
      const taken = await takeTurns(scale.pick(2, 5), sides, bench.progress);
      for (const length of longer) {
        bench.row({
          name: nameOf(length),
          unit: UNIT,
          figure: taken[length]!.median,
          reference: {
            name: `histories of ${shortest}`,
            figure: taken[shortest]!.median,
          },
          targets: [{ of: "ratio", atLeast: 0.6, atMost: 1.4 }],
          note: `${text(events)} events`,
        });
      }
    },
  };
}

interface Read {
  readonly actors: number;
  /** Events of each. */
  readonly length: number;
  readonly targets?: readonly Target[];
}

/** Reads whole histories, beside Castore. */
function read(
  { actors: count, length, targets }: Read,
  scale: Scale,
): Measurement {
  const name = `getEvents, ${text(length)} of each of ${text(count)} actors`;
  const actors = actorNames(count);
  const reads = Math.min(1_000_000, scale.pick(300_000, 10_000_000) / length);
  const side = async (peer: Peer) => {
    await fill(peer, count, length);
    return async () => {
      const began = performance.now();
      let events = 0;
      for (let i = 0; i < reads; i++) {
        events += (await peer.read(actors[i % actors.length]!)).length;
      }
      return events / (performance.now() - began) * 1000;
    };
  };
  return {
    rows: [name],
    async run(bench) {
      bench.progress("filling the stores");
      const sides = {
        own: await side(aether()),
        castore: await side(castore()),
      };
      const { own, castore: other } = await takeTurns(5, sides, bench.progress);
      const reference = { name: "Castore", figure: other.median };
      bench.row({ name, unit: UNIT, figure: own.median, reference, targets });
    },
  };
}

/** Appends to memory and reads from it. */
export function memory(scale: Scale): Theme {
  const turns = scale.pick(2, 3);
  const many = scale.pick(50_000, 1_000_000);
  const twice = ratioAtLeast(2);
  return {
    name: "memory",
    measurements: [
      append({ actors: 10, events: scale.pick(20_000, 100_000), turns }),
      append({
        actors: 1_000,
        events: many,
        turns,
        targets: [figureAtLeast(500_000), twice],
      }),
      append({
        actors: many,
        events: many,
        turns,
        targets: [figureAtLeast(400_000)],
      }),
      appendByLength(scale),
      read({ actors: many, length: 1 }, scale),
      read({ actors: 1_000, length: 10 }, scale),
      read({
        actors: 10,
        length: 10_000,
        targets: [figureAtLeast(20_000_000)],
      }, scale),
    ],
  };
}
