/**
 * The stream that reads are measured on, and clients that read from it.
 *
 * @module
 */

import { BareClient } from "./_bare_client.ts";
import { deploy, type OrderStore } from "./_deployment.ts";
import { BareReader } from "./_getters.ts";
import type { Bench } from "./_harness.ts";
import { buildStream, type ReadStream } from "./_streams.ts";
import type { Timed } from "./_timing.ts";

/** Who reads. */
export interface ReadClients {
  readonly stream: ReadStream;
  /** Remembers the actors it has read. */
  readonly known: OrderStore;
  /** Remembers one actor only. */
  readonly cold: OrderStore;
  readonly bare: BareReader;
}

/** The stream, built once a theme. */
export async function readStream(bench: Bench): Promise<ReadStream> {
  const servers = await deploy(bench, "one server");
  return await bench.shared(
    "stream",
    () => buildStream(servers, bench.scale, bench.progress),
  );
}

/** Clients of the stream, each on a connection of its own. */
export async function readClients(bench: Bench): Promise<ReadClients> {
  const stream = await readStream(bench);
  const { servers, namespace } = stream;
  return {
    stream,
    known: await servers.open({ namespace }),
    cold: await servers.open({ namespace, cachedActors: 1 }),
    bare: new BareReader(
      new BareClient(await servers.connect()),
      namespace,
    ),
  };
}

/** A read by a store that knows the actors once it has read them. */
export function whenKnown(
  { known }: ReadClients,
  read: (store: OrderStore) => Promise<unknown>,
): Timed {
  return { run: () => read(known) };
}

/** The same read by a store that has forgotten the actor meanwhile. */
export function whenCold(
  { cold }: ReadClients,
  read: (store: OrderStore) => Promise<unknown>,
): Timed {
  return {
    before: () => cold.getLatestVersion("filler-0"),
    run: () => read(cold),
  };
}
