/**
 * The in-memory store beside Castore's in-memory adapter.
 *
 * @module
 */

import { InMemoryEventStorageAdapter } from "@castore/event-storage-adapter-in-memory";
import { createEvent, InMemoryEventStore } from "@flowmade-one/aether";
import { actorNames, type OrderPlaced, orderPlaced } from "./_events.ts";
import {
  figureAtLeast,
  type Measurement,
  ratioAtLeast,
  type Scale,
  type Target,
  type Theme,
} from "./_harness.ts";
import { takeTurns } from "./_timing.ts";

const UNIT = "events/s";

/** Events that are made before they are appended, outside of what is timed. */
const CHUNK = 10_000;

type Make = (actorId: string, version: number) => OrderPlaced;

/** Events as createEvent makes them: checked and frozen already. */
const created: Make = (actorId, version) =>
  createEvent(orderPlaced(actorId, version));

/** A store of either make. */
interface Peer {
  append(event: OrderPlaced): Promise<unknown>;
  read(actorId: string): Promise<ArrayLike<unknown>>;
}

function aether(): Peer {
  const store = new InMemoryEventStore<OrderPlaced>();
  return {
    append: (event) => store.saveEvent(event),
    read: (actorId) => store.getEvents(actorId),
  };
}

/** The adapter alone: what Castore's EventStore adds to it takes time too. */
function castore(): Peer {
  const adapter = new InMemoryEventStorageAdapter();
  const context = { eventStoreId: "orders" };
  return {
    append({ actorId, version, eventType, data, timestamp }) {
      const event = {
        aggregateId: actorId,
        version,
        type: eventType,
        payload: data,
        timestamp,
      };
      return adapter.pushEvent(event, context);
    },
    read: async (actorId) => (await adapter.getEvents(actorId, context)).events,
  };
}

/** Appends one event after the other, to each actor in turn; events/s. */
async function appendRate(
  { append }: Peer,
  make: Make,
  actors: readonly string[],
  count: number,
): Promise<number> {
  let took = 0;
  for (let i = 0; i < count; i += CHUNK) {
    const events: OrderPlaced[] = [];
    for (let k = i; k < Math.min(count, i + CHUNK); k++) {
      const version = Math.floor(k / actors.length) + 1;
      events.push(make(actors[k % actors.length]!, version));
    }
    const began = performance.now();
    for (const event of events) await append(event);
    took += performance.now() - began;
  }
  return count / took * 1000;
}

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
      const names = actorNames(actors);
      const { own, plain, other } = await takeTurns(turns, {
        own: () => appendRate(aether(), created, names, events),
        plain: () => appendRate(aether(), orderPlaced, names, events),
        other: () => appendRate(castore(), orderPlaced, names, events),
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
      const side = (length: number) => {
        const names = actorNames(events / length);
        return () => appendRate(aether(), created, names, events);
      };
      const sides = Object.fromEntries(
        [shortest, ...longer].map((length) => [length, side(length)]),
      );
      const taken = await takeTurns(scale.pick(3, 5), sides, bench.progress);
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
  const reads = Math.min(1_000_000, scale.pick(2_000_000, 10_000_000) / length);
  const side = async (peer: Peer) => {
    await appendRate(peer, orderPlaced, actors, actors.length * length);
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
  const turns = scale.pick(3, 5);
  const many = scale.pick(100_000, 1_000_000);
  const twice = ratioAtLeast(2);
  return {
    name: "memory",
    measurements: [
      append({ actors: 10, events: scale.pick(20_000, 200_000), turns }),
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
