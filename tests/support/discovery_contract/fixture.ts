/**
 * What a backend gives to the discovery contract, and what its tests are made
 * with.
 *
 * @module
 */

import type {
  ClusterNode,
  LocalDiscoveryOptions,
  NodeDiscovery,
} from "../../../cluster/mod.ts";
import { waitFor } from "../conditions.ts";

/** A kind of discovery to be tested. */
export interface DiscoveryBackend {
  /** Joins a cluster. */
  join(options: LocalDiscoveryOptions): Promise<NodeDiscovery>;
}

/** What a theme of the suite registers its tests with. */
export interface DiscoveryContract {
  /** Registers a test with a cluster of its own. */
  test(
    title: string,
    body: (fixture: DiscoveryFixture) => Promise<void>,
  ): void;
}

/** A lease that lapses soon, in milliseconds. */
const LEASE = 1_200;

/** The nodes of one test. Disposing has them leave. */
export class DiscoveryFixture implements AsyncDisposable {
  readonly #backend: DiscoveryBackend;
  readonly #cluster = crypto.randomUUID();
  readonly #stack = new AsyncDisposableStack();

  constructor(backend: DiscoveryBackend) {
    this.#backend = backend;
  }

  /** Joins the test's cluster. */
  async join(options: LocalDiscoveryOptions = {}): Promise<NodeDiscovery> {
    const own = { lease: LEASE, cluster: this.#cluster, ...options };
    return this.#stack.use(await this.#backend.join(own));
  }

  /** Joins so many members; resolves when each sees all of them ready. */
  async form(count: number): Promise<NodeDiscovery[]> {
    const ids = Array.from({ length: count }, (_, i) => `node-${i}`);
    const all = await Promise.all(
      ids.map((nodeId) => this.join({ nodeId })),
    );
    for (const each of all) await seesReady(each, ids);
    return all;
  }

  /** Has all leave. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#stack.disposeAsync();
  }
}

/** Waits until a node sees exactly these ones, all of them ready. */
export async function seesReady(
  discovery: NodeDiscovery,
  ids: readonly string[],
): Promise<readonly ClusterNode[]> {
  const wanted = JSON.stringify([...ids].sort());
  return await waitFor(() => {
    const nodes = discovery.nodes();
    const ready = nodes.filter(({ state }) => state === "ready");
    const found = JSON.stringify(ready.map(({ id }) => id).sort());
    return found === wanted && ready.length === nodes.length && nodes;
  }, {
    message: () =>
      `${discovery.nodeId} to see ${ids}, sees ${
        discovery.nodes().map(({ id, state }) => `${id} ${state}`)
      }`,
  });
}
