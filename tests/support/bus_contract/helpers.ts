/**
 * What the bus contract's tests have in common.
 *
 * @module
 */

import { assert } from "@std/assert";
import type { Delivery, Event, Subscription } from "../../../bus/mod.ts";
import type { BusFixture } from "./fixture.ts";

export {
  assertErrorIs,
  makeFickle,
  reasonOf,
  upTo,
} from "../contract/helpers.ts";

/** A valid event with an id of its own. Not frozen. */
export function makeEvent(
  actorId = "order-1",
  version = 1,
  overrides: Partial<Event> = {},
): Event {
  return {
    id: crypto.randomUUID(),
    eventType: "OrderPlaced",
    actorId,
    version,
    data: { version },
    timestamp: "2024-02-29T12:34:56.123456789+02:00",
    ...overrides,
  };
}

/** Reads a subscription step by step, without closing it in between. */
export class BusReader {
  readonly #iterator: AsyncIterator<Delivery>;

  /** Begins to iterate. */
  constructor(subscription: Subscription) {
    this.#iterator = subscription[Symbol.asyncIterator]();
  }

  /** The next delivery; fails at the end. */
  async next(): Promise<Delivery> {
    const result = await this.#iterator.next();
    assert(!result.done, "the subscription ended");
    return result.value;
  }

  /** The next deliveries. */
  async take(count: number): Promise<Delivery[]> {
    const items: Delivery[] = [];
    while (items.length < count) items.push(await this.next());
    return items;
  }

  /** The next events' versions. */
  async versions(count: number): Promise<number[]> {
    return (await this.take(count)).map(({ event }) => event.version);
  }

  /** Whether the iteration is over. */
  async done(): Promise<boolean> {
    return (await this.#iterator.next()).done === true;
  }
}

/** All that is pending now, without waiting for more. */
export async function pendingOf(
  { settle }: BusFixture,
  subscription: Subscription,
): Promise<Delivery[]> {
  await settle();
  const { pending } = subscription;
  return await new BusReader(subscription).take(pending);
}

/** The namespaces of what is pending now. */
export async function namespacesOf(
  fixture: BusFixture,
  subscription: Subscription,
): Promise<string[]> {
  const all = await pendingOf(fixture, subscription);
  return all.map(({ namespace }) => namespace);
}

/** The versions of what is pending now. */
export async function versionsOf(
  fixture: BusFixture,
  subscription: Subscription,
): Promise<number[]> {
  const all = await pendingOf(fixture, subscription);
  return all.map(({ event }) => event.version);
}

/** Publishes events of one actor with these versions. */
export async function publishVersions(
  { publisher, settle }: BusFixture,
  versions: readonly number[],
  namespace = "orders",
): Promise<void> {
  for (const version of versions) {
    await publisher.publish(namespace, makeEvent("order-1", version));
  }
  await settle();
}

/** Resolves when all subscriptions are in place. */
export async function inPlace(
  ...subscriptions: readonly Subscription[]
): Promise<void> {
  await Promise.all(subscriptions.map(({ ready }) => ready));
}
