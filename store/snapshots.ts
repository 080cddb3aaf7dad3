/**
 * Snapshots, and the options and results of their calls.
 *
 * @module
 */

import type { ReadOptions } from "./reading.ts";

/** An actor's state after the event of a version: a cache of its history. */
export interface ActorSnapshot {
  /** The actor. */
  readonly actorId: string;
  /** The version of the last event in `state`; greater than 0. */
  readonly version: number;
  /** The state, as JSON; deeply frozen where a store gives it. */
  readonly state: unknown;
  /** When it was taken, in RFC 3339. */
  readonly timestamp: string;
  /**
   * What the state is made of, such as `order-2`: at least one character.
   * Name another one when that changes, so that states of the old kind are not
   * taken for new ones.
   */
  readonly schema?: string | undefined;
}

/** Options of {@linkcode EventStore.getLatestSnapshot}. */
export interface GetSnapshotOptions extends ReadOptions {
  /**
   * The schema that the snapshot must have been saved with; one with another
   * or without a schema is as none. @default any
   */
  schema?: string | undefined;
}

/** Options of {@linkcode EventStore.saveSnapshot}. */
export interface SaveSnapshotOptions {
  /** Gives up: the call fails with the signal's reason. */
  signal?: AbortSignal | undefined;
}

/** The result of {@linkcode EventStore.saveSnapshot}. */
export interface SaveSnapshotResult {
  /** False when one of a later version was kept instead. */
  readonly saved: boolean;
}
