/**
 * Events/s against saves in flight: what the picture shows.
 *
 * @module
 */

import { deploy, type Deployment, type Kind } from "./_deployment.ts";
import type { Bench, Measurement, Scale, Theme } from "./_harness.ts";
import { MessageMaker } from "./_messages.ts";
import { framesOf, RawSocket } from "./_raw_socket.ts";
import {
  Actors,
  byPublish,
  byStore,
  lastSequence,
  type Saver,
} from "./_savers.ts";
import { against, rateOf, type Sample, takeTurns } from "./_timing.ts";

/** Whom the picture has a line for, in the order of its legend. */
export const CLIENTS = [
  "js.publish",
  "this store",
  "this store without grouping",
  "raw socket",
] as const;

/** What the picture has a panel for. */
export const KINDS: readonly Kind[] = ["one server", "three replicas"];

/** Where the lines have their points. */
export const IN_FLIGHT = [1, 10, 50, 100, 500, 1_000] as const;

type Client = typeof CLIENTS[number];

/** Four times as many as are in flight at most: no save waits for another. */
const ACTORS = 4_000;

const nameOf = (kind: Kind, client: Client, inFlight: number) =>
  `${kind}, ${inFlight} in flight, ${client}`;

/** So many saves a turn, which takes half a second or so. */
function countOf(inFlight: number, scale: Scale): number {
  const count = inFlight === 1 ? 1_000 : Math.min(10_000, inFlight * 250);
  return count * scale.pick(1, 3);
}

/** Makes the clients, and their actors known to them. */
async function makeClients(
  bench: Bench,
  servers: Deployment,
): Promise<
  Record<Client, (count: number, inFlight: number) => Promise<number>>
> {
  const namespace = servers.namespace();
  const connection = await servers.connect();
  const own = await servers.open({ namespace });
  const alone = await servers.open({ namespace, groupSaves: false });
  const socket = await bench.shared(
    `socket to ${servers.url}`,
    () => RawSocket.connect(servers.url),
  );
  const messages = new MessageMaker(namespace, "raw", ACTORS);
  const by = async (save: Saver) => {
    await rateOf(ACTORS, 500, save);
    return (count: number, inFlight: number) => rateOf(count, inFlight, save);
  };
  return {
    "js.publish": await by(
      byPublish(connection, namespace, new Actors("js", ACTORS)),
    ),
    "this store": await by(byStore(own, new Actors("own", ACTORS))),
    "this store without grouping": await by(
      byStore(alone, new Actors("alone", ACTORS)),
    ),
    "raw socket": async (count, inFlight) => {
      const after = await lastSequence(connection, namespace);
      const made = messages.make(count, after, 1);
      return await socket.rate(framesOf(made), inFlight);
    },
  };
}

/** All clients, with one number of saves in flight after the other. */
function clients(kind: Kind, scale: Scale): Measurement {
  return {
    rows: IN_FLIGHT.flatMap((inFlight) =>
      CLIENTS.map((client) => nameOf(kind, client, inFlight))
    ),
    async run(bench) {
      const servers = await deploy(bench, kind);
      bench.progress("making the actors known");
      const all = await makeClients(bench, servers);
      for (const inFlight of IN_FLIGHT) {
        const count = countOf(inFlight, scale);
        const sides = Object.fromEntries(
          CLIENTS.map((client) => [client, () => all[client](count, inFlight)]),
        ) as Record<Client, () => Promise<number>>;
        const taken = await takeTurns(
          scale.pick(3, 5),
          sides,
          (text) => bench.progress(`${inFlight} in flight, ${text}`),
        );
        for (const client of CLIENTS) {
          bench.row(rowOf(kind, client, inFlight, taken));
        }
      }
    },
  };
}

function rowOf(
  kind: Kind,
  client: Client,
  inFlight: number,
  taken: Readonly<Record<Client, Sample>>,
) {
  return {
    name: nameOf(kind, client, inFlight),
    unit: "events/s",
    figure: taken[client].median,
    reference: client === "js.publish"
      ? undefined
      : against("js.publish", taken["js.publish"]),
    // What the raw socket writes is made in this process, too.
    cpu: client === "raw socket" ? undefined : taken[client].cpu,
    point: { kind, client, inFlight },
  };
}

/** Saves with ever more of them in flight. */
export function inFlight(scale: Scale): Theme {
  return {
    name: "in-flight",
    onlyFull: true,
    measurements: KINDS.map((kind) => clients(kind, scale)),
  };
}
