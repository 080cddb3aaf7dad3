/**
 * What a backend gives to the election contract, and what its tests are made
 * with.
 *
 * @module
 */

import type {
  LeaderElection,
  LocalElectionOptions,
} from "../../../cluster/mod.ts";
import { waitFor } from "../conditions.ts";

/** A kind of election to be tested. */
export interface ElectionBackend {
  /** Joins an election. */
  join(options: LocalElectionOptions): Promise<LeaderElection>;
}

/** What a theme of the suite registers its tests with. */
export interface ElectionContract {
  /** Registers a test with a cluster of its own. */
  test(title: string, body: (fixture: ElectionFixture) => Promise<void>): void;
}

/** A lease that lapses soon, in milliseconds. */
const LEASE = 1_200;

/** The elections of one test. Disposing closes them. */
export class ElectionFixture implements AsyncDisposable {
  readonly #backend: ElectionBackend;
  readonly #cluster = crypto.randomUUID();
  readonly #stack = new AsyncDisposableStack();

  constructor(backend: ElectionBackend) {
    this.#backend = backend;
  }

  /** Joins an election of the test's cluster. */
  async join(options: LocalElectionOptions = {}): Promise<LeaderElection> {
    const cluster = this.#cluster;
    const own = { lease: LEASE, cluster, ...options };
    return this.#stack.use(await this.#backend.join(own));
  }

  /** Joins as many candidates; resolves when one leads, which is the first. */
  async elect(
    count: number,
  ): Promise<[LeaderElection, ...LeaderElection[]]> {
    const all: LeaderElection[] = [];
    for (let i = 0; i < count; i++) {
      all.push(await this.join({ nodeId: `node-${i}` }));
    }
    const leader = await leaderOf(all);
    return [leader, ...all.filter((each) => each !== leader)];
  }

  /** Closes what was joined. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#stack.disposeAsync();
  }
}

/** Waits until one of them leads. */
export function leaderOf(
  elections: readonly LeaderElection[],
): Promise<LeaderElection> {
  return waitFor(() => elections.find((each) => each.isLeader()), {
    message: "a leader",
  });
}
