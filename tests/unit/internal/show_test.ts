import { assert, assertEquals } from "@std/assert";
import { show } from "../../../internal/show.ts";

Deno.test("show() quotes strings and abbreviates long ones", () => {
  assertEquals(show(""), '""');
  assertEquals(show('a"\n'), '"a\\"\\n"');
  assertEquals(show("\ud800"), '"\\ud800"');
  const full = "a".repeat(64);
  assertEquals(show(full), `"${full}"`);
  assertEquals(show(full + "b"), `"${full}"... (65 characters)`);
  assert(show("\0".repeat(10_000_000)).length < 500);
});

Deno.test("show() names every other value, without running its code", () => {
  const trap = () => {
    throw new Error("ran");
  };
  const hostile = Object.defineProperties({}, {
    toString: { get: trap },
    [Symbol.toPrimitive]: { get: trap },
    [Symbol.toStringTag]: { get: trap },
  });
  const proxy = new Proxy({}, { get: trap, getPrototypeOf: trap });
  const rows: [unknown, string][] = [
    [undefined, "undefined"],
    [null, "null"],
    [true, "true"],
    [0, "0"],
    [-0, "-0"],
    [1.5, "1.5"],
    [NaN, "NaN"],
    [-Infinity, "-Infinity"],
    [7n, "7n"],
    [-(10n ** 31n), `-1${"0".repeat(31)}n`],
    [10n ** 100_000n, "a bigint"],
    [Symbol("s"), "a symbol"],
    [() => 1, "a function"],
    [[1], "an object"],
    [hostile, "an object"],
    [proxy, "an object"],
  ];
  for (const [value, shown] of rows) assertEquals(show(value), shown);
});
