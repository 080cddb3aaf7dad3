/**
 * What can go wrong with shards, one class a failure. Tell them apart with
 * `instanceof`.
 *
 * @module
 */

/**
 * The reason that the signal of a shard was aborted with: this node does not
 * own it any more.
 */
export class ShardLostError extends Error {
  /** Always `"ShardLostError"`. */
  override readonly name = "ShardLostError";
  /** The number of the shard. */
  readonly shard: number;
  /** The epoch that has ended, or was interrupted. */
  readonly epoch: number;
  /**
   * Why: the shard goes to another node (`"revoked"`); the node's lease could
   * not be renewed in time (`"lapsed"`; if nobody else has taken its place,
   * the same epoch goes on with a new signal); somebody else has taken its place
   * (`"replaced"`); the node leaves (`"left"`); or an error has ended it
   * (`"failed"`).
   */
  readonly code: "revoked" | "lapsed" | "replaced" | "left" | "failed";

  /** Says which shard was lost, and why. */
  constructor(
    { shard, epoch }: { shard: number; epoch: number },
    code: ShardLostError["code"],
  ) {
    const why = {
      revoked: "it goes to another node",
      lapsed: "the node's lease could not be renewed in time",
      replaced: "the node's lease was replaced",
      left: "the node leaves the cluster",
      failed: "an error has ended the node",
    };
    super(`Shard ${shard} is owned no more at epoch ${epoch}: ${why[code]}`);
    this.shard = shard;
    this.epoch = epoch;
    this.code = code;
  }
}

/**
 * Told to `onError`: a hook of a shard has failed, or did not settle in time.
 * What it was called for goes on all the same.
 */
export class ShardHookError extends Error {
  /** Always `"ShardHookError"`. */
  override readonly name = "ShardHookError";
  /** Which hook. */
  readonly hook: string;
  /** The number of the shard. */
  readonly shard: number;
  /** The epoch for which it was called. */
  readonly epoch: number;

  /** Says which hook failed, and how. */
  constructor(
    hook: string,
    { shard, epoch }: { shard: number; epoch: number },
    how: string,
    options?: ErrorOptions,
  ) {
    super(`${hook} of shard ${shard} at epoch ${epoch} ${how}`, options);
    this.hook = hook;
    this.shard = shard;
    this.epoch = epoch;
  }
}
