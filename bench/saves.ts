/**
 * Saves on one server, where each goes alone.
 *
 * @module
 */

import { BareClient } from "./_bare_client.ts";
import { deploy } from "./_deployment.ts";
import {
  type Measurement,
  ratioAtLeast,
  ratioAtMost,
  type Scale,
  type Theme,
} from "./_harness.ts";
import { MadeBefore, MessageMaker } from "./_messages.ts";
import { framesOf, RawSocket } from "./_raw_socket.ts";
import { savedAgain } from "./_saves_again.ts";
import {
  Actors,
  byBareRequest,
  byPublish,
  byStore,
  lastSequence,
} from "./_savers.ts";
import {
  against,
  collectGarbage,
  percentile,
  rateOf,
  takeTurns,
  timeEach,
} from "./_timing.ts";

/** How many actors each client saves events of. */
const ACTORS = 1_000;

/** One save after the other. */
function oneInFlight(scale: Scale): Measurement {
  const bare = "one in flight, beside a bare request";
  const publish = "one in flight, beside js.publish";
  return {
    rows: [bare, publish],
    async run(bench) {
      const servers = await deploy(bench, "one server");
      const namespace = servers.namespace();
      const store = await servers.open({ namespace });
      const client = new BareClient(await servers.connect());
      const savers = {
        store: byStore(store, new Actors("a", ACTORS)),
        bare: byBareRequest(client, namespace, new Actors("b", ACTORS)),
        publish: byPublish(
          await servers.connect(),
          namespace,
          new Actors("c", ACTORS),
        ),
      };
      bench.progress("making the actors known");
      for (const save of Object.values(savers)) await rateOf(ACTORS, 100, save);
      const next = { store: 0, bare: 0, publish: 0 };
      bench.progress("saving");
      const taken = await timeEach(scale.pick(1_500, 20_000), {
        store: { run: () => savers.store(next.store++) },
        bare: { run: () => savers.bare(next.bare++) },
        publish: { run: () => savers.publish(next.publish++) },
      });
      const figure = percentile(taken.store, 0.5);
      const beside = (name: string, side: "bare" | "publish") => ({
        name,
        figure: percentile(taken[side], 0.5),
      });
      bench.row({
        name: bare,
        unit: "ms",
        figure,
        reference: beside("bare request", "bare"),
        targets: [ratioAtMost(1.15)],
      });
      bench.row({
        name: publish,
        unit: "ms",
        figure,
        reference: beside("js.publish", "publish"),
        targets: [ratioAtMost(1)],
      });
    },
  };
}

/** Many at a time. */
function manyInFlight(scale: Scale): Measurement {
  const inFlight = 500;
  const publish = `${inFlight} in flight, beside js.publish`;
  const raw = `${inFlight} in flight, beside a raw socket`;
  const bare = `${inFlight} in flight, beside a bare request`;
  const madeBefore = `requests made before, ${inFlight} in flight`;
  const count = scale.pick(12_000, 60_000);
  return {
    rows: [publish, raw, bare, madeBefore],
    async run(bench) {
      const servers = await deploy(bench, "one server");
      const namespace = servers.namespace();
      const store = await servers.open({ namespace });
      const connection = await servers.connect();
      const save = byStore(store, new Actors("a", ACTORS));
      const send = byPublish(connection, namespace, new Actors("b", ACTORS));
      const messages = new MessageMaker(namespace, "c", ACTORS);
      const make = async () =>
        messages.make(count, await lastSequence(connection, namespace), 1);
      const client = new BareClient(await servers.connect());
      const ask = byBareRequest(
        client,
        namespace,
        new Actors("d", ACTORS),
        false,
      );
      await using socket = await RawSocket.connect(servers.url);
      const taken = await takeTurns(scale.pick(3, 9), {
        store: () => rateOf(count, inFlight, save),
        publish: () => rateOf(count, inFlight, send),
        bare: () => rateOf(count, inFlight, ask),
        raw: async () => {
          const frames = framesOf(await make());
          collectGarbage();
          return await socket.rate(frames, inFlight);
        },
        made: async () => {
          const made = new MadeBefore(client, await make(), 1);
          collectGarbage();
          return await rateOf(count, inFlight, (i) => made.send(i));
        },
      }, bench.progress);
      const { median: figure, cpu } = taken.store;
      const unit = "events/s";
      bench.row({
        name: publish,
        unit,
        figure,
        reference: against("js.publish", taken.publish),
        targets: [ratioAtLeast(2.5)],
        cpu,
      });
      bench.row({
        name: raw,
        unit,
        figure,
        reference: { name: "raw socket", figure: taken.raw.median },
        targets: [ratioAtLeast(0.7)],
        cpu,
      });
      bench.row({
        name: bare,
        unit,
        figure,
        reference: against("bare request", taken.bare),
        cpu,
        note: "the same events, and the same headers but for hints",
      });
      bench.row({
        name: madeBefore,
        unit,
        figure: taken.made.median,
        reference: { name: "raw socket", figure: taken.raw.median },
        note: "over nats.js, what the store sends, with nothing to check, " +
          "encode or remember but who waits for which reply",
      });
    },
  };
}

/** Saves, each on its own. */
export function saves(scale: Scale): Theme {
  return {
    name: "saves",
    measurements: [
      oneInFlight(scale),
      manyInFlight(scale),
      savedAgain(scale),
    ],
  };
}
