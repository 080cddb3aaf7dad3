/**
 * Savers of which some want the same actors, on two stores, and a look at
 * whether each was told the truth.
 *
 * @module
 */

import { VersionConflictError } from "@flowmade-one/aether";
import type { OrderStore } from "./_deployment.ts";
import { orderPlaced } from "./_events.ts";
import { Actors } from "./_savers.ts";

/** Savers that have actors of their own. */
const OTHERS = 400;

/** Savers that contend. */
const CONTENDERS = 100;

/** Actors they contend for. */
const CONTENDED = 10;

/** What became of a save that was one of several for a version. */
interface Attempt {
  readonly actor: string;
  readonly version: number;
  readonly id: string;
  readonly saved: boolean;
}

/** What a run came to. */
export interface Contention {
  /** Events/s of the savers that have actors of their own. */
  readonly others: number;
  readonly won: number;
  readonly lost: number;
}

/** Saves from two stores, of which each has half of the savers. */
export class ContentionRun {
  readonly #stores: readonly [OrderStore, OrderStore];
  readonly #own: readonly [Actors, Actors];
  readonly #apart: readonly [Actors, Actors];
  #runs = 0;

  constructor(stores: readonly [OrderStore, OrderStore]) {
    this.#stores = stores;
    this.#own = [new Actors("a", 2 * OTHERS), new Actors("b", 2 * OTHERS)];
    this.#apart = [
      new Actors("c", 2 * CONTENDERS),
      new Actors("d", 2 * CONTENDERS),
    ];
  }

  /**
   * Saves for a while.
   *
   * @param contend Whether the contenders contend, or save for themselves.
   */
  async run(milliseconds: number, contend: boolean): Promise<Contention> {
    const until = performance.now() + milliseconds;
    const goesOn = () => performance.now() < until;
    const attempts: Attempt[] = [];
    const prefix = `contended-${++this.#runs}`;
    const began = performance.now();
    const counts = await Promise.all([0, 1].flatMap((side) => {
      const store = this.#stores[side]!;
      const own = this.#own[side]!;
      const rest = Array.from(
        { length: CONTENDERS / 2 },
        (_, i) =>
          contend
            ? race(store, `${prefix}-${i % CONTENDED}`, goesOn, attempts)
            : keepSaving(store, this.#apart[side]!, 2 * i, goesOn),
      );
      return [
        ...Array.from(
          { length: OTHERS / 2 },
          (_, i) => keepSaving(store, own, 4 * i, goesOn),
        ),
        ...rest.map((saving) => saving.then(() => 0)),
      ];
    }));
    const seconds = (performance.now() - began) / 1000;
    const won = await check(this.#stores[0], attempts);
    return {
      others: counts.reduce((sum, count) => sum + count, 0) / seconds,
      won,
      lost: attempts.length - won,
    };
  }
}

/** Saves events of two actors in turn, which nobody else writes to. */
async function keepSaving(
  store: OrderStore,
  actors: Actors,
  first: number,
  goesOn: () => boolean,
): Promise<number> {
  let count = 0;
  while (goesOn()) {
    await store.saveEvent(actors.next(first + count % 2));
    count++;
  }
  return count;
}

/** Saves the next version of an actor that others write to as well. */
async function race(
  store: OrderStore,
  actor: string,
  goesOn: () => boolean,
  attempts: Attempt[],
): Promise<void> {
  for (let current = 0; goesOn();) {
    const event = orderPlaced(actor, current + 1);
    const { version, id } = event;
    try {
      await store.saveEvent(event, { expectedVersion: current });
      attempts.push({ actor, version, id, saved: true });
      current = version;
    } catch (error) {
      if (!(error instanceof VersionConflictError)) throw error;
      attempts.push({ actor, version, id, saved: false });
      current = error.currentVersion;
      if (current < version) {
        throw new Error(
          `Version ${version} of ${actor} was refused at ${current}`,
        );
      }
    }
  }
}

/** Whether each was told what is stored; how many saves were. */
async function check(
  store: OrderStore,
  attempts: readonly Attempt[],
): Promise<number> {
  const actors = new Set(attempts.map(({ actor }) => actor));
  const stored = new Map<string, string>();
  for (const actor of actors) {
    const events = await store.getEvents(actor);
    events.forEach(({ id, version }, i) => {
      if (version !== i + 1) throw new Error(`A gap in ${actor} at ${i + 1}`);
      stored.set(id, actor);
    });
  }
  let won = 0;
  for (const { actor, version, id, saved } of attempts) {
    if (saved !== (stored.get(id) === actor)) {
      throw new Error(
        `Version ${version} of ${actor} was reported ${
          saved ? "saved and is not" : "refused and is saved"
        }`,
      );
    }
    if (saved) won++;
  }
  if (won !== stored.size) {
    throw new Error(`${stored.size} events are stored, ${won} reported`);
  }
  return won;
}
