/**
 * The arguments that command handlers and joint decisions share, checked.
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

/**
 * Checks that a store is one.
 *
 * @throws {TypeError} If it has not what commands are executed with.
 */
export function checkStore(store: unknown, action: string): void {
  const object = checkObject(store, action, "store", "an EventStore");
  for (const name of ["getEvents", "saveEvent", "saveEvents"]) {
    if (typeof object[name] === "function") continue;
    throw lacking(action, "store", "an EventStore", name);
  }
}

/**
 * Checks that a decider is one. Its state may begin with `undefined`.
 *
 * @param what What it is called.
 * @throws {TypeError} If one of its three parts is missing.
 */
export function checkDecider(
  decider: unknown,
  action: string,
  what = "decider",
): void {
  const object = checkObject(decider, action, what, "a Decider");
  if (!("initialState" in object)) {
    throw lacking(action, what, "a Decider", "initialState");
  }
  for (const name of ["decide", "evolve"]) {
    if (typeof object[name] === "function") continue;
    throw lacking(action, what, "a Decider", name);
  }
}

function checkObject(
  value: unknown,
  action: string,
  what: string,
  must: string,
): Record<string, unknown> {
  if (typeof value === "object" && value !== null) {
    return value as Record<string, unknown>;
  }
  throw badType(action, what, must, value);
}

function lacking(
  action: string,
  what: string,
  must: string,
  name: string,
): TypeError {
  return new TypeError(
    `Cannot ${action}: ${what} must be ${must}, got an object without ${name}`,
  );
}
