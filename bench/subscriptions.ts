/**
 * Subscriptions: catching up, and how soon what is saved arrives.
 *
 * @module
 */

import {
  AckPolicy,
  DeliverPolicy,
  jetstream,
  jetstreamManager,
} from "@nats-io/jetstream";
import { createInbox, type NatsConnection } from "@nats-io/nats-core";
import { BareClient } from "./_bare_client.ts";
import { deploy, type OrderStore } from "./_deployment.ts";
import {
  figureAtMost,
  type Measurement,
  ratioAtLeast,
  ratioAtMost,
  type Scale,
  type Theme,
} from "./_harness.ts";
import { readStream } from "./_read_stream.ts";
import { Actors, byBareRequest, rootOf, streamOf } from "./_savers.ts";
import {
  against,
  collectGarbage,
  percentile,
  takeTurns,
  timeEach,
} from "./_timing.ts";

const decoder = new TextDecoder();

/** All events of a stream; how many a second. */
function catchUp(scale: Scale): Measurement {
  const name = "catch-up";
  return {
    rows: [name],
    async run(bench) {
      const { servers, namespace, events } = await readStream(bench);
      const store = await servers.open({ namespace });
      const connection = await servers.connect();
      const rate = (read: () => Promise<number>) => async () => {
        const began = performance.now();
        const count = await read();
        if (count !== events) throw new Error(`Read ${count} events`);
        return count / (performance.now() - began) * 1000;
      };
      const taken = await takeTurns(scale.pick(2, 5), {
        store: rate(() => subscribeToAll(store)),
        consumer: rate(() => consumeAll(connection, namespace)),
      }, bench.progress);
      bench.row({
        name,
        unit: "events/s",
        figure: taken.store.median,
        reference: against("ordered consumer of nats.js", taken.consumer),
        targets: [ratioAtLeast(0.8)],
        cpu: taken.store.cpu,
        note: `${events.toLocaleString("en-US")} events, each parsed`,
      });
    },
  };
}

async function subscribeToAll(store: OrderStore): Promise<number> {
  let count = 0;
  for await (const _ of store.subscribe({ live: false })) count++;
  return count;
}

async function consumeAll(
  connection: NatsConnection,
  namespace: string,
): Promise<number> {
  const consumer = await jetstream(connection).consumers
    .get(streamOf(namespace));
  const messages = await consumer.consume({ max_messages: 1_000 });
  let count = 0;
  for await (const { data, info } of messages) {
    JSON.parse(decoder.decode(data));
    count++;
    if (info.pending === 0) break;
  }
  await messages.close();
  return count;
}

/** Hears of events one by one. */
class Arrivals {
  #arrived = 0;
  #awaited = Infinity;
  #wake: () => void = () => {};

  /** Tells of one more. */
  tell(): void {
    if (++this.#arrived >= this.#awaited) this.#wake();
  }

  /** Resolves when there were one more than now. */
  next(): Promise<void> {
    this.#awaited = this.#arrived + 1;
    return new Promise((resolve) => this.#wake = resolve);
  }
}

/** From the moment an event is sent until a subscriber has it. */
function liveDelay(scale: Scale): Measurement {
  const [median, p95] = ["live delay, median", "live delay, p95"] as const;
  return {
    rows: [median, p95],
    async run(bench) {
      const servers = await deploy(bench, "one server");
      const namespace = servers.namespace();
      const store = await servers.open({ namespace });
      const client = new BareClient(await servers.connect());
      // Each hears of the saves of one actor only, all sent alike.
      const saverOf = (actors: string) =>
        byBareRequest(client, namespace, new Actors(actors, 1), false);
      const [ownSave, pushSave] = [saverOf("a"), saverOf("b")];
      const [own, pushed] = [new Arrivals(), new Arrivals()];
      const stop = new AbortController();
      const subscription = store.subscribe({
        actors: "a-0",
        signal: stop.signal,
      });
      const reading = tellOfAll(subscription, own);
      await subscription.caughtUp;
      await subscribePush(
        await servers.connect(),
        namespace,
        `${rootOf(namespace)}.b-0`,
        pushed,
      );
      bench.progress("saving");
      const taken = await timeEach(scale.pick(1_000, 5_000), {
        store: { run: () => Promise.all([own.next(), ownSave(0)]) },
        push: { run: () => Promise.all([pushed.next(), pushSave(0)]) },
      });
      stop.abort();
      await reading;
      for (const [name, share] of [[median, 0.5], [p95, 0.95]] as const) {
        bench.row({
          name,
          unit: "ms",
          figure: percentile(taken.store, share),
          reference: {
            name: "bare push subscription",
            figure: percentile(taken.push, share),
          },
          targets: [ratioAtMost(1.5)],
          note: "until both the acknowledgement and the event are there",
        });
      }
    },
  };
}

async function tellOfAll(
  events: AsyncIterable<unknown>,
  arrivals: Arrivals,
): Promise<void> {
  try {
    for await (const _ of events) arrivals.tell();
  } catch (error) {
    if (!(error instanceof DOMException && error.name === "AbortError")) {
      throw error;
    }
  }
}

async function subscribePush(
  connection: NatsConnection,
  namespace: string,
  subject: string,
  arrivals: Arrivals,
): Promise<void> {
  const inbox = createInbox();
  connection.subscribe(inbox, {
    callback: (_, { data }) => {
      JSON.parse(decoder.decode(data));
      arrivals.tell();
    },
  });
  const manager = await jetstreamManager(connection);
  await manager.consumers.add(streamOf(namespace), {
    deliver_subject: inbox,
    filter_subject: subject,
    deliver_policy: DeliverPolicy.New,
    ack_policy: AckPolicy.None,
    mem_storage: true,
  });
}

/** Events that nobody takes stay on the server. */
function unread(): Measurement {
  const name = "heap of a subscription that is not read from";
  return {
    rows: [name],
    async run(bench) {
      const { servers, namespace, events } = await readStream(bench);
      const store = await servers.open({ namespace });
      const wait = (ms: number) =>
        new Promise((resolve) => setTimeout(resolve, ms));
      const heap = async () => {
        // What the first round lets go of, the second one takes.
        collectGarbage();
        await wait(500);
        collectGarbage();
        const { heapUsed, external } = Deno.memoryUsage();
        return (heapUsed + external) / 1e6;
      };
      const before = await heap();
      await using subscription = store.subscribe({ live: false });
      const iterator = subscription[Symbol.asyncIterator]();
      await iterator.next();
      // Long enough for a stream that is not held back to come in whole.
      await wait(2_000);
      bench.row({
        name,
        unit: "MB",
        figure: Math.max(0, await heap() - before),
        targets: [figureAtMost(16)],
        note: `one of ${events.toLocaleString("en-US")} events taken`,
      });
    },
  };
}

/** Subscriptions on one server. */
export function subscriptions(scale: Scale): Theme {
  return {
    name: "subscriptions",
    measurements: [catchUp(scale), liveDelay(scale), unread()],
  };
}
