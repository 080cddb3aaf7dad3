/**
 * The metrics of a store.
 *
 * @module
 */

import type { DurationStats } from "../internal/telemetry/durations.ts";

/** Counts since a store was opened; each only rises. */
export interface StoreCounters {
  /** Calls of `append`, `saveEvent` and `saveEvents` that succeeded. */
  readonly saves: number;
  /** Events newly stored by them. */
  readonly savedEvents: number;
  /** Calls among `saves` that found all of their events stored already. */
  readonly duplicates: number;
  /** Calls that failed with a `VersionConflictError`. */
  readonly conflicts: number;
  /** Calls that failed with a `SaveOutcomeUnknownError`. */
  readonly unknownOutcomes: number;
  /** `EventStored` events that the bus took. */
  readonly eventStoredPublished: number;
  /**
   * `EventStored` events that the bus did not take: it failed, or was so far
   * behind that 10,000 waited already.
   */
  readonly eventStoredDropped: number;
}

/** The metrics of a store, as of when they were read. */
export interface StoreMetrics extends StoreCounters {
  /** The store's namespace. */
  readonly namespace: string;
  /**
   * How long calls of `append`, `saveEvent`, `saveEvents` and `saveSnapshot`
   * took that were sent, whether they succeeded or not.
   */
  readonly saveDuration: DurationStats;
  /**
   * How long reads took, whether they succeeded or not; for `getEvents`,
   * `readEvents`, `readAll` and `actorIds`, each page that was read.
   * Subscriptions don't count.
   */
  readonly readDuration: DurationStats;
}
