/**
 * The arguments that executing a command and deciding together share, checked.
 *
 * @module
 */

import { badRange, badType } from "../internal/arguments.ts";

/**
 * Checks an optional command id: without a character it could not be told from
 * no command.
 *
 * @throws {TypeError | RangeError} If it is no command id.
 */
export function checkCommandId(
  commandId: unknown,
  action: string,
): string | undefined {
  if (commandId === undefined) return undefined;
  if (typeof commandId !== "string") {
    throw badType(action, "commandId", "a string", commandId);
  }
  if (commandId !== "" && commandId.isWellFormed()) return commandId;
  const must = "a text of at least one character, without lone surrogates";
  throw badRange(action, "commandId", must, commandId);
}
