/**
 * What the tests of handling each event are made with.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import {
  type ClusterManager,
  eachEvent,
  type EachEventContext,
  type EachEventOptions,
  type LocalClusterManagerOptions,
} from "../../../cluster/mod.ts";
import type { Event, EventStore, StoredEvent } from "../../../mod.ts";
import {
  type ClusterBackend,
  ClusterFixture,
} from "../cluster_contract/fixture.ts";
import { waitFor } from "../conditions.ts";

/** The events of these tests. */
export type Counted =
  | Event<"Counted", { n: number }>
  | Event<"Noted", { n: number }>;

/** What a theme of the suite registers its tests with. */
export interface EachEventContract {
  /** Registers a test with a cluster and a store of its own. */
  test(
    title: string,
    body: (fixture: EachEventFixture) => Promise<void>,
  ): void;
}

/** An event that a node has handled. */
export interface Handled {
  readonly node: string;
  readonly stored: StoredEvent<Counted>;
  readonly context: EachEventContext;
}

/** The cluster and the store of one test, and what its nodes have handled. */
export class EachEventFixture extends ClusterFixture {
  readonly store: EventStore<Counted>;
  /** Of the same kind, with other events. */
  readonly other: EventStore<Counted>;
  /** In the order in which it was handled. */
  readonly handled: Handled[] = [];
  readonly #versions = new Map<string, number>();
  readonly #managers: ClusterManager[] = [];

  constructor(
    backend: ClusterBackend,
    store: EventStore<Counted>,
    other: EventStore<Counted>,
  ) {
    super(backend);
    this.store = store;
    this.other = other;
  }

  /** As the cluster's, with time for hooks and checkpoints. */
  override make(options: LocalClusterManagerOptions = {}): ClusterManager {
    const manager = super.make({ hookTimeout: 30_000, ...options });
    this.#managers.push(manager);
    return manager;
  }

  /**
   * Whether no node has lost its lease: a machine that stands still may cost
   * one, and then events may come again.
   */
  get isCalm(): boolean {
    return this.#managers.every((each) =>
      each.health().state === "new" || each.metrics.lost === 0
    );
  }

  /** Has a manager write down each event that it handles. */
  follow(
    manager: ClusterManager,
    options: EachEventOptions<Counted["eventType"]> = {},
    before: (handled: Handled) => void | Promise<void> = () => {},
  ): void {
    const work = eachEvent(this.store, async (stored, context) => {
      const handled = { node: manager.nodeId, stored, context };
      await before(handled);
      this.handled.push(handled);
    }, { checkpointEvery: 50, ...options });
    manager.forOwnedShards("followed", work);
  }

  /** Appends events to actors in turn. */
  async append(
    count: number,
    actors: readonly string[],
    eventType: Counted["eventType"] = "Counted",
  ): Promise<void> {
    const batches = new Map<string, { n: number }[]>();
    for (let i = 0; i < count; i++) {
      const actorId = actors[i % actors.length]!;
      const n = (this.#versions.get(actorId) ?? 0) + 1;
      this.#versions.set(actorId, n);
      batches.set(actorId, [...batches.get(actorId) ?? [], { n }]);
    }
    await Promise.all(
      [...batches].map(([actorId, batch]) =>
        this.store.append(actorId, batch.map((data) => ({ eventType, data })))
      ),
    );
  }

  /** Waits until every event that was appended, to these, has been handled. */
  async complete(actors?: readonly string[]): Promise<void> {
    const ids = actors ?? [...this.#versions.keys()];
    const isComplete = () => {
      const last = this.#last();
      return ids.every((id) => last.get(id) === this.#versions.get(id));
    };
    await waitFor(isComplete, {
      timeout: 60_000,
      message: () => JSON.stringify([...this.#last()]),
    });
  }

  /**
   * Checks that each actor's events were handled in their order, none left out,
   * and none again.
   */
  checkOrder({ mayRepeat = false }: { mayRepeat?: boolean } = {}): void {
    const seen = new Map<string, number>();
    let again = 0;
    const wrong: unknown[] = [];
    for (const { stored: { event } } of this.handled) {
      const { actorId, data: { n } } = event;
      const last = seen.get(actorId) ?? 0;
      if (n <= last) again++;
      else if (n === last + 1) seen.set(actorId, n);
      else wrong.push([actorId, last, n]);
    }
    assertEquals(wrong, []);
    assertEquals(seen, this.#versions);
    if (this.isCalm && !mayRepeat) assertEquals(again, 0);
  }

  #last(): Map<string, number> {
    return new Map(
      this.handled.map(({ stored: { event } }) => [
        event.actorId,
        event.data.n,
      ]),
    );
  }
}

/** Names of so many actors. */
export function actorsOf(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `actor-${i}`);
}
