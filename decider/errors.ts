/**
 * What can come of a command besides events.
 *
 * @module
 */

import { show } from "../internal/show.ts";

/**
 * The domain's no: a decider throws it to refuse a command. Nothing is stored,
 * and it reaches the caller as it is.
 *
 * @typeParam Code The literal type of `code`.
 * @typeParam Data The type of `data`.
 *
 * @example
 * ```ts
 * import { Rejection } from "@flowmade-one/aether/decider";
 * import { assertEquals } from "@std/assert";
 *
 * const rejection = new Rejection("too-little", "Balance is too low", {
 *   balance: 20,
 * });
 *
 * const code: "too-little" = rejection.code;
 * assertEquals(code, "too-little");
 * assertEquals(rejection.data.balance, 20);
 * ```
 */
export class Rejection<
  Code extends string = string,
  Data = unknown,
> extends Error {
  /** Always `"Rejection"`. */
  override readonly name = "Rejection";
  /** Why, for programs. */
  readonly code: Code;
  /** What else the caller should know; JSON, if it is to cross a process. */
  readonly data: Data;

  /**
   * Refuses a command.
   *
   * @param code Why, for programs.
   * @param message Why, for people.
   * @param data What else the caller should know.
   */
  constructor(code: Code, message: string, data?: Data) {
    super(message);
    this.code = code;
    this.data = data as Data;
  }
}

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
