/**
 * What a backend gives to the contract suite, and what the suite's tests are
 * made with.
 *
 * @module
 */

import type { EventStore } from "../../../store/event_store.ts";

/** How a test wants its store. */
export interface ContractStoreOptions {
  /** The namespace; without it one that nobody else uses. */
  namespace?: string | undefined;
  /** Milliseconds. */
  duplicateWindow?: number | undefined;
}

/** One test's store. Disposing closes every store it gave. */
export interface ContractFixture extends AsyncDisposable {
  /** An empty store that nobody else uses. */
  readonly store: EventStore;
  /** Another instance, on a connection of its own, onto the same data. */
  another?(): Promise<EventStore>;
}

/** How many writers race, and for how long. */
export interface ContractRace {
  /** Store instances; more than 1 needs {@linkcode ContractFixture.another}. */
  readonly connections: number;
  /** Loops that save, spread over the connections. */
  readonly writers: number;
  /** Versions until the race is over. */
  readonly versions: number;
}

/** A kind of store to be tested. */
export interface ContractBackend {
  /**
   * Opens a store for one test, on data that no other test sees. What all
   * tests share (a server) is the backend's to start before and stop after.
   */
  open(options?: ContractStoreOptions): Promise<ContractFixture>;
  /** Whether fixtures have `another`. @default {false} */
  readonly separate?: boolean | undefined;
  /** The server's limit for one message, in bytes. @default no limit */
  readonly maxPayload?: number | undefined;
  /** @default 16 writers, 200 versions, 4 connections if `separate` */
  readonly race?: Partial<ContractRace> | undefined;
  /** How often a property is tried. @default {50} */
  readonly runs?: number | undefined;
  /** Whether only the smoke set is run. @default {false} */
  readonly smoke?: boolean | undefined;
}

/** What a theme of the suite registers its tests with. */
export interface Contract {
  /** The backend, with its defaults filled in. */
  readonly separate: boolean;
  readonly maxPayload: number | undefined;
  readonly race: ContractRace;
  readonly runs: number;
  open(options?: ContractStoreOptions): Promise<ContractFixture>;
  /** Registers a test with a store of its own. */
  test(
    title: string,
    body: (fixture: ContractFixture) => Promise<void>,
    options?: ContractStoreOptions,
  ): void;
  /** As `test`, for backends with a second instance; else it is left out. */
  testTwo(
    title: string,
    body: (store: EventStore, other: EventStore) => Promise<void>,
  ): void;
}
