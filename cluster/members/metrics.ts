/**
 * What a node counts.
 *
 * @module
 */

/** Counts since a node has joined a cluster; each only rises. */
export interface DiscoveryMetrics {
  /** Newer maps that it has read. */
  readonly maps: number;
  /**
   * Times in which it lost its lease, since it could not renew it in time, and
   * others took its place.
   */
  readonly lost: number;
  /** Times in which the connection was asked to reconnect. */
  readonly reconnects: number;
}
