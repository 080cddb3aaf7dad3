/**
 * Stands in for node:assert where there is none: as much of it as
 * `tests/links/assert` uses.
 *
 * @module
 */

/** As node:assert, of what JSON, errors, maps, sets and bytes hold. */
const nodeAssert: { readonly deepStrictEqual: typeof deepStrictEqual } = {
  deepStrictEqual,
};
export default nodeAssert;

function deepStrictEqual(actual: unknown, expected: unknown): void {
  if (!equal(actual, expected)) {
    throw new Error(`${show(actual)} is not ${show(expected)}`);
  }
}

function show(value: unknown): string {
  return JSON.stringify(
    value,
    (_, part) => typeof part === "bigint" ? `${part}n` : part,
  );
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
  if (a instanceof Map || a instanceof Set) {
    return equal([...a], [...(b as Iterable<unknown>)]);
  }
  const [keys, others] = [Reflect.ownKeys(a), Reflect.ownKeys(b)].map((own) =>
    own.filter((key) => key !== "stack")
  );
  return keys!.length === others!.length &&
    keys!.every((key) =>
      Object.hasOwn(b, key) && equal(Reflect.get(a, key), Reflect.get(b, key))
    );
}
