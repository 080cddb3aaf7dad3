/**
 * What a bus counts.
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
  /** Events dropped since a subscriber had no room, for each subscriber. */
  readonly dropped: number;
  /** Gaps, for each subscription; counted under its pattern. */
  readonly gaps: number;
  /**
   * Messages of others on the bus's subjects that were no events, each counted
   * as often as it came: once for each of the server's subscriptions that
   * brought it, which those with the same pattern and types share.
   */
  readonly malformed: number;
}

/** What a bus has done so far, as of when it was asked. */
export interface BusMetrics extends BusCounters {
  /**
   * The same by namespace, for the first 1,000 that occurred. A malformed
   * message counts in no namespace.
   */
  readonly namespaces: ReadonlyMap<string, BusCounters>;
}
