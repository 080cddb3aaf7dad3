import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { decodeEvent, encodeEvent } from "../../../event/event_codec.ts";
import { parseExactly } from "../../../event/exact_json.ts";

/** An event's JSON with this text as `n` of its data. */
const eventOf = (n: string) =>
  `{"id":"1","eventType":"A","actorId":"a","version":1,"data":{"n":${n}},` +
  `"timestamp":"2024-05-31T09:30:00Z"}`;

Deno.test("decodeEvent() reads integers that a double can't hold as their digits", () => {
  const cases: [written: string, read: number | string][] = [
    ["9007199254740991", 9007199254740991],
    ["9007199254740992", 9007199254740992],
    ["9007199254740993", "9007199254740993"],
    ["-9007199254740993", "-9007199254740993"],
    ["9223372036854775807", "9223372036854775807"],
    ["18446744073709551615", "18446744073709551615"],
    // What JavaScript itself writes of a double.
    ["9223372036854776000", 9223372036854775807],
    ["1e+300", 1e300],
    ["1E300", 1e300],
    ["9007199254740993.0", 9007199254740992],
    ["0.1234567890123456789", 0.1234567890123456789],
    ['"9007199254740993"', "9007199254740993"],
    ["[[9007199254740993],1]", "9007199254740993,1"],
  ];
  for (const [written, read] of cases) {
    const { n } = decodeEvent(eventOf(written)).data;
    assertEquals(Array.isArray(n) ? String(n) : n, read, written);
    if (Array.isArray(n)) assert(Object.isFrozen(n[0]));
  }
});

Deno.test("decodeEvent() keeps every int64 to the digit", () => {
  fc.assert(
    fc.property(
      fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }),
      (integer) => {
        const { n } = decodeEvent(eventOf(String(integer))).data;
        assertEquals(String(n), String(integer));
      },
    ),
  );
});

Deno.test("what was read exactly is written as it was read", () => {
  const event = decodeEvent(eventOf("9007199254740993"));
  assertEquals(encodeEvent(event), eventOf('"9007199254740993"'));
  assert(Object.isFrozen(event.data));
});

Deno.test("parseExactly() is JSON.parse for what JavaScript writes", () => {
  fc.assert(fc.property(fc.jsonValue(), (value) => {
    const text = JSON.stringify(value);
    assertEquals(parseExactly(text), JSON.parse(text));
  }));
});

Deno.test("parseExactly() refuses to round where the engine tells no digits", () => {
  const parse = JSON.parse;
  // As engines do that know no source text.
  JSON.parse = (text, reviver) =>
    parse(text, reviver && ((key, value) => reviver(key, value)));
  try {
    assertThrows(() => parseExactly("[9007199254740993]"), RangeError, "2^53");
    assertEquals(parseExactly("[1234567890123456]"), [1234567890123456]);
  } finally {
    JSON.parse = parse;
  }
});
