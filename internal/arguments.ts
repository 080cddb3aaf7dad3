/**
 * What checking a method's arguments is made of. Arguments are checked where
 * they enter and read once, and every store answers a bad one in the same way.
 *
 * @module
 */

import { show } from "./show.ts";

/** The error for a value of another type. */
export function badType(
  action: string,
  name: string,
  must: string,
  value: unknown,
): TypeError {
  return new TypeError(
    `Cannot ${action}: ${name} must be ${must}, got ${show(value)}`,
  );
}

/** The error for a value of the right type that is out of bounds. */
export function badRange(
  action: string,
  name: string,
  must: string,
  value: unknown,
): RangeError {
  return new RangeError(
    `Cannot ${action}: ${name} must be ${must}, got ${show(value)}`,
  );
}

/** The options object, or an empty one; only `undefined` is left out. */
export function optionsOf<T extends object>(
  options: T | undefined,
  action: string,
  name = "options",
): Partial<T> {
  if (options === undefined) return {};
  if (
    typeof options === "object" && options !== null && !Array.isArray(options)
  ) return options;
  throw badType(action, name, "an object", options);
}

/**
 * Refuses options that belong to another method, where leaving them out would
 * change what is saved or delivered.
 *
 * @throws {TypeError} If there is one.
 */
export function refuseOptions(
  options: object,
  names: readonly string[],
  action: string,
  instead: string,
): void {
  for (const name of names) {
    if (!(name in options)) continue;
    throw new TypeError(
      `Cannot ${action}: there is no option ${name} here; ${instead}`,
    );
  }
}

/**
 * Checks a safe integer, such as a version, within bounds (inclusive).
 *
 * @throws {TypeError} If it is no number.
 * @throws {RangeError} If it is another number.
 */
export function checkInteger(
  value: unknown,
  action: string,
  name: string,
  min = 0,
  max: number = Number.MAX_SAFE_INTEGER,
): number {
  if (typeof value !== "number") {
    throw badType(action, name, "a number", value);
  }
  if (Number.isSafeInteger(value) && value >= min && value <= max) return value;
  const must = max === Number.MAX_SAFE_INTEGER
    ? `a safe integer of at least ${min}`
    : `an integer from ${min} to ${max}`;
  throw badRange(action, name, must, value);
}

/**
 * Checks an optional function.
 *
 * @throws {TypeError} If it is something else.
 */
export function checkFunction(
  value: unknown,
  action: string,
  name: string,
): void {
  if (value === undefined || typeof value === "function") return;
  throw badType(action, name, "a function", value);
}

/** @throws {TypeError} If a value is no boolean. */
export function checkBoolean(
  value: unknown,
  action: string,
  name: string,
): void {
  if (typeof value === "boolean") return;
  throw badType(action, name, "a boolean", value);
}

/**
 * Checks an optional signal.
 *
 * @throws {TypeError} If it is something else.
 */
export function checkSignal(
  signal: unknown,
  action: string,
): AbortSignal | undefined {
  if (signal === undefined || signal instanceof AbortSignal) return signal;
  throw badType(action, "signal", "an AbortSignal", signal);
}

/** The signal of options that have nothing else. */
export function resolveSignal(
  options: { signal?: AbortSignal | undefined } | undefined,
  action: string,
): AbortSignal | undefined {
  return checkSignal(optionsOf(options, action).signal, action);
}

/** Checks a choice among literal strings. */
export function oneOf<T extends string>(
  value: unknown,
  allowed: readonly T[],
  action: string,
  name: string,
): T {
  const found = allowed.find((each) => each === value);
  if (found !== undefined) return found;
  const must = allowed.map((each) => JSON.stringify(each)).join(" or ");
  throw typeof value === "string"
    ? badRange(action, name, must, value)
    : badType(action, name, must, value);
}
