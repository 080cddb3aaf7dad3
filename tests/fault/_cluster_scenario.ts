import { assert } from "@std/assert";
import type { JetStreamEventStoreOptions } from "../../store/jetstream/jetstream_event_store.ts";
import type { Random } from "../support/history/random.ts";
import type { NatsCluster } from "../support/nats_cluster.ts";
import { Scenario } from "./_scenario.ts";

const NAMESPACE = "cluster";

/** The stream of the store. */
export const STREAM = "AETHER_cluster";

/** What is not remembered has to be found out from servers that may lag. */
export const FORGETFUL: JetStreamEventStoreOptions = { cachedActors: 5 };

/** The servers' addresses, those of one first. */
function urlsFrom({ urls }: NatsCluster, first: number): string[] {
  return urls.map((_, i) => urls[(first + i) % urls.length]!);
}

/** Writers on all servers, a reader on two of them, on three replicas. */
export async function startOn(
  cluster: NatsCluster,
  random: Random,
  options: JetStreamEventStoreOptions = {},
): Promise<Scenario> {
  const at = (first: number) => urlsFrom(cluster, first);
  const scenario = await Scenario.start({
    random,
    namespace: NAMESPACE,
    // The store of a client bears the place of its server in its name.
    writers: { w0: at(0), w1: at(1), w2: at(2), v0: at(0) },
    readers: { r1: at(1), r2: at(2) },
    writing: { inFlight: 40, actors: 40 },
    // A client can't tell that its own server stands still: it waits.
    store: { replicas: 3, readTimeout: 20_000, ...options },
  });
  await scenario.progress(50);
  return scenario;
}

/** Waits until all goes on and all servers know the same, and checks. */
export async function finishOn(
  cluster: NatsCluster,
  scenario: Scenario,
  lag: [number, number][] = [],
): Promise<void> {
  await scenario.progress(50);
  await cluster.waitForPeers();
  await cluster.waitForCurrent(STREAM);
  const { outcomes } = await scenario.finish(cluster, { lag });
  assert(outcomes.has("saveEvent success"));
  assert(outcomes.has("saveEvent conflict"));
}
