/**
 * What the contract's tests have in common.
 *
 * @module
 */

import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import type { Event } from "../../../event/event.ts";
import type {
  EventStore,
  EventSubscription,
  StoredEvent,
} from "../../../store/event_store.ts";
import type { ContractFixture } from "./fixture.ts";
import { inspect } from "../inspect.ts";

/** A valid event with an id of its own. Not frozen. */
export function makeEvent(
  actorId: string,
  version: number,
  overrides: Partial<Event> = {},
): Event {
  return {
    id: crypto.randomUUID(),
    eventType: "Happened",
    actorId,
    version,
    data: { version },
    timestamp: "2024-02-29T12:34:56.123456789+02:00",
    ...overrides,
  };
}

/** An event that gives other values than its own from the second read on. */
export function makeFickle(event: Event): Event {
  const other = makeEvent("other actor", 99, { eventType: "Other" });
  const fickle = {};
  for (const key of Object.keys(event) as (keyof Event)[]) {
    let reads = 0;
    const get = () => reads++ === 0 ? event[key] : other[key];
    Object.defineProperty(fickle, key, { get, enumerable: true });
  }
  return fickle as Event;
}

/** Events of one actor with these versions. */
export function makeEvents(
  actorId: string,
  ...versions: readonly number[]
): Event[] {
  return versions.map((version) => makeEvent(actorId, version));
}

/** 1, 2, and so on up to `count`. */
export function upTo(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i + 1);
}

/** As many instances as asked for; the first is the fixture's store. */
export async function instances(
  { store, another }: ContractFixture,
  count: number,
): Promise<EventStore[]> {
  const stores = [store];
  while (stores.length < count && another !== undefined) {
    stores.push(await another());
  }
  return stores;
}

/** All there is, in an array. */
export async function collect<T>(iterable: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of iterable) items.push(item);
  return items;
}

/** Reads a subscription step by step, without closing it in between. */
export class Reader implements AsyncDisposable {
  /** The subscription. */
  readonly subscription: EventSubscription;
  readonly #iterator: AsyncIterator<StoredEvent>;

  /** Begins to iterate. */
  constructor(subscription: EventSubscription) {
    this.subscription = subscription;
    this.#iterator = subscription[Symbol.asyncIterator]();
  }

  /** The next item; fails at the end. */
  async next(): Promise<StoredEvent> {
    const result = await this.#iterator.next();
    assert(!result.done, "the subscription ended");
    return result.value;
  }

  /** The next items. */
  async take(count: number): Promise<StoredEvent[]> {
    const items: StoredEvent[] = [];
    while (items.length < count) items.push(await this.next());
    return items;
  }

  /** Whether the iteration is over. */
  async done(): Promise<boolean> {
    return (await this.#iterator.next()).done === true;
  }

  /** Closes the subscription. */
  [Symbol.asyncDispose](): PromiseLike<void> {
    return this.subscription[Symbol.asyncDispose]();
  }
}

/** What a promise rejects with; fails if it resolves. */
export async function reasonOf(
  run: () => PromiseLike<unknown>,
): Promise<unknown> {
  let value: unknown;
  try {
    value = await run();
  } catch (reason) {
    return reason;
  }
  throw new Error(`Expected a rejection, got ${inspect(value)}`);
}

/** Rejects with a TypeError or a RangeError whose message says the action. */
export async function assertRefused(
  run: () => PromiseLike<unknown>,
  what?: string,
): Promise<void> {
  const reason = await reasonOf(run);
  assert(
    reason instanceof TypeError || reason instanceof RangeError,
    `${what}: expected a TypeError or RangeError, got ${inspect(reason)}`,
  );
  assert(reason.message.startsWith("Cannot "), `${what}: ${reason.message}`);
}

/** The store has exactly these events of the actor, by every way to read. */
export async function assertHistory(
  store: EventStore,
  actorId: string,
  expected: readonly Event[],
): Promise<void> {
  assertEquals(await store.getEvents(actorId), [...expected]);
  assertEquals(
    await store.getLatestVersion(actorId),
    expected.at(-1)?.version ?? 0,
  );
}

/** The reason is an error of the class with (at least) these properties. */
export function assertErrorIs<E extends Error>(
  reason: unknown,
  // deno-lint-ignore no-explicit-any
  errorClass: new (...args: any[]) => E,
  properties: Partial<E> = {},
): void {
  assertInstanceOf(reason, errorClass);
  assertEquals(reason.name, errorClass.name);
  for (const [key, value] of Object.entries(properties)) {
    assertEquals(reason[key as keyof E], value, key);
  }
}
