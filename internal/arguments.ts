/**
 * Checks of methods' arguments. Arguments are checked where
 * they enter and read once, and every store answers a bad one in the same way.
 *
 * @module
 */

import { nearestName } from "./nearest.ts";
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

/**
 * The names of the options of `T`, which the compiler keeps complete:
 *
 *     const OPTIONS: OptionNames<ReadOptions> = {
 *       consistency: true,
 *       signal: true,
 *     };
 */
export type OptionNames<T> = Readonly<Record<keyof T, true>>;

/**
 * The options object, or an empty one; only `undefined` counts as left out.
 *
 * @param names The options there are.
 * @throws {TypeError} If it is no object, or has an option of another name.
 */
export function optionsOf<T extends object>(
  options: T | undefined,
  names: OptionNames<T>,
  action: string,
  what = "options",
): Partial<T> {
  if (options === undefined) return {};
  if (
    typeof options !== "object" || options === null || Array.isArray(options)
  ) throw badType(action, what, "an object", options);
  checkKeys(options, names, action, "there is no option");
  return options;
}

/**
 * Checks that an object has no other keys than these.
 *
 * @param missing Says that there is no key, such as `there is no option`.
 * @throws {TypeError} If it has one; it names the nearest key there is.
 */
export function checkKeys<T extends object>(
  object: object,
  names: OptionNames<T>,
  action: string,
  missing: string,
): void {
  for (const name of Object.keys(object)) {
    if (Object.hasOwn(names, name)) continue;
    const known = Object.keys(names);
    const nearest = nearestName(name, known);
    const remedy = nearest === undefined
      ? `there are ${known.join(", ")}`
      : `did you mean ${nearest}?`;
    throw new TypeError(
      `Cannot ${action}: ${missing} ${show(name)}; ${remedy}`,
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

/** The longest timer, in milliseconds: longer ones go off at once. */
const LONGEST_TIMER = 2 ** 31 - 1;

/**
 * Checks a duration in whole milliseconds, at most as long as a timer.
 *
 * @throws {TypeError} If it is no number.
 * @throws {RangeError} If it is another number.
 */
export function checkDuration(
  value: unknown,
  action: string,
  name: string,
  min = 1,
): number {
  return checkInteger(value, action, name, min, LONGEST_TIMER);
}

/**
 * Checks an optional function.
 *
 * @throws {TypeError} If it is something else.
 */
export function checkFunction<T>(
  value: T,
  action: string,
  name: string,
): T {
  if (value === undefined || typeof value === "function") return value;
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

/**
 * Checks the optional name of a snapshot's schema.
 *
 * @throws {TypeError} If it is no string.
 * @throws {RangeError} If it is empty, or has lone surrogates.
 */
export function checkSchema(
  schema: unknown,
  action: string,
): string | undefined {
  if (schema === undefined) return undefined;
  if (typeof schema !== "string") {
    throw badType(action, "schema", "a string", schema);
  }
  if (schema !== "" && schema.isWellFormed()) return schema;
  const must = "a text of at least one character, without lone surrogates";
  throw badRange(action, "schema", must, schema);
}

/** The signal of options that have nothing else. */
export function resolveSignal(
  options: { signal?: AbortSignal | undefined } | undefined,
  action: string,
): AbortSignal | undefined {
  return checkSignal(
    optionsOf(options, { signal: true }, action).signal,
    action,
  );
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
