/**
 * Streams to read from, whose actors' events lie in known ways.
 *
 * @module
 */

import { Random } from "../tests/support/history/random.ts";
import type { Deployment, OrderStore } from "./_deployment.ts";
import { type OrderPlaced, orderPlaced } from "./_events.ts";
import type { Scale } from "./_harness.ts";

/** So many actors fill what is left of a stream. */
export const FILLERS = 1_000;

/** Actors of ten events at each distance. */
export const TENS = 5;

/** Events of the actors `scattered-<count>`, all over the stream. */
export const SCATTERED: readonly number[] = [20, 50, 100, 1_000];

/** How many events the `ten-thousand` actor has. */
export const TEN_THOUSAND = 10_000;

/** Events of one save while a stream is built. */
const BATCH = 1_000;

/** A stream and who is in it. */
export interface ReadStream extends AsyncDisposable {
  readonly servers: Deployment;
  readonly namespace: string;
  /** How many events it has. */
  readonly events: number;
  /**
   * How far apart the ten events of the actors `every-<distance>-<i>` lie,
   * with `i` from 0 to {@linkcode TENS}, exclusive.
   */
  readonly distances: readonly number[];
  /** How many events the actors `even` and `bursty` have each. */
  readonly long: number;
  /** The sequences of the actors `scattered-<count>`, by their counts. */
  readonly scattered: ReadonlyMap<number, readonly number[]>;
}

/** The size of a stream, and how far apart events lie in it. */
export function layoutOf(
  scale: Scale,
): Pick<ReadStream, "events" | "distances" | "long"> {
  const events = scale.pick(100_000, 1_000_000);
  const share = scale.pick(0.1, 1);
  const distances = [1_000, 4_000, 20_000, 90_000].map((n) => n * share);
  return { events, distances: [10, ...distances], long: events / 10 };
}

/** The actor of each event, by its place in the stream. */
function plan(scale: Scale): string[] {
  const { events, distances, long } = layoutOf(scale);
  const random = new Random(1);
  const actors: string[] = new Array(events);
  const take = (from: number, actor: string): number => {
    let at = from;
    while (actors[at] !== undefined) at = (at + 1) % events;
    actors[at] = actor;
    return at;
  };
  for (const distance of distances) {
    for (let i = 0; i < TENS; i++) {
      const start = random.below(events - 9 * distance - 100);
      for (let n = 0; n < 10; n++) {
        take(start + n * distance, `every-${distance}-${i}`);
      }
    }
  }
  for (const count of SCATTERED) {
    for (let i = 0; i < count; i++) {
      take(Math.floor(events / count) * i + 7, `scattered-${count}`);
    }
  }
  for (let i = 0; i < long; i++) take(10 * i + 5, "even");
  planBursts(long, events, random, (at) => take(at, "bursty"));
  for (let i = 0; i < TEN_THOUSAND; i++) {
    take(Math.floor(events * 0.6) + 2 * i, "ten-thousand");
  }
  for (let at = 0; at < events; at++) {
    actors[at] ??= `filler-${random.below(FILLERS)}`;
  }
  return actors;
}

/** Bursts of 1 to 1,000 times as many events, with pauses as different. */
function planBursts(
  count: number,
  events: number,
  random: Random,
  take: (at: number) => void,
): void {
  const orders = Math.log(count / 10);
  const sizes: number[] = [];
  for (let left = count; left > 0;) {
    const size = Math.min(left, Math.ceil(Math.exp(random.next() * orders)));
    sizes.push(size);
    left -= size;
  }
  const pauses = sizes.map(() => Math.exp(random.next() * orders));
  const unit = (events * 0.95 - 2 * count) /
    pauses.reduce((sum, pause) => sum + pause, 0);
  let at = 0;
  sizes.forEach((size, i) => {
    at += Math.floor(pauses[i]! * unit);
    // Half as dense as can be: others save as well.
    for (let n = 0; n < size; n++, at += 2) take(at);
  });
}

/** Saves the events of actors in an order, in batches. */
export async function saveAll(
  store: OrderStore,
  events: number,
  actorAt: (i: number) => string,
  progress: (text: string) => void,
): Promise<void> {
  const versions = new Map<string, number>();
  let saving: Promise<unknown> = Promise.resolve();
  for (let i = 0; i < events; i += BATCH) {
    const batch: OrderPlaced[] = [];
    for (let k = i; k < Math.min(events, i + BATCH); k++) {
      const actor = actorAt(k);
      const version = (versions.get(actor) ?? 0) + 1;
      versions.set(actor, version);
      batch.push(orderPlaced(actor, version));
    }
    await saving;
    saving = store.saveEvents(batch);
    if (i % 50_000 === 0) progress(`building a stream: ${i} of ${events}`);
  }
  await saving;
}

/** Builds a stream by saving all of its events. */
export async function buildStream(
  servers: Deployment,
  scale: Scale,
  progress: (text: string) => void,
): Promise<ReadStream> {
  const namespace = servers.namespace();
  const store = await servers.open({ namespace });
  const layout = layoutOf(scale);
  const actors = plan(scale);
  await saveAll(store, layout.events, (i) => actors[i]!, progress);
  const scattered = new Map(SCATTERED.map((count) => {
    const actor = `scattered-${count}`;
    const own = actors.flatMap((name, i) => name === actor ? [i + 1] : []);
    return [count, own];
  }));
  await store[Symbol.asyncDispose]();
  // It goes with the servers.
  const asyncDispose = () => Promise.resolve();
  return {
    servers,
    namespace,
    ...layout,
    scattered,
    [Symbol.asyncDispose]: asyncDispose,
  };
}
