import type { Event } from "../../event/event.ts";
import { withMetadata } from "../../event/metadata.ts";
import type { Random } from "../support/history/random.ts";
import type { RecordedStore } from "../support/history/recorder.ts";
import type { SaveOutcome } from "../support/history/records.ts";
import { actorName, HOT_ACTORS, soakEvent } from "./_events.ts";
import { perhapsGivingUp } from "./_giving_up.ts";

/** How a writer works. */
export interface SoakWriterOptions {
  /** Saves to keep under way. */
  readonly inFlight: number;
  /** How many actors there are, of all writers together. */
  readonly actors: number;
  /** Its place among the writers, each of whom has actors of its own. */
  readonly slot: number;
  readonly slots: number;
  /** Whether its actors may have been written by one that was there before. */
  readonly isHeir: boolean;
}

/** A call of `saveEvent` or `saveEvents`. */
export interface Save {
  readonly events: readonly Event[];
  readonly expected: ReadonlyMap<string, number>;
}

/** Saves to choose from when one is to be repeated, or an id used again. */
const REMEMBERED = 500;

/**
 * So many loops save batches, with pauses: a server without replicas does not
 * take many a second, and everything else waits for them.
 */
const BATCH_LOOPS = 4;
const BATCH_PAUSE = 200;

/** How often a save that ended unknown is repeated after the stop. */
const LAST_TRIES = 5;

/**
 * Milliseconds for which an id may be used again on purpose: a store knows it
 * for certain within the stream's window, which is a minute here, and a save
 * may take half of that.
 */
export const REUSE = 10_000;
export const DUPLICATE_WINDOW = 60_000;

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * Saves until it is stopped: mostly single events of its own actors, and
 * everything else that a store must get right.
 */
export class SoakWriter {
  readonly #store: RecordedStore;
  readonly #random: Random;
  readonly #options: SoakWriterOptions;
  /** What it believes each actor's version to be. */
  readonly #versions = new Map<string, number>();
  readonly #remembered: {
    readonly save: Save;
    /** When its last event was stored, at the latest. */
    readonly at: number;
  }[] = [];
  readonly #loops: Promise<unknown>;
  #stopped = false;
  #saves = 0;

  /**
   * Starts to save.
   *
   * @param unfinished What to save first.
   */
  constructor(
    store: RecordedStore,
    random: Random,
    options: SoakWriterOptions,
    unfinished: readonly Save[] = [],
  ) {
    this.#store = store;
    this.#random = random;
    this.#options = options;
    const queue = [...unfinished];
    const loop = (_: unknown, i: number) => this.#loop(i < BATCH_LOOPS, queue);
    this.#loops = Promise.all(Array.from({ length: options.inFlight }, loop));
  }

  /** How many saves have stored something. */
  get saves(): number {
    return this.#saves;
  }

  /** Begins no save any more; resolves when all have ended. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#loops;
  }

  async #loop(isForBatches: boolean, queue: Save[]): Promise<void> {
    let save: Save | undefined;
    while (
      (save = queue.pop()) !== undefined ||
      (!this.#stopped && (save = await this.#choose(isForBatches)))
    ) {
      let outcome = await this.#save(save);
      let left = LAST_TRIES;
      // Saving it again tells.
      while (outcome.is === "unknown" && (!this.#stopped || left-- > 0)) {
        outcome = await this.#save(save);
      }
      // What fails at once must not keep everything else from running.
      if (outcome.is === "error") await pause(5);
      else if (isForBatches) await pause(this.#random.below(BATCH_PAUSE));
    }
  }

  async #save(save: Save): Promise<SaveOutcome> {
    const { events, expected } = save;
    const [first] = events;
    const outcome = await perhapsGivingUp(
      this.#random,
      async (signal) =>
        events.length === 1
          ? await this.#store.saveEvent(first!, {
            expectedVersion: expected.get(first!.actorId),
            signal,
          })
          : await this.#store.saveEvents(events, expected, signal),
    );
    if (outcome.is === "success") {
      if (!outcome.duplicate) this.#saves++;
      for (const [actor, version] of outcome.versions) {
        if (version > (this.#versions.get(actor) ?? 0)) {
          this.#versions.set(actor, version);
        }
      }
      this.#remember(save, outcome.duplicate);
    } else if (outcome.is === "conflict") {
      // What it believed may have been too high.
      this.#versions.set(outcome.actor, outcome.current);
    }
    return outcome;
  }

  /**
   * @param duplicate Whether it was stored before, who knows how long ago: the
   * store's window begins then, and a repetition does not renew it.
   */
  #remember(save: Save, duplicate: boolean): void {
    const entry = { save, at: duplicate ? -Infinity : performance.now() };
    if (this.#remembered.length < REMEMBERED) this.#remembered.push(entry);
    else if (this.#random.chance(0.05)) {
      this.#remembered[this.#random.below(REMEMBERED)] = entry;
    }
  }

  async #choose(isForBatches: boolean): Promise<Save> {
    const random = this.#random;
    const roll = random.next();
    if (isForBatches) {
      if (roll < 0.05) return this.#again(0.5) ?? await this.#some(1, 1);
      if (roll < 0.06) return await this.#some(1, 50 + random.below(250));
      return await this.#some(1 + random.below(4), 1 + random.below(6));
    }
    if (roll < 0.02) return this.#again(0) ?? await this.#some(1, 1);
    if (roll < 0.022) return this.#usedId() ?? await this.#some(1, 1);
    if (roll < 0.032) return await this.#outdated();
    return await this.#some(1, 1);
  }

  /**
   * What was saved before, perhaps made anew.
   *
   * @param more How often there is something new with it.
   */
  #again(more: number): Save | undefined {
    const random = this.#random;
    if (this.#remembered.length === 0) return undefined;
    const { events, expected } = random.pick(this.#remembered).save;
    const again = events.map((event) =>
      random.chance(0.5)
        ? withMetadata({ ...event, timestamp: new Date().toISOString() }, {
          again: "yes",
        })
        : event
    );
    if (!random.chance(more)) return { events: again, expected };
    const { actorId, version } = events.at(-1)!;
    again.push(this.#make(actorId, this.#after(actorId, version)));
    return { events: again, expected: new Map() };
  }

  /** Another event with an id that was saved not long ago. */
  #usedId(): Save | undefined {
    const random = this.#random;
    const since = performance.now() - REUSE;
    const recent = this.#remembered.filter(({ at }) => at > since);
    if (recent.length === 0) return undefined;
    // What stands before the last one may be a repetition.
    const { id, actorId, version } = random.pick(recent).save.events.at(-1)!;
    const event = random.chance(0.5)
      ? soakEvent(id, actorId, version, 1)
      : soakEvent(id, this.#actor(), version + 1, 1);
    return { events: [event], expected: new Map() };
  }

  /** What somebody decided on long ago. */
  async #outdated(): Promise<Save> {
    const random = this.#random;
    const { events: [event] } = await this.#some(1, 1);
    const { actorId, version } = event!;
    const before = Math.max(0, version - 2 - random.below(3));
    return random.chance(0.5)
      ? { events: [this.#make(actorId, before + 1)], expected: new Map() }
      : { events: [event!], expected: new Map([[actorId, before]]) };
  }

  /** New events of so many actors, so many of each. */
  async #some(spread: number, length: number): Promise<Save> {
    const random = this.#random;
    const events: Event[] = [];
    const expected = new Map<string, number>();
    const actors = new Set<string>();
    while (actors.size < spread) actors.add(this.#actor());
    for (const actor of actors) {
      let version = this.#versions.get(actor) ?? await this.#load(actor);
      if (random.chance(0.2)) expected.set(actor, version);
      for (let i = 0; i < length; i++) {
        version = this.#after(actor, version);
        events.push(this.#make(actor, version));
      }
    }
    return { events, expected };
  }

  /** The version to give to an event behind one, as if that will be stored. */
  #after(actor: string, version: number): number {
    const next = version + (this.#random.chance(0.1) ? 2 : 1);
    if (next > (this.#versions.get(actor) ?? 0)) {
      this.#versions.set(actor, next);
    }
    return next;
  }

  #make(actor: string, version: number): Event {
    return soakEvent(crypto.randomUUID(), actor, version);
  }

  /** The version of an actor that it does not know, or what it takes for it. */
  async #load(actor: string): Promise<number> {
    const { isHeir } = this.#options;
    if (!this.#random.chance(isHeir ? 0.9 : 0.5)) return 0;
    const outcome = await this.#store.latest(actor, "strong");
    return outcome.is === "version" ? outcome.version : 0;
  }

  #actor(): string {
    const random = this.#random;
    const { actors, slot, slots } = this.#options;
    const roll = random.next();
    if (roll < 0.01) return actorName(random.below(HOT_ACTORS));
    if (roll < 0.03) return actorName(random.below(actors));
    const own = slot + slots * random.below(Math.ceil(actors / slots));
    return actorName(own % actors);
  }
}
