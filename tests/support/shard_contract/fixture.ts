/**
 * What a backend gives to the shard contract, and what its tests are made with.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import type {
  LocalShardManagerOptions,
  ShardManager,
} from "../../../cluster/mod.ts";
import { waitFor } from "../conditions.ts";

/** A kind of manager to be tested. */
export interface ShardBackend {
  /** Joins a cluster. */
  join(options: LocalShardManagerOptions): Promise<ShardManager>;
}

/** What a theme of the suite registers its tests with. */
export interface ShardContract {
  /** Registers a test with a cluster of its own. */
  test(title: string, body: (fixture: ShardFixture) => Promise<void>): void;
}

/** A lease that lapses soon, in milliseconds. */
const LEASE = 1_200;

/** How many shards the cluster of a test has. */
export const SHARDS = 64;

/**
 * The managers of one test. While they are there, it looks again and again
 * whether a shard has two owners. Disposing has them leave.
 */
export class ShardFixture implements AsyncDisposable {
  /** What was passed to `onError` that no test asked for. */
  readonly errors: unknown[] = [];
  readonly #backend: ShardBackend;
  readonly #cluster = crypto.randomUUID();
  readonly #stack = new AsyncDisposableStack();
  readonly #managers: ShardManager[] = [];
  readonly #doubles: string[] = [];

  constructor(backend: ShardBackend) {
    this.#backend = backend;
    const timer = setInterval(() => this.#look(), 1);
    this.#stack.defer(() => clearInterval(timer));
  }

  /** Joins the test's cluster. */
  async join(options: LocalShardManagerOptions = {}): Promise<ShardManager> {
    const manager = this.#stack.use(
      await this.#backend.join({
        lease: LEASE,
        settle: 20,
        shards: SHARDS,
        cluster: this.#cluster,
        onError: (error) => this.errors.push(error),
        ...options,
      }),
    );
    this.#managers.push(manager);
    return manager;
  }

  /** Joins so many managers; resolves when the shards are shared out. */
  async form(
    count: number,
    options: LocalShardManagerOptions = {},
  ): Promise<ShardManager[]> {
    const all = await Promise.all(
      Array.from(
        { length: count },
        (_, i) => this.join({ nodeId: `node-${i}`, ...options }),
      ),
    );
    await settles(all);
    return all;
  }

  /** Fails if something went wrong meanwhile. */
  check(): void {
    assertEquals(this.#doubles, []);
    assertEquals(this.errors, []);
  }

  /** Has all leave. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#stack.disposeAsync();
  }

  #look(): void {
    const owners = new Map<number, string>();
    for (const manager of this.#managers) {
      for (const { shard } of manager.shards()) {
        const other = owners.get(shard);
        if (other !== undefined) {
          this.#doubles.push(`${shard}: ${other} and ${manager.nodeId}`);
        }
        owners.set(shard, manager.nodeId);
      }
    }
  }
}

/** Waits until managers own all shards, each as many as the others or one more. */
export async function settles(
  managers: readonly ShardManager[],
  shards: number = SHARDS,
): Promise<void> {
  const counts = () => managers.map((each) => each.shards().length);
  await waitFor(() => {
    const now = counts();
    return now.reduce((a, b) => a + b, 0) === shards &&
      Math.max(...now) - Math.min(...now) <= 1;
  }, { message: () => `${shards} shards to be shared out, are ${counts()}` });
}
