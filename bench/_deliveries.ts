/**
 * Deliveries within a process: by the bus, by EventTarget and by a bare queue.
 *
 * @module
 */

import { createEvent, EventBus } from "@flowmade-one/aether";
import { actorNames, type OrderPlaced, orderPlaced } from "./_events.ts";

/** The most events that are published before subscribers have their turn. */
const BURST = 1_000;

const events: readonly OrderPlaced[] = actorNames(BURST).map((actorId, i) =>
  createEvent(orderPlaced(actorId, i + 1))
);

/** How many are published at once: what waits should fit into the CPU's cache. */
const burstOf = (subscribers: number) => subscribers === 1 ? BURST : BURST / 10;

/** Counts what all subscribers together have got. */
class Progress {
  #seen = 0;
  #awaited = Infinity;
  #reached = () => {};

  /** One has got one more. */
  step(): void {
    if (++this.#seen === this.#awaited) this.#reached();
  }

  /** Resolves when so many have come in all. */
  reach(count: number): Promise<void> {
    if (this.#seen >= count) return Promise.resolve();
    this.#awaited = count;
    return new Promise((resolve) => this.#reached = resolve);
  }
}

/** Publishes bursts, each when the one before was read; deliveries/s. */
async function deliveries(
  count: number,
  subscribers: number,
  progress: Progress,
  publish: (event: OrderPlaced) => void,
): Promise<number> {
  const burst = events.slice(0, burstOf(subscribers));
  const began = performance.now();
  for (let i = burst.length; i <= count; i += burst.length) {
    for (const event of burst) publish(event);
    await progress.reach(i * subscribers);
  }
  return count * subscribers / (performance.now() - began) * 1000;
}

/** Takes so many, and counts them. */
export async function read(
  items: AsyncIterable<unknown>,
  count: number,
  progress?: Progress,
): Promise<void> {
  let seen = 0;
  for await (const _ of items) {
    progress?.step();
    if (++seen === count) break;
  }
}

/** By the bus; deliveries/s. */
export async function onBus(
  subscribers: number,
  count: number,
): Promise<number> {
  await using bus = new EventBus<OrderPlaced>();
  const progress = new Progress();
  for (let i = 0; i < subscribers; i++) {
    read(bus.subscribe("orders", { buffer: BURST }), count, progress);
  }
  const publish = (event: OrderPlaced) => void bus.publish("orders", event);
  return await deliveries(count, subscribers, progress, publish);
}

/** Listeners that are called, without a queue between. */
export async function onEventTarget(
  subscribers: number,
  count: number,
): Promise<number> {
  const target = new EventTarget();
  const progress = new Progress();
  for (let i = 0; i < subscribers; i++) {
    target.addEventListener("orders", () => progress.step());
  }
  const publish = (detail: OrderPlaced) =>
    target.dispatchEvent(new CustomEvent("orders", { detail }));
  return await deliveries(count, subscribers, progress, publish);
}

/** The least there can be: an array and an async generator. */
class BareQueue {
  #items: OrderPlaced[] = [];
  #wake: (() => void) | undefined;

  push(item: OrderPlaced): void {
    this.#items.push(item);
    this.#wake?.();
    this.#wake = undefined;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<OrderPlaced, void> {
    for (;;) {
      const items = this.#items;
      this.#items = [];
      yield* items;
      if (this.#items.length > 0) continue;
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
  }
}

/** By queues, one a subscriber. */
export async function onQueues(
  subscribers: number,
  count: number,
): Promise<number> {
  const queues = Array.from({ length: subscribers }, () => new BareQueue());
  const progress = new Progress();
  for (const queue of queues) read(queue, count, progress);
  return await deliveries(count, subscribers, progress, (event) => {
    for (const queue of queues) queue.push(event);
  });
}
