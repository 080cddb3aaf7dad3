/**
 * Stands in for node:assert where there is none: as much of it as
 * `tests/links/assert` uses.
 *
 * @module
 */

import { inspect } from "../support/inspect.ts";

/** As node:assert, of what JSON, errors, bytes and maps and sets by primitive values hold. */
const nodeAssert: { readonly deepStrictEqual: typeof deepStrictEqual } = {
  deepStrictEqual,
};
export default nodeAssert;

function deepStrictEqual(actual: unknown, expected: unknown): void {
  if (!equal(actual, expected)) {
    throw new Error(`${inspect(actual)} is not ${inspect(expected)}`);
  }
}

function equal(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== "object" || typeof b !== "object") return false;
  if (a === null || b === null) return false;
  if (Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return false;
  if (a instanceof Date) return equal(a.getTime(), (b as Date).getTime());
  if (a instanceof Error) {
    const other = b as Error;
    if (a.message !== other.message || a.name !== other.name) return false;
  }
  if (a instanceof Map) {
    const other = b as Map<unknown, unknown>;
    return a.size === other.size &&
      [...a].every(([key, value]) =>
        other.has(key) && equal(value, other.get(key))
      );
  }
  if (a instanceof Set) {
    const other = b as Set<unknown>;
    return a.size === other.size && [...a].every((value) => other.has(value));
  }
  const [keys, others] = [Reflect.ownKeys(a), Reflect.ownKeys(b)].map((own) =>
    own.filter((key) => key !== "stack")
  );
  return keys!.length === others!.length &&
    keys!.every((key) =>
      Object.hasOwn(b, key) && equal(Reflect.get(a, key), Reflect.get(b, key))
    );
}
