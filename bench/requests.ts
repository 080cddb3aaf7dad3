/**
 * Requests to actors, beside timers and nats.js.
 *
 * @module
 */

import { type Actors, ClusterManager } from "@flowmade-one/aether/cluster";
import { deploy } from "./_deployment.ts";
import { echoesOf, SUBJECT } from "./_echo.ts";
import { orderPlaced } from "./_events.ts";
import {
  type Bench,
  type Measurement,
  ratioAtLeast,
  ratioAtMost,
  type Scale,
  type Theme,
} from "./_harness.ts";
import { CLUSTER } from "./_host.ts";
import { against, rateOf, type Sample, takeTurns } from "./_timing.ts";

const ACTORS = 1_000;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Some 200 bytes of JSON. */
const payload = orderPlaced("order-1", 1);

/** The same with a timer of its own, as requests are usually timed out. */
function withTimer(actors: Actors<unknown, unknown>): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error("too late")), 5_000);
    actors.request("actor-1", payload).then((reply) => {
      clearTimeout(timer);
      resolve(reply);
    }, reject);
  });
}

/** Has timers run from time to time: without them the node loses its lease. */
function breathing(
  ask: () => Promise<unknown>,
): (i: number) => Promise<unknown> {
  return (i) =>
    i % 10_000 === 0 ? new Promise((resolve) => setTimeout(resolve)) : ask();
}

/** Requests to an actor of the own node. */
function local(scale: Scale): Measurement {
  const name = "request to an owner here, one in flight";
  const count = scale.pick(100_000, 300_000);
  return {
    rows: [name],
    async run(bench) {
      await using manager = ClusterManager.local({ cluster: "bench" });
      const actors = echoesOf(manager);
      await manager.start();
      await manager.ready;
      const ask = () => actors.request("actor-1", payload);
      const taken = await takeTurns(scale.pick(3, 9), {
        own: () => rateOf(count, 1, breathing(ask)),
        timer: () => rateOf(count, 1, breathing(() => withTimer(actors))),
      }, bench.progress);
      bench.row({
        name,
        unit: "requests/s",
        figure: taken.own.median,
        reference: against("the same with a setTimeout", taken.timer),
        targets: [ratioAtLeast(1.4)],
        cpu: taken.own.cpu,
      });
    },
  };
}

/** A process that answers, as an actor and by nats.js alone. */
async function openRemote(stack: AsyncDisposableStack, bench: Bench) {
  const servers = await deploy(bench, "one server");
  const cluster = servers.namespace();
  const manager = stack.use(
    new ClusterManager(await servers.connect(), {
      ...CLUSTER,
      cluster,
      role: "client",
      create: true,
    }),
  );
  await manager.start();
  const script = new URL("./_echo.ts", import.meta.url).pathname;
  // By a shell, as servers are started: that needs no further right to run.
  const child = new Deno.Command("/bin/sh", {
    args: [
      ...["-c", 'exec "$@"', "sh", Deno.execPath(), "run", "-q"],
      ...["-P=examples", script, servers.url, cluster],
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
  const actors = manager.actors("echo");
  const nc = await servers.connect();
  const ids = Array.from({ length: ACTORS }, (_, i) => `actor-${i}`);
  return {
    own: (i: number) => actors.request(ids[i % ACTORS]!, payload),
    // Of the same bytes, and read as well.
    plain: async () => {
      const bytes = encoder.encode(JSON.stringify(payload));
      const reply = await nc.request(SUBJECT, bytes, { timeout: 5_000 });
      return JSON.parse(decoder.decode(reply.data));
    },
  };
}

const cpuOf = ({ cpu, median }: Sample) => cpu / median * 1e6;

/** Requests to actors of another node, beside nats.js' own requests. */
function remote(
  scale: Scale,
  inFlight: number,
  targets: { rate: number; cpu?: number },
): Measurement {
  const how = inFlight === 1 ? "one in flight" : `${inFlight} in flight`;
  const name = `request to an owner elsewhere, ${how}`;
  const cpu = `CPU of a request to an owner elsewhere, ${how}`;
  const count = inFlight === 1
    ? scale.pick(5_000, 30_000)
    : scale.pick(30_000, 200_000);
  return {
    rows: [name, cpu],
    async run(bench) {
      await using stack = new AsyncDisposableStack();
      const { own, plain } = await openRemote(stack, bench);
      const taken = await takeTurns(scale.pick(3, 9), {
        own: () => rateOf(count, inFlight, own),
        plain: () => rateOf(count, inFlight, plain),
      }, bench.progress);
      bench.row({
        name,
        unit: "requests/s",
        figure: taken.own.median,
        reference: against("nats.js request", taken.plain),
        targets: [ratioAtLeast(targets.rate)],
        cpu: taken.own.cpu,
      });
      bench.row({
        name: cpu,
        unit: "us",
        figure: cpuOf(taken.own),
        reference: { name: "nats.js request", figure: cpuOf(taken.plain) },
        ...targets.cpu !== undefined && { targets: [ratioAtMost(targets.cpu)] },
      });
    },
  };
}

/** Requests to actors. */
export function requests(scale: Scale): Theme {
  return {
    name: "requests",
    measurements: [
      local(scale),
      remote(scale, 1, { rate: 1 }),
      remote(scale, 500, { rate: 1.5, cpu: 0.35 }),
    ],
  };
}
