/**
 * What a backend gives to the bus contract, and what its tests are made with.
 *
 * @module
 */

import type { BusOptions, EventBroadcaster } from "../../../bus/mod.ts";

/** One test's buses. Disposing closes them. */
export interface BusFixture extends AsyncDisposable {
  /** Where tests subscribe. */
  readonly bus: EventBroadcaster;
  /** Where tests publish: the same bus, or another one on the same subjects. */
  readonly publisher: EventBroadcaster;
  /** Resolves when everything published before has reached the subscribers. */
  settle(): Promise<void>;
}

/** A kind of bus to be tested. */
export interface BusBackend {
  /** Opens buses for one test, which hear of no other test's. */
  open(options?: BusOptions): Promise<BusFixture>;
  /** Whether publishers can be kept waiting. */
  readonly blocks: boolean;
}

/** What a theme of the suite registers its tests with. */
export interface BusContract {
  readonly blocks: boolean;
  /** Registers a test with buses of its own. */
  test(
    title: string,
    body: (fixture: BusFixture) => Promise<void>,
    options?: BusOptions,
  ): void;
  /** As `test`, opened by the body with options of its own. */
  testWith(
    title: string,
    body: (open: (options: BusOptions) => Promise<BusFixture>) => Promise<void>,
  ): void;
}
