/**
 * The versions of many actors, saves beside readers, and a history too long
 * to be held in memory.
 *
 * @module
 */

import { BareClient } from "./_bare_client.ts";
import { deploy, type OrderStore } from "./_deployment.ts";
import { actorNames } from "./_events.ts";
import { BareReader } from "./_getters.ts";
import {
  figureAtMost,
  type Measurement,
  ratioAtMost,
  type Scale,
} from "./_harness.ts";
import { readClients } from "./_read_stream.ts";
import { Readers } from "./_readers.ts";
import { Actors, byBareRequest, byStore } from "./_savers.ts";
import { saveAll } from "./_streams.ts";
import { collectGarbage, percentile, rateOf, timeEach } from "./_timing.ts";

/** The latest versions of 1,000 actors: how many requests, how long. */
export function latestVersions(scale: Scale): Measurement {
  const requests = "getLatestVersions of 1,000 actors, requests";
  const time = "getLatestVersions of 1,000 actors";
  return {
    rows: [requests, time],
    async run(bench) {
      const { stream, bare } = await readClients(bench);
      const { servers, namespace } = stream;
      const connection = await servers.connect();
      const options = { namespace, cachedActors: 1 };
      const store = await servers.open(options, connection);
      const actors = actorNames(1_000, "filler-");
      const before = connection.stats().outMsgs;
      await store.getLatestVersions(actors);
      bench.row({
        name: requests,
        unit: "requests",
        figure: connection.stats().outMsgs - before,
        targets: [figureAtMost(2)],
      });
      const taken = await timeEach(scale.pick(20, 200), {
        store: { run: () => store.getLatestVersions(actors) },
        bare: { run: () => bare.last(actors) },
      });
      bench.row({
        name: time,
        unit: "ms",
        figure: percentile(taken.store, 0.5),
        reference: {
          name: "bare multi_last and JSON.parse",
          figure: percentile(taken.bare, 0.5),
        },
        note: "no actor known",
      });
    },
  };
}

/** Saves beside four readers of long histories. */
export function besideReaders(scale: Scale): Measurement {
  const count = scale.pick(150, 10_000);
  const p99 = "save beside four readers, p99";
  const median = "save beside four readers, median";
  const actors = 1_000;
  return {
    rows: [p99, median],
    async run(bench) {
      const { stream } = await readClients(bench);
      const { servers, namespace } = stream;
      const store = await servers.open({ namespace });
      const client = new BareClient(await servers.connect());
      const save = byStore(store, new Actors("a", actors));
      const request = byBareRequest(
        client,
        namespace,
        new Actors("b", actors),
      );
      await rateOf(actors, 100, save);
      await rateOf(actors, 100, request);
      const { url } = servers;
      using readers = await Readers.start(4, { url, namespace, actor: "even" });
      let [i, k] = [0, 0];
      bench.progress("saving");
      const began = performance.now();
      const before = readers.events;
      const taken = await timeEach(count, {
        store: { run: () => save(i++) },
        bare: { run: () => request(k++) },
      });
      const seconds = (performance.now() - began) / 1000;
      const read = (readers.events - before) / seconds;
      for (
        const [name, share] of [[p99, 0.99], [median, 0.5]] as const
      ) {
        bench.row({
          name,
          unit: "ms",
          figure: percentile(taken.store, share),
          reference: {
            name: "bare request",
            figure: percentile(taken.bare, share),
          },
          targets: name === p99 ? [ratioAtMost(1.3)] : undefined,
          note: `the readers took ${Math.round(read / 1000)}k events/s`,
        });
      }
    },
  };
}

const MILLION = 1_000_000;

/** An actor of a million events, read one by one. */
export function million(): Measurement {
  const first = (state: string) =>
    `first event of 1,000,000 by readEvents, ${state}`;
  const growth = "heap after 1,000,000 events by readEvents";
  return {
    rows: [first("known"), first("cold"), growth],
    onlyFull: true,
    async run(bench) {
      const servers = await deploy(bench, "one server");
      const namespace = servers.namespace();
      const known = await servers.open({ namespace });
      await saveAll(known, MILLION, () => "long", bench.progress);
      const cold = await servers.open({ namespace, cachedActors: 1 });
      const client = new BareClient(await servers.connect());
      const bare = new BareReader(client, namespace);
      const firstOf = async (store: OrderStore) => {
        for await (const event of store.readEvents("long")) return event;
      };
      bench.progress("reading the first event");
      const taken = await timeEach(300, {
        known: { run: () => firstOf(known) },
        cold: {
          before: () => cold.getLatestVersion("other"),
          run: () => firstOf(cold),
        },
        bare: { run: () => bare.first("long") },
      });
      for (const state of ["known", "cold"] as const) {
        bench.row({
          name: first(state),
          unit: "ms",
          figure: percentile(taken[state], 0.5),
          reference: {
            name: "one bare request",
            figure: percentile(taken.bare, 0.5),
          },
          targets: [ratioAtMost(2)],
        });
      }
      let count = 0;
      let start = 0;
      let most = 0;
      for await (const _ of known.readEvents("long")) {
        if (++count % 10_000 !== 0) continue;
        if (count % 100_000 === 0) bench.progress(`reading: ${count}`);
        collectGarbage();
        const { heapUsed, external } = Deno.memoryUsage();
        if (count === 10_000) start = heapUsed + external;
        most = Math.max(most, heapUsed + external);
      }
      bench.row({
        name: growth,
        unit: "MB",
        figure: most / 1e6,
        reference: { name: "after 10,000", figure: start / 1e6 },
        targets: [ratioAtMost(1.2)],
        note: "the most there was at 100 looks on the way",
      });
    },
  };
}
