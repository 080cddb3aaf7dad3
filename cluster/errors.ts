/**
 * What can go wrong in a cluster, one class a failure. Tell them apart with
 * `instanceof`.
 *
 * @module
 */

/**
 * The reason that the signal of a term was aborted with: this node does not
 * lead any more.
 */
export class LeadershipEndedError extends Error {
  /** Always `"LeadershipEndedError"`. */
  override readonly name = "LeadershipEndedError";
  /** The term that has ended, or was interrupted. */
  readonly term: number;
  /**
   * Why: the lease could not be renewed in time (`"lapsed"`; if nobody else
   * took it, the same term goes on with a new signal), another leader was found
   * in its place (`"lost"`), or it was given up (`"released"`).
   */
  readonly code: "lapsed" | "lost" | "released";

  /** Says which term ended, and why. */
  constructor(term: number, code: "lapsed" | "lost" | "released") {
    const why = {
      lapsed: "the lease could not be renewed in time",
      lost: "another node has the lease",
      released: "this node has released the lease",
    };
    super(`The leadership of term ${term} has ended: ${why[code]}`);
    this.term = term;
    this.code = code;
  }
}

/** The election was closed; nothing was done. */
export class ElectionClosedError extends Error {
  /** Always `"ElectionClosedError"`. */
  override readonly name = "ElectionClosedError";

  /** Says what can't be done any more. */
  constructor(action: string) {
    super(`Cannot ${action}: the election is closed`);
  }
}
