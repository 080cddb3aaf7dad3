import {
  assert,
  assertEquals,
  assertNotEquals,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import fc from "fast-check";
import { InvalidEventError } from "../../../event/errors.ts";
import {
  copyJson,
  equalJson,
  freezeJson,
  maxJsonDepth,
  thawedCopy,
} from "../../../event/json.ts";
import { anyCharacter } from "../../support/any_character.ts";

const json = fc.jsonValue({ maxDepth: 4 });

function deeplyFrozen(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return true;
  return Object.isFrozen(value) && Object.values(value).every(deeplyFrozen);
}

/** Objects within objects, `depth` in all. */
function nested(depth: number): unknown {
  let value: unknown = {};
  for (let i = 1; i < depth; i++) value = { a: value };
  return value;
}

class Money {
  amount = 1;
}

class List extends Array {}

const cycle: Record<string, unknown> = {};
cycle.self = cycle;

const revealed = Object.assign([1, 2], { extra: true });

function getter(get: () => unknown): object {
  return Object.defineProperty({}, "a", { get, enumerable: true });
}

function args(..._: unknown[]): unknown {
  return arguments;
}

/** Every kind of value that is not JSON, and what the message calls it. */
const kinds: [value: unknown, called: string][] = [
  [() => 1, "a function"],
  [Money, "a function"],
  [Symbol("s"), "a symbol"],
  [1n, "1n; write it as a string"],
  [10n ** 1000n, "a bigint"],
  [NaN, "NaN"],
  [Infinity, "Infinity"],
  [-Infinity, "-Infinity"],
  [new Date(0), "an instance of Date; write its toISOString()"],
  [new Map(), "an instance of Map; write an object of its entries"],
  [new Set(), "an instance of Set; write an array of its items"],
  [/x/, "an instance of RegExp"],
  [new Error("e"), "an instance of Error"],
  [new Uint8Array(1), "an instance of Uint8Array"],
  [new ArrayBuffer(1), "an instance of ArrayBuffer"],
  [Promise.resolve(), "an instance of Promise"],
  [new WeakMap(), "an instance of WeakMap"],
  [new URL("https://a.example"), "an instance of URL"],
  [new Money(), "an instance of Money"],
  [Object.create({}), "an object with a prototype of its own"],
  [Object.create(Object.create(null)), "a prototype of its own"],
  [new List(), "an instance of List"],
  [new Number(1), "an instance of Number"],
  [new String("s"), "an instance of String"],
  [new Boolean(true), "an instance of Boolean"],
  [Object(1n), "an instance of BigInt"],
  [Object(Symbol("s")), "an instance of Symbol"],
  [{ toJSON: () => 1 }, "a toJSON method"],
  [Object.defineProperty({}, "toJSON", { value: () => 1 }), "a toJSON method"],
  ["\ud800", '"\\ud800"'],
  ["a\udfffb", '"a\\udfffb"'],
];

Deno.test("copyJson() and thawedCopy() refuse every kind that is not JSON, with its path", () => {
  for (const [value, called] of kinds) {
    const places: [object, string][] = [
      [{ a: value }, "data.a"],
      [{ a: { b: [0, "x", { c: value }] } }, "data.a.b[2].c"],
      [{ "a b": [value] }, 'data["a b"][0]'],
    ];
    for (const [data, path] of places) {
      for (const refuse of [copyJson, thawedCopy]) {
        const error = assertThrows(
          () => refuse(data, "data", "save event"),
          InvalidEventError,
          `Cannot save event: ${path} must`,
        );
        assertEquals(error.path, path);
        assert(error.message.includes(called), error.message);
      }
    }
  }
});

Deno.test("copyJson() and thawedCopy() refuse what hides in containers, with its path", () => {
  const cases: [unknown, string, string][] = [
    [{ a: [1, undefined] }, "data.a[1]", "got undefined"],
    // deno-lint-ignore no-sparse-arrays
    [{ a: [1, , 3] }, "data.a[1]", "got a hole"],
    [{ a: new Array(4_000_000_000) }, "data.a[0]", "got a hole"],
    [{ a: revealed }, "data.a.extra", "a property of an array"],
    [{ a: Object.assign([], { "-1": 0 }) }, 'data.a["-1"]', "of an array"],
    [{ [Symbol("s")]: 1 }, "data[Symbol(s)]", "a symbol as key"],
    [{ a: Object.assign([], { [Symbol.iterator]: 1 }) }, "", "a symbol as key"],
    [{ "\ud800": 1 }, 'data["\\ud800"]', "lone surrogates in its key"],
    [cycle, "data.self", "got a cycle"],
    [{ a: [cycle] }, "data.a[0].self", "got a cycle"],
    [getter(() => NaN), "data.a", "got NaN"],
    [{ a: args(1) }, "", "a symbol as key"],
    [{ a: Math }, "", "a symbol as key"],
    [undefined, "data", "got undefined"],
    [() => 1, "data", "got a function"],
  ];
  for (const [data, path, message] of cases) {
    for (const refuse of [copyJson, thawedCopy]) {
      const error = assertThrows(
        () => refuse(data, "data"),
        InvalidEventError,
        message,
      );
      if (path !== "") assertEquals(error.path, path);
    }
  }
});

Deno.test("copyJson() names odd keys in paths as they would be written in code", () => {
  const keys: [string, string][] = [
    ["plain", "data.plain"],
    ["$_9", "data.$_9"],
    ["9a", 'data["9a"]'],
    ["0", 'data["0"]'],
    ["", 'data[""]'],
    ["a.b", 'data["a.b"]'],
    ["ü", 'data["ü"]'],
    ['"', 'data["\\""]'],
    ["__proto__", "data.__proto__"],
  ];
  for (const [key, path] of keys) {
    const data = Object.fromEntries([[key, NaN]]);
    const error = assertThrows(() => copyJson(data, "data"), InvalidEventError);
    assertEquals(error.path, path);
  }
});

Deno.test("copyJson() and thawedCopy() take 1,000 levels and refuse 1,001", () => {
  assertEquals(maxJsonDepth, 1000);
  for (const refuse of [copyJson, thawedCopy]) {
    refuse(nested(1000), "data");
    const error = assertThrows(
      () => refuse(nested(1001), "data"),
      InvalidEventError,
      "must not nest deeper than 1000 levels",
    );
    assertEquals(error.path, "data" + ".a".repeat(1000));
    assert(error.message.length < 300, error.message);
  }
  const parsed = JSON.parse(JSON.stringify(nested(1000)));
  assert(deeplyFrozen(freezeJson(parsed, "data")));
  const deep = JSON.parse("[".repeat(200_000) + "]".repeat(200_000));
  for (const refuse of [copyJson, thawedCopy, freezeJson]) {
    assertThrows(() => refuse(deep, "data"), InvalidEventError, "1000 levels");
  }
});

Deno.test("copyJson() takes the same object in several places", () => {
  const shared = { a: 1 };
  const copy = copyJson({ x: shared, y: [shared, shared] }, "data");
  assertEquals(copy, { x: { a: 1 }, y: [{ a: 1 }, { a: 1 }] });
});

Deno.test("copyJson() leaves out undefined properties, and keeps the rest", () => {
  const copy = copyJson({ a: undefined, b: null, c: "", d: [] }, "data");
  assertEquals(copy as unknown, { b: null, c: "", d: [] });
  assertEquals(Object.keys(copy), ["b", "c", "d"]);
});

Deno.test("copyJson() leaves out properties that are not enumerable", () => {
  const data = Object.defineProperty({ a: 1 }, "hidden", { value: 2 });
  assertEquals(Reflect.ownKeys(copyJson(data, "data")), ["a"]);
});

Deno.test("copyJson() stores -0 as 0", () => {
  const copy = copyJson({ a: -0, b: [-0], c: 0 }, "data");
  assert(Object.is(copy.a, 0) && Object.is(copy.b[0], 0));
  const parsed = freezeJson(JSON.parse('{"a":-0,"b":[-0.0]}'), "data");
  assert(Object.is(parsed.a, 0) && Object.is(parsed.b[0], 0));
});

Deno.test("copyJson() keeps an own __proto__ and sets no prototype", () => {
  const data = JSON.parse('{"__proto__":{"admin":true},"a":{"__proto__":-0}}');
  const copy = copyJson(data, "data");
  assertEquals(JSON.stringify(copy), JSON.stringify(data));
  assertStrictEquals(Object.getPrototypeOf(copy), Object.prototype);
  assertEquals(copy.admin, undefined);
  freezeJson(data, "data");
  assertEquals(JSON.stringify(data.a), '{"__proto__":0}');
  assertStrictEquals(Object.getPrototypeOf(data.a), Object.prototype);
});

Deno.test("copyJson() takes objects without a prototype", () => {
  const data = Object.assign(Object.create(null), { a: 1 });
  const copy = copyJson(data, "data");
  assertEquals(copy, { a: 1 });
  assertStrictEquals(Object.getPrototypeOf(copy), Object.prototype);
});

Deno.test("copyJson() and thawedCopy() read a getter once", () => {
  for (const copy of [copyJson, thawedCopy]) {
    let reads = 0;
    const copied = copy(getter(() => ++reads === 1 ? "first" : NaN), "data");
    assertEquals(copied, { a: "first" });
    assertEquals(reads, 1);
  }
});

Deno.test("copyJson() copies exactly what it checked, even of a Proxy that lies", () => {
  // Each look at a property gives the next value.
  const lies = (values: unknown[]) => {
    let looks = 0;
    const next = () => values[Math.min(looks++, values.length - 1)];
    return new Proxy({ a: 1 } as Record<string, unknown>, {
      get: next,
      getOwnPropertyDescriptor: (_, key) =>
        key === "a"
          ? {
            value: next(),
            writable: true,
            enumerable: true,
            configurable: true,
          }
          : undefined,
    });
  };
  const isJson = (value: unknown) => {
    assertEquals(JSON.parse(JSON.stringify(value)), value);
  };
  const nasty = [1, () => 1, NaN, undefined, Symbol("s"), new Date(), {}];
  for (let start = 0; start < nasty.length; start++) {
    const values = [...nasty.slice(start), ...nasty.slice(0, start)];
    try {
      isJson(copyJson(lies(values), "data"));
    } catch (error) {
      if (!(error instanceof InvalidEventError)) throw error;
    }
  }
});

Deno.test("copyJson() agrees with JSON.parse(JSON.stringify()) on everything it takes", () => {
  fc.assert(fc.property(json, (value) => {
    const copy = copyJson(value, "data");
    assertEquals(copy, JSON.parse(JSON.stringify(value)));
    assert(deeplyFrozen(copy));
    const thawed = thawedCopy(value, "data");
    assertEquals(thawed, copy);
    assert(Object(thawed) !== thawed || !Object.isFrozen(thawed));
  }));
  // And of everything there is, it takes nothing on which they differ.
  const anything = fc.anything({
    withBigInt: true,
    withBoxedValues: true,
    withDate: true,
    withMap: true,
    withNullPrototype: true,
    withObjectString: true,
    withSet: true,
    withSparseArray: true,
    withTypedArray: true,
    stringUnit: anyCharacter,
    maxDepth: 3,
  });
  let taken = 0;
  fc.assert(
    fc.property(anything, (value) => {
      let copy: unknown;
      try {
        copy = copyJson(value, "data");
      } catch (error) {
        assert(error instanceof InvalidEventError);
        assertThrows(() => thawedCopy(value, "data"), InvalidEventError);
        return;
      }
      taken++;
      const written = JSON.stringify(value);
      assertEquals(JSON.stringify(copy), written);
      assertEquals(copy, JSON.parse(written));
      assert(equalJson(copy, value));
    }),
    { numRuns: 1000 },
  );
  assert(taken > 100, `${taken} of 1000 taken`);
});

Deno.test("copyJson() gives a copy that the caller can't reach", () => {
  fc.assert(fc.property(json, (value) => {
    const before = JSON.stringify(value);
    const copy = copyJson(value, "data");
    const spoil = (at: unknown): void => {
      if (typeof at !== "object" || at === null) return;
      for (const inner of Object.values(at)) spoil(inner);
      if (Array.isArray(at)) at.push("spoilt");
      else (at as Record<string, unknown>).spoilt = true;
    };
    spoil(value);
    assertEquals(JSON.stringify(copy), before);
  }));
});

Deno.test("freezeJson() freezes what JSON.parse made and refuses what is not JSON to us", () => {
  fc.assert(fc.property(json, (value) => {
    const parsed = JSON.parse(JSON.stringify(value));
    assertStrictEquals(freezeJson(parsed, "data"), parsed);
    assert(deeplyFrozen(parsed));
    assert(equalJson(parsed, value));
  }));
  const cases: [string, string][] = [
    ['{"a":[1e999]}', "data.a[0]"],
    ['{"a":{"b":-1e999}}', "data.a.b"],
    ['{"a":"\\ud800"}', "data.a"],
    ['{"\\udc00":1}', 'data["\\udc00"]'],
  ];
  for (const [text, path] of cases) {
    const error = assertThrows(
      () => freezeJson(JSON.parse(text), "data", "decode event"),
      InvalidEventError,
      "Cannot decode event: data",
    );
    assertEquals(error.path, path);
  }
});

Deno.test("equalJson() ignores the order of keys, undefined properties and the sign of 0", () => {
  const equal: [unknown, unknown][] = [
    [{}, {}],
    [[], []],
    [null, null],
    [0, -0],
    [{ a: [-0] }, { a: [0] }],
    [{ a: 1, b: 2 }, { b: 2, a: 1 }],
    [{ a: 1, b: undefined }, { a: 1 }],
    [{ a: 1 }, { c: undefined, a: 1 }],
    [JSON.parse('{"__proto__":1}'), JSON.parse('{"__proto__":1}')],
  ];
  for (const [a, b] of equal) assert(equalJson(a, b) && equalJson(b, a));
  const different: [unknown, unknown][] = [
    [{}, []],
    [{}, null],
    [[], null],
    [1, "1"],
    [0, false],
    [0, null],
    [[1], [1, 2]],
    [[1, 2], [2, 1]],
    [{ 0: 1 }, [1]],
    [{ length: 0 }, []],
    [{ a: 1 }, { b: 1 }],
    [{ a: null }, {}],
    [{ a: 1 }, { a: 1, b: 2 }],
    [{ a: { b: 1 } }, { a: { b: 2 } }],
    [{ toString: 1 }, {}],
    [{}, JSON.parse('{"__proto__":{}}')],
    ["e\u0301", "\u00e9"],
  ];
  for (const [a, b] of different) assert(!equalJson(a, b) && !equalJson(b, a));
});

Deno.test("equalJson() agrees with the equality of what is written", () => {
  const sorted = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(sorted);
    if (typeof value !== "object" || value === null) return value;
    const entries = Object.entries(value);
    return entries.sort(([a], [b]) => a < b ? -1 : 1)
      .map(([key, item]) => [key, sorted(item)]);
  };
  const small = fc.jsonValue({ maxDepth: 2 });
  fc.assert(fc.property(small, small, (a, b) => {
    // The marker keeps an object apart from an array of pairs.
    const written = (v: unknown) =>
      JSON.stringify([typeof v, Array.isArray(v), sorted(v)]);
    if (written(a) !== written(b)) assertNotEquals(equalJson(a, b), true);
    assert(equalJson(a, JSON.parse(JSON.stringify(a))));
  }));
});
