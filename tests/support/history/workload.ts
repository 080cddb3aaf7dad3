/**
 * Clients that save and read whatever chance tells them to.
 *
 * @module
 */

import type { Event } from "../../../event/event.ts";
import type { Random } from "./random.ts";
import type { RecordedStore } from "./recorder.ts";
import type { Outcome, SaveOutcome } from "./records.ts";

/** How a writer works. */
export interface WriterOptions {
  /** Saves to keep under way. */
  readonly inFlight: number;
  /** Actors that all writers share, beside those of each one alone. */
  readonly actors: number;
  /**
   * How many saves are of several events.
   *
   * @default {0.1}
   */
  readonly batches?: number;
  /**
   * At most so many events of each of a batch's actors, of which there are at
   * most 3.
   *
   * @default {6}
   */
  readonly batchSize?: number;
  /**
   * How many saves are of an actor that all writers fight for.
   *
   * @default {0.05}
   */
  readonly contended?: number;
  /**
   * How many saves are of what was saved before.
   *
   * @default {0.05}
   */
  readonly repeated?: number;
}

/** Actors that everybody writes all the time. */
const HOT_ACTORS = 3;

/** Saves to choose from when one is to be repeated. */
const REMEMBERED = 200;

const breathe = () => new Promise((resolve) => setTimeout(resolve, 5));

/** An event as a workload makes them; its type follows from its version. */
export function workEvent(
  actorId: string,
  version: number,
  data: Record<string, unknown>,
): Event {
  return {
    id: crypto.randomUUID(),
    eventType: `T${version % 3}`,
    actorId,
    version,
    data,
    timestamp: new Date().toISOString(),
  };
}

/** A call of `saveEvent` or `saveEvents`. */
interface Save {
  readonly events: readonly Event[];
  readonly expected: ReadonlyMap<string, number>;
}

/** Saves until it is stopped: single events and batches, some of them again. */
export class Writer {
  readonly #store: RecordedStore;
  readonly #random: Random;
  readonly #options: Required<WriterOptions>;
  /** What it believes each actor's version to be. */
  readonly #versions = new Map<string, number>();
  readonly #remembered: Save[] = [];
  readonly #loops: Promise<void>;
  #stopped = false;
  #succeeded = 0;

  /** Starts to save. */
  constructor(store: RecordedStore, random: Random, options: WriterOptions) {
    this.#store = store;
    this.#random = random;
    this.#options = {
      batches: 0.1,
      batchSize: 6,
      contended: 0.05,
      repeated: 0.05,
      ...options,
    };
    const loops = Array.from(
      { length: options.inFlight },
      () => this.#loop(),
    );
    this.#loops = Promise.all(loops).then(() => {});
  }

  /** How many saves have succeeded. */
  get succeeded(): number {
    return this.#succeeded;
  }

  /** Begins no save any more; resolves when all have ended. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#loops;
  }

  async #loop(): Promise<void> {
    while (!this.#stopped) {
      const save = this.#choose();
      let outcome = await this.#save(save);
      // Saving it again tells.
      while (outcome.is === "unknown" && !this.#stopped) {
        outcome = await this.#save(save);
      }
      // What fails at once must not keep everything else from running.
      if (outcome.is === "error") await breathe();
    }
  }

  async #save(save: Save): Promise<SaveOutcome> {
    const { events, expected } = save;
    const [first] = events;
    const outcome = events.length === 1
      ? await this.#store.saveEvent(first!, {
        expectedVersion: expected.get(first!.actorId),
      })
      : await this.#store.saveEvents(events, expected);
    if (outcome.is === "success") {
      this.#succeeded++;
      for (const [actor, version] of outcome.versions) {
        this.#learn(actor, version);
      }
      if (this.#remembered.length < REMEMBERED) this.#remembered.push(save);
      else this.#remembered[this.#random.below(REMEMBERED)] = save;
    } else if (outcome.is === "conflict") {
      // What it believed may have been too high.
      this.#versions.set(outcome.actor, outcome.current);
    }
    return outcome;
  }

  #learn(actor: string, version: number): void {
    if (version > (this.#versions.get(actor) ?? 0)) {
      this.#versions.set(actor, version);
    }
  }

  #choose(): Save {
    const { batches, batchSize, repeated } = this.#options;
    const random = this.#random;
    if (random.chance(repeated) && this.#remembered.length > 0) {
      return random.pick(this.#remembered);
    }
    const events: Event[] = [];
    const expected = new Map<string, number>();
    const actors = new Set<string>();
    const isBatch = random.chance(batches);
    const spread = isBatch ? 1 + random.below(3) : 1;
    while (actors.size < spread) actors.add(this.#actor());
    for (const actor of actors) {
      let version = this.#versions.get(actor) ?? 0;
      if (random.chance(0.3)) expected.set(actor, version);
      const count = isBatch ? 1 + random.below(batchSize) : 1;
      for (let i = 0; i < count; i++) {
        version += random.chance(0.1) ? 2 : 1;
        const data = { by: this.#store.name, text: "x".repeat(50) };
        events.push(workEvent(actor, version, data));
      }
      // As if it will succeed, so that saves of one actor may queue up.
      if (random.chance(0.8)) this.#versions.set(actor, version);
    }
    return { events, expected };
  }

  #actor(): string {
    const random = this.#random;
    const { actors, contended } = this.#options;
    if (random.chance(contended)) return `hot.${random.below(HOT_ACTORS)}`;
    return random.chance(0.3)
      ? `shared.${random.below(actors)}`
      : `${this.#store.name}.${random.below(actors)}`;
  }
}

/** Reads until it is stopped, in every way there is. */
export class Reader {
  readonly #store: RecordedStore;
  readonly #random: Random;
  readonly #actors: readonly string[];
  readonly #loops: Promise<void>;
  #stopped = false;

  /**
   * Starts to read.
   *
   * @param actors Of whom.
   */
  constructor(
    store: RecordedStore,
    random: Random,
    { loops, actors }: { loops: number; actors: readonly string[] },
  ) {
    this.#store = store;
    this.#random = random;
    this.#actors = actors;
    const running = Array.from({ length: loops }, () => this.#loop());
    this.#loops = Promise.all(running).then(() => {});
  }

  /** Begins no read any more; resolves when all have ended. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#loops;
  }

  async #loop(): Promise<void> {
    while (!this.#stopped) {
      const outcome = await this.#read();
      if (outcome.is === "error") await breathe();
    }
  }

  async #read(): Promise<Outcome> {
    const random = this.#random;
    const actor = random.pick(this.#actors);
    const consistency = random.chance(0.7) ? "strong" : "eventual";
    const kind = random.next();
    if (kind < 0.2) return await this.#store.latest(actor, consistency);
    if (kind < 0.25) {
      const actors = Array.from(
        { length: 10 },
        () => random.pick(this.#actors),
      );
      const [first] = await this.#store.latestOf(
        [...new Set(actors)],
        consistency,
      );
      return first!;
    }
    if (kind < 0.35) {
      const from = random.below(400);
      return await this.#store.readWithErrors(actor, consistency, { from });
    }
    return await this.#store.read(actor, consistency, {
      ...(random.chance(0.4) && { from: random.below(400) }),
      ...(random.chance(0.2) && { to: random.below(400) }),
      ...(random.chance(0.4) && { limit: 1 + random.below(20) }),
      ...(random.chance(0.4) && { backward: true }),
    });
  }
}

/** Actors that the writers of these stores write; see {@linkcode Writer}. */
export function actorsOf(
  stores: readonly { name: string }[],
  each: number,
): string[] {
  const actors = Array.from({ length: HOT_ACTORS }, (_, i) => `hot.${i}`);
  for (const name of ["shared", ...stores.map(({ name }) => name)]) {
    for (let i = 0; i < each; i++) actors.push(`${name}.${i}`);
  }
  return actors;
}
