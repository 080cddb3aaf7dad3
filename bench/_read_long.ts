/**
 * Reads of parts of long histories, and of whole ones.
 *
 * @module
 */

import {
  type Measurement,
  ratioAtLeast,
  ratioAtMost,
  type Scale,
} from "./_harness.ts";
import type { OrderStore } from "./_deployment.ts";
import { consume, countOf } from "./_getters.ts";
import { readClients, whenCold, whenKnown } from "./_read_stream.ts";
import { layoutOf, TEN_THOUSAND, TENS } from "./_streams.ts";
import {
  against,
  percentile,
  takeTurns,
  type Timed,
  timeEach,
} from "./_timing.ts";

const STATES = ["known", "cold"] as const;
const LAYOUTS = ["even", "bursty"] as const;

/** Which ten events of a long history, and how. */
const PARTS = [
  "last 10 from a version",
  "last 10 backward",
  "10 in the middle",
] as const;

type Part = typeof PARTS[number];

/**
 * How often a history is read in one turn. The first read does not count: when
 * garbage has been collected by force, V8 has given its young generation back,
 * and what comes next takes up to twice as long.
 */
const READS = 10;

/** Ten events of a long history, beside all of an actor that has ten. */
export function partsOfLong(scale: Scale): Measurement {
  const { long, distances: [close] } = layoutOf(scale);
  const events = long.toLocaleString("en-US");
  const nameOf = (part: Part, layout: string, state: string) =>
    `${part} of ${events}, ${layout}, ${state}`;
  const all = PARTS.flatMap((part) =>
    LAYOUTS.flatMap((layout) =>
      STATES.map((state) => ({ part, layout, state }))
    )
  );
  const read = (part: Part, store: OrderStore, actor: string) => {
    switch (part) {
      case "last 10 from a version":
        return store.getEvents(actor, long - 9);
      case "last 10 backward":
        return countOf(
          store.readEvents(actor, { direction: "backward", limit: 10 }),
        );
      case "10 in the middle": {
        const fromVersion = 1 + Math.floor(Math.random() * (long - 10));
        return countOf(store.readEvents(actor, { fromVersion, limit: 10 }));
      }
    }
  };
  return {
    rows: all.map(({ part, layout, state }) => nameOf(part, layout, state)),
    async run(bench) {
      const clients = await readClients(bench);
      let i = 0;
      const ten = (store: OrderStore) =>
        store.getEvents(`every-${close}-${i++ % TENS}`);
      const sides: Record<string, Timed> = {
        known: whenKnown(clients, ten),
        cold: whenCold(clients, ten),
      };
      for (const { part, layout, state } of all) {
        const when = state === "known" ? whenKnown : whenCold;
        sides[nameOf(part, layout, state)] = when(
          clients,
          (store) => read(part, store, layout),
        );
      }
      bench.progress("reading");
      const taken = await timeEach(scale.pick(100, 1_000), sides);
      for (const { part, layout, state } of all) {
        const name = nameOf(part, layout, state);
        bench.row({
          name,
          unit: "ms",
          figure: percentile(taken[name]!, 0.5),
          reference: {
            name: `10 of 10, ${state}`,
            figure: percentile(taken[state]!, 0.5),
          },
          targets: [ratioAtMost(part === "10 in the middle" ? 8 : 3)],
        });
      }
    },
  };
}

/** Whole histories, beside a bare batch get and a consumer of nats.js. */
export function whole(scale: Scale): Measurement {
  const events = TEN_THOUSAND.toLocaleString("en-US");
  const batch = `${events} events, beside a bare batch get`;
  const consumer = `${events} events, beside an ordered consumer`;
  const bareRow =
    `${events} events, a bare batch get beside an ordered consumer`;
  const receivedRow = `${events} events, a bare batch get that is not read`;
  return {
    rows: [batch, consumer, bareRow, receivedRow],
    async run(bench) {
      const { stream, known, bare } = await readClients(bench);
      const { servers, namespace } = stream;
      const connection = await servers.connect();
      const actor = "ten-thousand";
      const rate = (read: () => Promise<number>) => async () => {
        let began = 0;
        for (let i = 0; i < READS; i++) {
          if (i === 1) began = performance.now();
          const count = await read();
          if (count !== TEN_THOUSAND) throw new Error(`Read ${count} events`);
        }
        const each = (performance.now() - began) / (READS - 1);
        return TEN_THOUSAND / each * 1000;
      };
      const taken = await takeTurns(scale.pick(3, 15), {
        store: rate(async () => (await known.getEvents(actor)).length),
        bare: rate(async () => (await bare.batch(actor, TEN_THOUSAND)).length),
        received: rate(() => bare.received(actor, TEN_THOUSAND)),
        consumer: rate(() =>
          consume(connection, namespace, actor, TEN_THOUSAND)
        ),
      }, bench.progress);
      const { median: figure, cpu } = taken.store;
      const unit = "events/s";
      bench.row({
        name: batch,
        unit,
        figure,
        reference: against("bare batch get and JSON.parse", taken.bare),
        targets: [ratioAtLeast(0.8)],
        cpu,
      });
      bench.row({
        name: consumer,
        unit,
        figure,
        reference: against("ordered consumer of nats.js", taken.consumer),
        targets: [ratioAtLeast(3)],
        cpu,
      });
      bench.row({
        name: bareRow,
        unit,
        figure: taken.bare.median,
        reference: against("ordered consumer of nats.js", taken.consumer),
        cpu: taken.bare.cpu,
        note: "one request for all of them, each parsed and nothing checked",
      });
      bench.row({
        name: receivedRow,
        unit,
        figure: taken.received.median,
        reference: against("ordered consumer of nats.js", taken.consumer),
        cpu: taken.received.cpu,
        note: "one request for all of them, of which nats.js hands over each",
      });
    },
  };
}
