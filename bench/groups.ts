/**
 * Saves that ride together in batches.
 *
 * @module
 */

import { BareClient } from "./_bare_client.ts";
import { batchesByHand, batchesByStore } from "./_batches.ts";
import { type Contention, ContentionRun } from "./_contention.ts";
import { deploy, type Kind } from "./_deployment.ts";
import {
  type Measurement,
  ratioAtLeast,
  type Scale,
  type Theme,
} from "./_harness.ts";
import { MadeBefore, MessageMaker } from "./_messages.ts";
import { framesOf, RawSocket } from "./_raw_socket.ts";
import { Actors, byPublish, byStore, lastSequence } from "./_savers.ts";
import { against, collectGarbage, rateOf, takeTurns } from "./_timing.ts";

const UNIT = "events/s";

/** How many actors each client saves events of. */
const ACTORS = 1_000;

/** Events under way where there are many. */
const IN_FLIGHT = 500;

interface OnAndOff {
  readonly name: string;
  readonly kind: Kind;
  /** Events a save. */
  readonly size: number;
  readonly inFlight: number;
  /** How many saves a turn, with grouping and without. */
  readonly counts: readonly [number, number];
  readonly turns: number;
  readonly atLeast: number;
}

/** The same store with grouping and without. */
function onAndOff(
  { name, kind, size, inFlight, counts, turns, atLeast }: OnAndOff,
): Measurement {
  return {
    rows: [name],
    async run(bench) {
      const servers = await deploy(bench, kind);
      const namespace = servers.namespace();
      const side = async (groupSaves: boolean) => {
        const store = await servers.open({ namespace, groupSaves });
        const actors = new Actors(groupSaves ? "a" : "b", ACTORS);
        const save = size === 1
          ? byStore(store, actors)
          : batchesByStore(store, actors, size);
        const count = counts[groupSaves ? 0 : 1];
        return async () => size * await rateOf(count, inFlight, save);
      };
      const { grouped, alone } = await takeTurns(turns, {
        grouped: await side(true),
        alone: await side(false),
      }, bench.progress);
      bench.row({
        name,
        unit: UNIT,
        figure: grouped.median,
        reference: against("without grouping", alone),
        targets: [ratioAtLeast(atLeast)],
        cpu: grouped.cpu,
      });
    },
  };
}

/**
 * The same store with grouping and without, and beside it what batches come to
 * that were made before.
 */
function replicas(scale: Scale): Measurement {
  const name = `${IN_FLIGHT} in flight, three replicas`;
  const overNats = "batches made before, three replicas, nats.js";
  const overSocket = "batches made before, three replicas, raw socket";
  const size = IN_FLIGHT / 4;
  const count = scale.pick(8_000, 40_000);
  return {
    rows: [name, overNats, overSocket],
    async run(bench) {
      const servers = await deploy(bench, "three replicas");
      const namespace = servers.namespace();
      const connection = await servers.connect();
      const store = async (groupSaves: boolean) => {
        const store = await servers.open({ namespace, groupSaves });
        const save = byStore(store, new Actors(groupSaves ? "a" : "b", ACTORS));
        return () => rateOf(count, IN_FLIGHT, save);
      };
      const client = new BareClient(await servers.connect());
      await using socket = await RawSocket.connect(servers.url);
      const messages = new MessageMaker(namespace, "c", ACTORS);
      const make = async () =>
        messages.make(count, await lastSequence(connection, namespace), size);
      const { grouped, alone, nats, raw } = await takeTurns(
        scale.pick(3, 9),
        {
          grouped: await store(true),
          alone: await store(false),
          nats: async () => {
            const made = new MadeBefore(client, await make(), size);
            collectGarbage();
            const send = (i: number) => made.send(i);
            return size * await rateOf(count / size, IN_FLIGHT / size, send);
          },
          raw: async () => {
            const frames = framesOf(await make(), size);
            collectGarbage();
            return size * await socket.rate(frames, IN_FLIGHT / size);
          },
        },
        bench.progress,
      );
      const common = {
        unit: UNIT,
        reference: against("this store without grouping", alone),
      };
      bench.row({
        name,
        ...common,
        figure: grouped.median,
        targets: [ratioAtLeast(1.8)],
        cpu: grouped.cpu,
      });
      const note = `${IN_FLIGHT} in flight, ${size} a batch, with nothing to ` +
        "check, encode or remember";
      bench.row({ name: overNats, ...common, figure: nats.median, note });
      bench.row({ name: overSocket, ...common, figure: raw.median, note });
    },
  };
}

/** Saves of a hundred events. */
function hundreds(scale: Scale): Measurement {
  const [size, inFlight] = [100, 8];
  const count = scale.pick(60, 500);
  const publish = `saves of ${size}, ${inFlight} in flight, beside js.publish`;
  const byHand = `saves of ${size}, ${inFlight} in flight, beside own batches`;
  return {
    rows: [publish, byHand],
    async run(bench) {
      const servers = await deploy(bench, "one server");
      const namespace = servers.namespace();
      const store = await servers.open({ namespace });
      const connection = await servers.connect();
      const save = batchesByStore(store, new Actors("a", ACTORS), size);
      const client = new BareClient(await servers.connect());
      const frame = batchesByHand(
        client,
        namespace,
        new Actors("b", ACTORS),
        size,
      );
      const send = byPublish(connection, namespace, new Actors("c", ACTORS));
      const taken = await takeTurns(scale.pick(3, 9), {
        store: async () => size * await rateOf(count, inFlight, save),
        hand: async () => size * await rateOf(count, inFlight, frame),
        publish: () => rateOf(scale.pick(500, 5_000), 1, send),
      }, bench.progress);
      const { median: figure, cpu } = taken.store;
      bench.row({
        name: publish,
        unit: UNIT,
        figure,
        reference: against("js.publish, one at a time", taken.publish),
        targets: [ratioAtLeast(5)],
        cpu,
      });
      bench.row({
        name: byHand,
        unit: UNIT,
        figure,
        reference: against("batches by hand", taken.hand),
        targets: [ratioAtLeast(0.9)],
        cpu,
      });
    },
  };
}

/** A hundred of five hundred savers contend for ten actors. */
function contention(kind: Kind, scale: Scale): Measurement {
  const name = `100 of 500 savers contend, ${kind}`;
  return {
    rows: [name],
    async run(bench) {
      const servers = await deploy(bench, kind);
      const namespace = servers.namespace();
      const run = new ContentionRun([
        await servers.open({ namespace }),
        await servers.open({ namespace }),
      ]);
      const milliseconds = scale.pick(300, 3_000);
      const all: Contention[] = [];
      const { contended, apart } = await takeTurns(scale.pick(2, 7), {
        contended: async () => {
          const one = await run.run(milliseconds, true);
          all.push(one);
          return one.others;
        },
        apart: async () => (await run.run(milliseconds, false)).others,
      }, bench.progress);
      const sum = (key: "won" | "lost") =>
        all.reduce((total, one) => total + one[key], 0);
      bench.row({
        name,
        unit: UNIT,
        figure: contended.median,
        reference: against("without contention", apart),
        targets: [ratioAtLeast(0.5)],
        note: `events/s of the other 400; ${sum("won")} contended saves won ` +
          `and ${sum("lost")} lost, each checked against what is stored`,
      });
    },
  };
}

/** Saves in groups. */
export function groups(scale: Scale): Theme {
  const turns = scale.pick(3, 7);
  return {
    name: "groups",
    measurements: [
      replicas(scale),
      onAndOff({
        name: "500 in flight, sync_interval: always",
        kind: "sync_interval: always",
        size: 1,
        inFlight: IN_FLIGHT,
        counts: scale.pick([12_000, 1_500], [40_000, 10_000]),
        turns,
        atLeast: 4,
      }),
      onAndOff({
        name: "40 in flight, sync_interval: always",
        kind: "sync_interval: always",
        size: 1,
        inFlight: 40,
        counts: scale.pick([6_000, 1_500], [40_000, 10_000]),
        turns,
        atLeast: 2,
      }),
      onAndOff({
        name: "saves of 2, 40 in flight, one server",
        kind: "one server",
        size: 2,
        inFlight: 40,
        counts: scale.pick([2_000, 150], [20_000, 1_500]),
        turns,
        atLeast: 10,
      }),
      hundreds(scale),
      contention("one server", scale),
      contention("three replicas", scale),
    ],
  };
}
