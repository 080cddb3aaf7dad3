/**
 * The counters of a bus.
 *
 * @module
 */

/** Counts since a bus was made; each only rises. */
export interface BusCounters {
  /** Events handed over by `publish`, also those that were refused later. */
  readonly published: number;
  /** Of those, events that the NATS user had no right to publish. */
  readonly refused: number;
  /** Events taken by subscribers, each counted. */
  readonly delivered: number;
  /** Events dropped because a buffer was full, counted for each subscriber. */
  readonly dropped: number;
  /** Gaps, for each subscription; counted under its pattern. */
  readonly gaps: number;
  /**
   * Messages of other clients on the bus's subjects that were no events. One
   * that several subjects of this bus's subscriptions match counts for each.
   */
  readonly malformed: number;
}

/** A bus's counts so far, as of when they were asked for. */
export interface BusMetrics extends BusCounters {
  /**
   * The same by namespace, for the first 1,000 that occurred. A malformed
   * message counts in no namespace.
   */
  readonly namespaces: ReadonlyMap<string, BusCounters>;
}
