/**
 * Event-sourced actors on a cluster, beside bare saves and reads.
 *
 * @module
 */

import { JetStreamEventStore } from "@flowmade-one/aether";
import {
  type ActorDefinition,
  type Actors as Addresses,
  ClusterManager,
} from "@flowmade-one/aether/cluster";
import { deploy, type Deployment } from "./_deployment.ts";
import { actorNames } from "./_events.ts";
import {
  type Bench,
  type Measurement,
  ratioAtLeast,
  type Scale,
  type Theme,
} from "./_harness.ts";
import { CLUSTER, type Counted, countersIn } from "./_host.ts";
import { Actors, byStore } from "./_savers.ts";
import {
  against,
  collectGarbage,
  percentile,
  rateOf,
  takeTurns,
  timeEach,
} from "./_timing.ts";

const ACTORS = 1_000;
const IN_FLIGHT = 500;

/** A store of counters in a namespace, on a connection of its own. */
async function openCounters(
  stack: AsyncDisposableStack,
  servers: Deployment,
  namespace: string,
): Promise<JetStreamEventStore<Counted>> {
  const nc = await servers.connect();
  return stack.use(await JetStreamEventStore.open<Counted>(nc, { namespace }));
}

/** Counters that this process owns. */
async function hostHere(
  stack: AsyncDisposableStack,
  servers: Deployment,
  definition: ActorDefinition<number, number>,
): Promise<Addresses<number, number>> {
  const cluster = servers.namespace();
  const options = { ...CLUSTER, cluster };
  const manager = new ClusterManager(await servers.connect(), options);
  stack.use(manager);
  const counters = manager.host("counter", definition);
  await manager.start();
  await manager.ready;
  return counters;
}

/** Counters that another process owns. */
async function hostElsewhere(
  stack: AsyncDisposableStack,
  servers: Deployment,
  store: JetStreamEventStore<Counted>,
  namespace: string,
): Promise<Addresses<number, number>> {
  const cluster = servers.namespace();
  const options = {
    ...CLUSTER,
    cluster,
    role: "client",
    create: true,
  } as const;
  const manager = new ClusterManager(await servers.connect(), options);
  stack.use(manager);
  await manager.start();
  const script = new URL("./_host.ts", import.meta.url).pathname;
  // By a shell, as servers are started: that needs no further right to run.
  const child = new Deno.Command("/bin/sh", {
    args: [
      ...["-c", 'exec "$@"', "sh", Deno.execPath(), "run", "-q"],
      ...["-P=examples", script, servers.url, namespace, cluster],
    ],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  stack.defer(async () => {
    await child.stdin.close();
    await child.stdout.cancel();
    await child.status;
  });
  const reader = child.stdout.getReader();
  await reader.read();
  reader.releaseLock();
  await manager.ready;
  return manager.actors("counter", countersIn(store));
}

/** Counters here and elsewhere, and a store to compare them with. */
async function openBoth(stack: AsyncDisposableStack, bench: Bench) {
  const servers = await deploy(bench, "one server");
  const namespace = servers.namespace();
  const store = await openCounters(stack, servers, namespace);
  return {
    store: await servers.open({ namespace: servers.namespace() }),
    local: await hostHere(stack, servers, countersIn(store)),
    remote: await hostElsewhere(stack, servers, store, namespace),
  };
}

/** One command after the other on one actor that is in memory. */
function oneInFlight(scale: Scale): Measurement {
  const nameOf = (where: string) =>
    `command to an owner ${where}, one in flight`;
  const [here, elsewhere] = [nameOf("here"), nameOf("elsewhere")];
  return {
    rows: [here, elsewhere],
    async run(bench) {
      await using stack = new AsyncDisposableStack();
      const { store, local, remote } = await openBoth(stack, bench);
      const save = byStore(store, new Actors("saved", 1));
      const taken = await timeEach(scale.pick(1_500, 20_000), {
        save: { run: () => save(0) },
        local: { run: () => local.request("local", 1) },
        remote: { run: () => remote.request("remote", 1) },
      });
      const reference = {
        name: "saveEvent",
        figure: percentile(taken.save, 0.5),
      };
      for (
        const [name, times] of [
          [here, taken.local],
          [elsewhere, taken.remote],
        ] as const
      ) {
        const figure = percentile(times, 0.5);
        bench.row({ name, unit: "ms", figure, reference });
      }
    },
  };
}

/** Many commands at a time, on many actors that are in memory. */
function manyInFlight(scale: Scale): Measurement {
  const nameOf = (where: string) =>
    `command to an owner ${where}, ${IN_FLIGHT} in flight on ${ACTORS} actors`;
  const [here, elsewhere] = [nameOf("here"), nameOf("elsewhere")];
  const count = scale.pick(12_000, 60_000);
  return {
    rows: [here, elsewhere],
    async run(bench) {
      await using stack = new AsyncDisposableStack();
      const { store, local, remote } = await openBoth(stack, bench);
      const save = byStore(store, new Actors("saved", ACTORS));
      const [mine, others] = ["mine-", "other-"].map((prefix) =>
        actorNames(ACTORS, prefix)
      );
      const taken = await takeTurns(scale.pick(3, 9), {
        local: () =>
          rateOf(
            count,
            IN_FLIGHT,
            (i) => local.request(mine![i % ACTORS]!, 1),
          ),
        remote: () =>
          rateOf(
            count,
            IN_FLIGHT,
            (i) => remote.request(others![i % ACTORS]!, 1),
          ),
        save: () => rateOf(count, IN_FLIGHT, save),
      }, bench.progress);
      const reference = against("saveEvent", taken.save);
      bench.row({
        name: here,
        unit: "commands/s",
        figure: taken.local.median,
        reference,
        targets: [ratioAtLeast(0.8)],
        cpu: taken.local.cpu,
      });
      bench.row({
        name: elsewhere,
        unit: "commands/s",
        figure: taken.remote.median,
        reference,
        cpu: taken.remote.cpu,
      });
    },
  };
}

/** The first request of an actor that is not in memory. */
function activations(scale: Scale): Measurement {
  const lengths = [10, 10_000];
  const nameOf = (length: number, how: string) =>
    `activation of an actor of ${length} events, ${how}`;
  const hows = ["from its events", "from a snapshot 5 events old"] as const;
  return {
    rows: lengths.flatMap((length) => hows.map((how) => nameOf(length, how))),
    async run(bench) {
      await using stack = new AsyncDisposableStack();
      const servers = await deploy(bench, "one server");
      const store = await openCounters(stack, servers, servers.namespace());
      const snapshots = { every: 1_000_000, schema: "1" };
      const never = { maxActive: 0 };
      const plain = await hostHere(stack, servers, countersIn(store, never));
      const kept = await hostHere(
        stack,
        servers,
        countersIn(store, { ...never, snapshots }),
      );
      for (const length of lengths) {
        const actorId = `cold-${length}`;
        const draft = {
          eventType: "Counted" as const,
          data: { by: 1, total: 99.99, items: 3, note: "at the" },
        };
        for (let at = 0; at < length; at += 500) {
          const size = Math.min(500, length - at);
          await store.append(
            actorId,
            Array.from({ length: size }, () => draft),
          );
        }
        await store.saveSnapshot({
          actorId,
          version: length - 5,
          state: { state: length - 5, commands: [] },
          timestamp: new Date().toISOString(),
          schema: `decider:${snapshots.schema}`,
        });
        const taken = await timeEach(
          length > 1_000 ? scale.pick(20, 100) : scale.pick(200, 1_000),
          {
            plain: { run: () => plain.request(actorId, 0) },
            kept: { run: () => kept.request(actorId, 0) },
            read: { run: () => store.getEvents(actorId) },
          },
        );
        const reference = {
          name: "getEvents",
          figure: percentile(taken.read, 0.5),
        };
        for (
          const [how, times] of [
            [hows[0], taken.plain],
            [hows[1], taken.kept],
          ] as const
        ) {
          const figure = percentile(times, 0.5);
          bench.row({
            name: nameOf(length, how),
            unit: "ms",
            figure,
            reference,
          });
        }
      }
    },
  };
}

/** What actors in memory take of it. */
function activeActors(): Measurement {
  const count = 100_000;
  const name = "heap of 100,000 active actors";
  return {
    rows: [name],
    async run(bench) {
      await using stack = new AsyncDisposableStack();
      const servers = await deploy(bench, "one server");
      const store = await openCounters(stack, servers, servers.namespace());
      const counters = await hostHere(stack, servers, countersIn(store));
      const names = actorNames(count);
      const heap = () => {
        collectGarbage();
        const { heapUsed, external } = Deno.memoryUsage();
        return (heapUsed + external) / 1e6;
      };
      await counters.request("first", 1);
      const before = heap();
      await rateOf(count, IN_FLIGHT, (i) => counters.request(names[i]!, 1));
      const figure = heap() - before;
      bench.row({
        name,
        unit: "MB",
        figure,
        note: `${Math.round(figure * 1e6 / count)} bytes an actor: ` +
          "its state is a number, and the store's knowledge of it is included",
      });
    },
  };
}

/** Event-sourced actors. */
export function hosts(scale: Scale): Theme {
  return {
    name: "hosts",
    measurements: [
      oneInFlight(scale),
      manyInFlight(scale),
      activations(scale),
      activeActors(),
    ],
  };
}
