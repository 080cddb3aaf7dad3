/**
 * What can come of a command besides events.
 *
 * @module
 */

import { show } from "../internal/show.ts";

export { Rejection } from "../internal/rejection.ts";

/**
 * Others were faster each time: a command was decided as often as allowed, and
 * each time the actor had moved on before its events were stored. Nothing was
 * stored. `cause` is the last conflict.
 */
export class TooManyConflictsError extends Error {
  /** Always `"TooManyConflictsError"`. */
  override readonly name = "TooManyConflictsError";
  /** The actors that the command was decided for. */
  readonly actorIds: readonly string[];
  /** How often it was decided. */
  readonly attempts: number;

  /** Says of which actors, and how often. */
  constructor(
    actorIds: readonly string[],
    attempts: number,
    options?: ErrorOptions,
  ) {
    const [first, ...others] = actorIds;
    const actors = others.length === 0
      ? `actor ${show(first)}`
      : `${actorIds.length} actors, the first ${show(first)},`;
    const times = attempts === 1 ? "once" : `${attempts} times`;
    super(
      `Cannot execute command: ${actors} moved on before the decision was stored, ${times}`,
      options,
    );
    this.actorIds = actorIds;
    this.attempts = attempts;
  }
}
