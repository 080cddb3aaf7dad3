/**
 * What a backend gives to the cluster contract, and what its tests are made
 * with.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import type {
  ClusterManager,
  LocalClusterManagerOptions,
} from "../../../cluster/mod.ts";
import { waitFor } from "../conditions.ts";

/** A kind of cluster to be tested. */
export interface ClusterBackend {
  /** Makes a manager that has not started. */
  make(options: LocalClusterManagerOptions): ClusterManager;
}

/** What a theme of the suite registers its tests with. */
export interface ClusterContract {
  /** Registers a test with a cluster of its own. */
  test(title: string, body: (fixture: ClusterFixture) => Promise<void>): void;
}

/** A lease that lapses soon, in milliseconds. */
const LEASE = 1_500;

/** How many shards the cluster of a test has. */
export const SHARDS = 16;

/** The managers of one test. Disposing has them leave. */
export class ClusterFixture implements AsyncDisposable {
  /** What was passed to `onError`. */
  readonly errors: unknown[] = [];
  readonly #backend: ClusterBackend;
  readonly #cluster = crypto.randomUUID();
  readonly #stack = new AsyncDisposableStack();

  constructor(backend: ClusterBackend) {
    this.#backend = backend;
  }

  /** Makes a manager of the test's cluster. */
  make(options: LocalClusterManagerOptions = {}): ClusterManager {
    return this.#stack.use(this.#backend.make({
      lease: LEASE,
      settle: 20,
      shards: SHARDS,
      cluster: this.#cluster,
      onError: (error) => this.errors.push(error),
      ...options,
    }));
  }

  /** Starts so many managers, each set up first; resolves when all is settled. */
  async form(
    count: number,
    setUp: (manager: ClusterManager, index: number) => void,
    options: LocalClusterManagerOptions = {},
  ): Promise<ClusterManager[]> {
    const all = Array.from({ length: count }, (_, i) => {
      const manager = this.make({ nodeId: `node-${i}`, ...options });
      setUp(manager, i);
      return manager;
    });
    await Promise.all(all.map((manager) => manager.start()));
    await settles(all);
    return all;
  }

  /** What was passed to `onError` since the last time. */
  takeErrors(): unknown[] {
    return this.errors.splice(0);
  }

  /** Fails if something went wrong meanwhile. */
  check(): void {
    assertEquals(this.errors, []);
  }

  /** Has all leave. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#stack.disposeAsync();
  }
}

/** Waits until managers own all shards, each about as many as the others. */
export async function settles(
  managers: readonly ClusterManager[],
): Promise<void> {
  const least = Math.floor(SHARDS / managers.length);
  await waitFor(() => {
    const owned = managers.map((manager) => manager.shards().length);
    return owned.reduce((sum, count) => sum + count, 0) === SHARDS &&
      owned.every((count) => count >= least);
  }, { message: () => managers.map((each) => each.shards().length).join() });
}

/** An actor id that a manager owns, or does not. */
export function actorOf(manager: ClusterManager, isOwn: boolean): string {
  for (let i = 0;; i++) {
    const id = `actor-${i}`;
    const owner = manager.ownerOf(id)?.nodeId;
    if (owner !== undefined && (owner === manager.nodeId) === isOwn) return id;
  }
}
