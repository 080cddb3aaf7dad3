/**
 * What an election counts.
 *
 * @module
 */

/** Counts since an election was joined; each only rises. */
export interface ElectionMetrics {
  /** Terms that this node began as the leader. */
  readonly terms: number;
  /** Times in which it went on with its term after a lapse. */
  readonly resumed: number;
  /** Times in which it could not renew its lease in time. */
  readonly lapsed: number;
  /** Times in which it found another leader in its place. */
  readonly lost: number;
  /** Times in which it gave its leadership up. */
  readonly released: number;
  /** Reads and writes of the lease. */
  readonly requests: number;
  /** Of those, the ones whose outcome is unknown. */
  readonly failedRequests: number;
  /** Times in which the connection was asked to reconnect. */
  readonly reconnects: number;
}
