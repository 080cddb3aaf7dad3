/**
 * The domain's no, which deciders and handlers of requests share.
 *
 * @module
 */

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
