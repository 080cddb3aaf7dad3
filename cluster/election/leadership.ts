/**
 * What is known of who leads.
 *
 * @module
 */

/** A node that leads. */
export interface Leader {
  /** Its id. */
  readonly nodeId: string;
  /** The term it leads in: higher than that of every leader before it. */
  readonly term: number;
}

/** What this node knows of who leads. */
export interface Leadership {
  /** The leader; undefined when none is known. */
  readonly leader: Leader | undefined;
}

/** A time in which this node leads. */
export interface LeadershipTerm {
  /**
   * Higher than the term of every leader before. A term that was interrupted
   * for want of a renewal, and goes on since nobody else took the lease, comes
   * again, with a new signal.
   */
  readonly term: number;
  /**
   * Aborted with a {@linkcode LeadershipEndedError} when this node leads no
   * more. What was begun has to stop then.
   */
  readonly signal: AbortSignal;
}

/** Options of what follows an election. */
export interface FollowElectionOptions {
  /** Ends the iteration, which then fails with the signal's reason. */
  signal?: AbortSignal | undefined;
}
