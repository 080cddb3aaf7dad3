import { assertEquals } from "@std/assert";
import real from "node:assert";
import standIn from "../../runtimes/node_assert.ts";

const symbol = Symbol();

/** Values of which each differs from every other, made anew each time. */
const makeValues = (): unknown[] => [
  undefined,
  null,
  0,
  -0,
  1n,
  NaN,
  "",
  "a",
  symbol,
  {},
  { a: 1 },
  { a: undefined },
  { b: 1 },
  { a: 1, b: { c: [1, 2] } },
  { a: 1, b: { c: [2, 1] } },
  { [symbol]: 1 },
  Object.create(null),
  [],
  [1],
  [undefined],
  [1, [2]],
  new Date(0),
  new Date(1),
  new Map(),
  new Map([["a", 1], ["b", 2]]),
  new Map([["a", 2], ["b", 2]]),
  new Map([["a", [1]]]),
  new Set(),
  new Set([1, 2]),
  new Set([1, 3]),
  new Uint8Array([1, 2]),
  new Uint8Array([1, 3]),
  new Error("a"),
  new Error("b"),
  new TypeError("a"),
  Object.assign(new Error("a"), { code: 1 }),
  new Error("a", { cause: 1 }),
];

function isEqual(of: typeof standIn, a: unknown, b: unknown): boolean {
  try {
    of.deepStrictEqual(a, b);
    return true;
  } catch {
    return false;
  }
}

Deno.test("the stand-in for node:assert judges as it does", () => {
  const [values, others] = [makeValues(), makeValues()];
  for (const [i, a] of values.entries()) {
    for (const [j, b] of others.entries()) {
      const expected = isEqual(real, a, b);
      assertEquals(expected, i === j, `values ${i} and ${j}`);
      assertEquals(isEqual(standIn, a, b), expected, `values ${i} and ${j}`);
    }
  }
  const [map, other] = [new Map([["a", 1], ["b", 2]]), new Map([["b", 2]])];
  assertEquals(isEqual(standIn, map, other.set("a", 1)), true);
});
