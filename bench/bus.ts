/**
 * The buses: in process beside EventTarget and a bare queue, across processes
 * beside bare nats.js, and stores that tell a bus what they stored.
 *
 * @module
 */

import {
  createEvent,
  EventBus,
  InMemoryEventStore,
  NatsEventBus,
} from "@flowmade-one/aether";
import type { NatsConnection } from "@nats-io/nats-core";
import { read } from "./_deliveries.ts";
import { deploy } from "./_deployment.ts";
import { actorNames, type OrderPlaced, orderPlaced } from "./_events.ts";
import {
  figureAtLeast,
  type Measurement,
  ratioAtLeast,
  ratioAtMost,
  type Scale,
  type Theme,
} from "./_harness.ts";
import { Isolate } from "./_isolate.ts";
import { against, rateOf, takeTurns } from "./_timing.ts";

const UNIT = "deliveries/s";

/** How many events there are, which are published in turn. */
const EVENTS = 1_000;

const events: readonly OrderPlaced[] = actorNames(EVENTS).map((actorId, i) =>
  createEvent(orderPlaced(actorId, i + 1))
);

const DELIVERIES = import.meta.resolve("./_deliveries.ts");

interface InProcess {
  readonly subscribers: number;
  readonly count: number;
  readonly least: number;
}

function inProcess(
  { subscribers, count, least }: InProcess,
  turns: number,
): Measurement {
  const to = subscribers === 1
    ? "1 subscriber"
    : `${subscribers.toLocaleString("en-US")} subscribers`;
  const beside = `in process, to ${to}, beside a bare queue`;
  const target = `in process, to ${to}, beside EventTarget`;
  return {
    rows: [beside, target],
    async run(bench) {
      using threads = new DisposableStack();
      const side = (name: string) => {
        const isolate = threads.use(new Isolate());
        return () => isolate.run(DELIVERIES, name, subscribers, count);
      };
      const { own, queue, listeners } = await takeTurns(turns, {
        own: side("onBus"),
        queue: side("onQueues"),
        listeners: side("onEventTarget"),
      }, bench.progress);
      const targets = [figureAtLeast(least)];
      const common = { unit: UNIT, figure: own.median, cpu: own.cpu, targets };
      bench.row({
        name: beside,
        reference: against("bare queue", queue),
        ...common,
      });
      bench.row({
        name: target,
        reference: against("EventTarget", listeners),
        ...common,
      });
    },
  };
}

/** What a publish costs when others have subscribed elsewhere. */
function amongOthers(scale: Scale): Measurement {
  const name = "publish, 10,000 subscriptions of other namespaces";
  const count = scale.pick(100_000, 1_000_000);
  const side = (others: number) => {
    const bus = new EventBus<OrderPlaced>();
    for (let i = 0; i < others; i++) {
      bus.subscribe(i % 2 === 0 ? `other-${i}` : `other-${i}.*`);
    }
    bus.subscribe("orders", { overflow: "drop-oldest" });
    return () => {
      const began = performance.now();
      for (let i = 0; i < count; i++) {
        bus.publish("orders", events[i % EVENTS]!);
      }
      const nanoseconds = (performance.now() - began) * 1e6 / count;
      return Promise.resolve(nanoseconds);
    };
  };
  return {
    rows: [name],
    async run(bench) {
      const sides = { many: side(10_000), none: side(0) };
      const turns = scale.pick(3, 15);
      const { many, none } = await takeTurns(turns, sides, bench.progress);
      bench.row({
        name,
        unit: "ns",
        figure: many.median,
        reference: against("no others", none),
        targets: [ratioAtMost(1.5)],
      });
    },
  };
}

/** Publishes over the first connection until all has come to the second. */
async function overNats(
  nc: NatsConnection,
  count: number,
  publish: (event: OrderPlaced) => unknown,
  done: Promise<unknown>,
): Promise<number> {
  const began = performance.now();
  for (let i = 0; i < count; i++) {
    publish(events[i % EVENTS]!);
    if (i % 1000 === 999) await nc.flush();
  }
  await done;
  return count / (performance.now() - began) * 1000;
}

function acrossProcesses(scale: Scale): Measurement {
  const name = "over NATS, beside bare nats.js";
  const count = scale.pick(20_000, 100_000);
  return {
    rows: [name],
    async run(bench) {
      const deployment = await deploy(bench, "one server");
      const [near, far] = [
        await deployment.connect(),
        await deployment.connect(),
      ];
      await using bus = new NatsEventBus<OrderPlaced>(near);
      await using other = new NatsEventBus<OrderPlaced>(far);
      // The first one waits for the server.
      await bus.publish("orders", events[0]!);
      const { own, bare } = await takeTurns(scale.pick(5, 25), {
        own: async () => {
          const subscription = other.subscribe("orders", { buffer: count });
          await subscription.ready;
          const done = read(subscription, count);
          const publish = (event: OrderPlaced) => bus.publish("orders", event);
          return await overNats(near, count, publish, done);
        },
        bare: async () => {
          const subscription = far.subscribe("bare.orders.*");
          await far.flush();
          const done = (async () => {
            let seen = 0;
            for await (const message of subscription) {
              message.json();
              if (++seen === count) break;
            }
          })();
          const publish = (event: OrderPlaced) =>
            near.publish(`bare.orders.${event.actorId}`, JSON.stringify(event));
          return await overNats(near, count, publish, done);
        },
      }, bench.progress);
      bench.row({
        name,
        unit: "events/s",
        figure: own.median,
        reference: against("nats.js", bare),
        targets: [ratioAtLeast(0.7)],
        cpu: own.cpu,
      });
    },
  };
}

/** Saves in memory while somebody listens, and while nobody does. */
function listenedMemory(scale: Scale): Measurement {
  const rows = {
    "in memory with a listener, createEvent and save": true,
    "in memory with a listener, events made before": false,
  };
  const count = scale.pick(50_000, 200_000);
  const side = (listens: boolean, making: boolean) => async () => {
    await using bus = new EventBus();
    await using store = new InMemoryEventStore<OrderPlaced>(
      listens ? { bus } : {},
    );
    const make = (i: number) =>
      createEvent(orderPlaced(`order-${i % 100}`, Math.floor(i / 100) + 1));
    const made = making ? [] : Array.from({ length: count }, (_, i) => make(i));
    const internal = bus.subscribe("__internal__", { buffer: 1000 });
    const done = listens ? read(internal, count) : undefined;
    const began = performance.now();
    for (let i = 0; i < count; i++) {
      await store.saveEvent(made[i] ?? make(i));
    }
    await done;
    return count / (performance.now() - began) * 1000;
  };
  return {
    rows: Object.keys(rows),
    async run(bench) {
      for (const [name, making] of Object.entries(rows)) {
        const { own, alone } = await takeTurns(scale.pick(3, 15), {
          own: side(true, making),
          alone: side(false, making),
        }, bench.progress);
        bench.row({
          name,
          unit: "events/s",
          figure: own.median,
          reference: against("without a bus", alone),
          targets: [ratioAtLeast(0.5)],
        });
      }
    },
  };
}

/** Saves on JetStream with a bus in process, and without one. */
function listenedJetStream(scale: Scale): Measurement {
  const name = "JetStream with a bus in process, 100 in flight";
  const count = scale.pick(2_000, 10_000);
  return {
    rows: [name],
    async run(bench) {
      const deployment = await deploy(bench, "one server");
      await using bus = new EventBus();
      const internal = bus.subscribe("__internal__", {
        overflow: "drop-oldest",
      });
      const reading = (async () => {
        for await (const _ of internal) await undefined;
      })();
      const open = (given: { bus?: EventBus }) =>
        deployment.open({ ...given, namespace: deployment.namespace() });
      const [own, alone] = [await open({ bus }), await open({})];
      const actors = actorNames(1_000);
      let version = 0;
      const saves = (store: typeof own) => () => {
        const base = ++version * count;
        return rateOf(
          count,
          100,
          (i) => store.saveEvent(orderPlaced(actors[i % 1_000]!, base + i)),
        );
      };
      const taken = await takeTurns(scale.pick(3, 15), {
        own: saves(own),
        alone: saves(alone),
      }, bench.progress);
      bench.row({
        name,
        unit: "events/s",
        figure: taken.own.median,
        reference: against("without a bus", taken.alone),
        targets: [ratioAtLeast(0.9)],
      });
      await internal.close();
      await reading;
    },
  };
}

/** Publishes and delivers. */
export function bus(scale: Scale): Theme {
  const turns = scale.pick(3, 9);
  const one = {
    subscribers: 1,
    count: 500_000,
    least: 4_000_000,
  };
  const many = {
    subscribers: 1_000,
    count: scale.pick(2_000, 3_000),
    least: 6_000_000,
  };
  return {
    name: "bus",
    measurements: [
      inProcess(one, turns),
      inProcess(many, turns),
      amongOthers(scale),
      acrossProcesses(scale),
      listenedJetStream(scale),
      listenedMemory(scale),
    ],
  };
}
