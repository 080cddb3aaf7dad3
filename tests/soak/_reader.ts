import type { Random } from "../support/history/random.ts";
import type { RecordedSubscription } from "../support/history/recorded_subscription.ts";
import type { RecordedStore } from "../support/history/recorder.ts";
import { waitFor } from "../support/conditions.ts";
import { actorName, HOT_ACTORS, LATE, SOME } from "./_events.ts";
import { perhapsGivingUp } from "./_giving_up.ts";
import type { Place } from "./_protocol.ts";

/** A store that was opened for a reader. */
export interface OpenedStore extends AsyncDisposable {
  readonly store: RecordedStore;
}

/** How a reader works. */
export interface SoakReaderOptions {
  /** Its place among the readers; they differ in what they follow. */
  readonly slot: number;
  readonly actors: number;
  /** Where its subscriptions go on. */
  readonly places: Readonly<Record<string, Place>>;
  /** Opens another store instance. */
  readonly open: () => Promise<OpenedStore>;
}

const LOOPS = 2;

/** How long the subscriptions may take to get to the end, in milliseconds. */
const FINISH_TIMEOUT = 300_000;

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** One store instance with what reads from it. */
interface Life {
  readonly opened: OpenedStore;
  readonly subscriptions: Map<string, RecordedSubscription>;
}

/**
 * Reads single actors and follows all of them, for a few seconds through one
 * store instance, then from where it was through the next.
 */
export class SoakReader {
  readonly #random: Random;
  readonly #options: SoakReaderOptions;
  readonly #done: Promise<void>;
  #places: Record<string, Place>;
  #life: Life | undefined;
  #delivered = 0;
  #finish = Promise.withResolvers<number>();
  #finishing = false;

  /** Starts to read. */
  constructor(random: Random, options: SoakReaderOptions) {
    this.#random = random;
    this.#options = options;
    this.#places = { ...options.places };
    this.#done = this.#run();
  }

  /** How many events its subscriptions have delivered. */
  get delivered(): number {
    let sum = this.#delivered;
    for (const { delivered } of this.#life?.subscriptions.values() ?? []) {
      sum += delivered;
    }
    return sum;
  }

  /** Where its subscriptions are. */
  get places(): Readonly<Record<string, Place>> {
    this.#note();
    return this.#places;
  }

  /** Ends when its subscriptions have passed a sequence. */
  async finish(sequence: number): Promise<void> {
    this.#finishing = true;
    this.#finish.resolve(sequence);
    await this.#done;
  }

  async #run(): Promise<void> {
    while (!this.#finishing) await this.#live();
    const end = await this.#finish.promise;
    const life = this.#life = await this.#begin();
    const all = [...life.subscriptions.values()];
    await waitFor(
      () => all.every(({ position, failure }) => position >= end || failure),
      {
        timeout: FINISH_TIMEOUT,
        message: () =>
          `subscriptions at ${
            all.map((each) => each.position)
          } to reach ${end}`,
      },
    );
    await this.#end(life);
  }

  /** The life of one store instance. */
  async #live(): Promise<void> {
    const before = Object.values(this.#places);
    const life = this.#life = await this.#begin();
    const { store } = life.opened;
    const until = performance.now() + 2_000 + this.#random.below(6_000);
    const isOver = () => this.#finishing || performance.now() > until;
    const reading = Array.from({ length: LOOPS }, async () => {
      while (!isOver()) {
        const { is } = await this.#read(store);
        await pause(is === "error" ? 20 : this.#random.below(4));
      }
    });
    if (before.length > 0) {
      // What came since then, to the end and no further.
      const after = this.#random.pick(before);
      await store.subscribe({ after, live: false }).ended;
    }
    await Promise.all(reading);
    await this.#end(life);
  }

  async #begin(): Promise<Life> {
    const opened = await this.#options.open();
    const { store } = opened;
    const { all, some, late } = this.#places;
    const subscriptions = new Map([
      ["all", store.subscribe({ after: all })],
      this.#options.slot % 2 === 0
        ? ["late", store.subscribe({ after: late ?? "end", ...LATE })]
        : ["some", store.subscribe({ after: some, ...SOME })],
    ]);
    return { opened, subscriptions };
  }

  async #end(life: Life): Promise<void> {
    const { opened, subscriptions } = life;
    for (const each of subscriptions.values()) {
      await each[Symbol.asyncDispose]();
    }
    this.#note();
    for (const { delivered } of subscriptions.values()) {
      this.#delivered += delivered;
    }
    this.#life = undefined;
    await opened[Symbol.asyncDispose]();
  }

  #note(): void {
    for (const [name, each] of this.#life?.subscriptions ?? []) {
      // One from the end does not know at first where that is.
      if (each.position > 0) this.#places[name] = each.checkpoint;
    }
  }

  async #read(store: RecordedStore): Promise<{ readonly is: string }> {
    const random = this.#random;
    const { actors } = this.#options;
    const isHot = random.chance(0.1);
    const actor = actorName(random.below(isHot ? HOT_ACTORS : actors));
    const consistency = random.chance(0.8) ? "strong" : "eventual";
    if (random.chance(0.4)) return await store.latest(actor, consistency);
    const latest = 300;
    const bounds = {
      ...(random.chance(0.5) && { from: random.below(latest) }),
      ...(random.chance(0.2) && { to: random.below(latest) }),
      ...(random.chance(0.5) && { limit: 1 + random.below(30) }),
      ...(random.chance(0.4) && { backward: true }),
    };
    return await perhapsGivingUp(
      random,
      (signal) => store.read(actor, consistency, bounds, signal),
    );
  }
}
