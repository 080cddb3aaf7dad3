import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { encodeActorId } from "../../../../internal/nats/names.ts";
import {
  coverPatterns,
  encodeActorPattern,
  mergePatterns,
  patternTest,
} from "../../../../internal/nats/patterns.ts";
import { anyCharacter } from "../../../support/any_character.ts";
import { natsMatches } from "../../../support/nats_matches.ts";

/** The test of one pattern over actor ids. */
function matcher(pattern: string): (actorId: string) => boolean {
  const matches = patternTest([encodeActorPattern(pattern)]);
  return (actorId) => matches(encodeActorId(actorId));
}

const literal = fc.constantFrom(
  ...["a", "b", "ab", "ü", " ", "=", "\n", "+", "(", "$", "-"],
);
const patterns = fc.tuple(
  fc.array(fc.oneof(literal, fc.constant("*")), {
    minLength: 1,
    maxLength: 4,
  }),
  fc.boolean(),
).map(([parts, rest]) => (rest ? [...parts, ">"] : parts).join("."));
const actorIds = fc.oneof(
  fc.array(fc.oneof(literal, fc.constantFrom("*", ">", "a*", "")), {
    minLength: 1,
    maxLength: 5,
  }).map((parts) => parts.join(".")),
  fc.string({ unit: anyCharacter, minLength: 1 }),
).filter((id) => id !== "" && id.isWellFormed());

Deno.test("encodeActorPattern() encodes literals and keeps wildcards", () => {
  const vectors: [string, string][] = [
    [">", ">"],
    ["*", "*"],
    ["order.*", "order.*"],
    ["*.order.>", "*.order.>"],
    ["a b.ü.*", "a=20b.=C3=BC.*"],
    ["=2E", "=3D2E"],
  ];
  for (const [pattern, encoded] of vectors) {
    assertEquals(encodeActorPattern(pattern), encoded);
  }
});

Deno.test("encodeActorPattern() refuses what is no pattern", () => {
  for (const bad of ["", ".", ".a", "a.", "a..b", ">.a", "a.>.b", "\ud800"]) {
    const error = assertThrows(() => encodeActorPattern(bad), TypeError);
    assert(error.message.includes(JSON.stringify(bad)), error.message);
  }
  for (const bad of [undefined, null, 1, {}, ["a"]]) {
    assertThrows(() => encodeActorPattern(bad), TypeError);
  }
  assertEquals(encodeActorPattern("a".repeat(2048)).length, 2048);
  assertThrows(() => encodeActorPattern("a".repeat(2049)), RangeError, "2049");
});

Deno.test("encodeActorPattern() refuses a wildcard inside a token, and says what to do", () => {
  for (const bad of ["order-*", "a>", "**", "*.order*", ">>", "a.b*c"]) {
    const error = assertThrows(
      () => encodeActorPattern(bad, "subscribe"),
      TypeError,
    );
    assertEquals(
      error.message,
      `Cannot subscribe: actors must have '*' and '>' as whole tokens between dots: "order.*" matches "order.7"; an id that has one is named in actorIds, got ${
        JSON.stringify(bad)
      }`,
    );
  }
});

Deno.test("patternTest() matches as NATS does", () => {
  const rows: [string, string, boolean][] = [
    [">", "anything.at.all", true],
    ["*", "a", true],
    ["*", "a.b", false],
    ["order.*", "order.1", true],
    ["order.*", "order", false],
    ["order.*", "order.1.2", false],
    ["order.>", "order", false],
    ["order.>", "order.1.2", true],
    ["order.1", "order.1", true],
    ["order.1", "order.12", false],
    ["order", "border", false],
    ["a.*", "a..b", true],
    ["a.*", "a.", false],
    ["*", ".", true],
    ["*.*", "...", true],
    ["a.*", "a.\n", true],
    ["a.>", "a.b\nc.d", true],
    ["a-b", "a-b", true],
    ["A", "a", false],
  ];
  for (const [pattern, actorId, matches] of rows) {
    assertEquals(matcher(pattern)(actorId), matches, pattern + actorId);
  }
});

Deno.test("patternTest() agrees with NATS's rule over the encoded forms", () => {
  fc.assert(
    fc.property(
      fc.array(patterns, { minLength: 1, maxLength: 4 }),
      actorIds,
      (list, id) => {
        const encoded = list.map((pattern) => encodeActorPattern(pattern));
        const tokens = encodeActorId(id);
        assertEquals(
          patternTest(encoded)(tokens),
          encoded.some((pattern) => natsMatches(pattern, tokens)),
        );
      },
    ),
    { numRuns: 500 },
  );
});

Deno.test("mergePatterns() drops what others contain, and widens what overlaps", () => {
  const rows: [string[], string[]][] = [
    [["order.*", "order.*"], ["order.*"]],
    [["order.7", "order.*"], ["order.*"]],
    [["order.*", "order.>", "order.7.8"], ["order.>"]],
    [["a", "b", "a.b"], ["a", "b", "a.b"]],
    [["a.*", "*.b"], ["*.*"]],
    [["a.*", "*.b", "c.d"], ["*.*"]],
    [["c.d", "a.*", "*.b"], ["*.*"]],
    [["a.*", "*.>"], ["*.>"]],
    [[">", "a"], [">"]],
    [["a.*.c", "a.b.*", "x"], ["x", "a.*.*"]],
    [["a.*.c", "x", "a.b.*"], ["x", "a.*.*"]],
  ];
  for (const [patterns, merged] of rows) {
    assertEquals(mergePatterns(patterns).sort(), merged.sort());
  }
});

Deno.test("mergePatterns() overlaps nowhere, and misses nothing", () => {
  fc.assert(
    fc.property(
      fc.array(patterns, { minLength: 1, maxLength: 6 }),
      fc.array(actorIds, { minLength: 1, maxLength: 8 }),
      (list, ids) => {
        const encoded = list.map((pattern) => encodeActorPattern(pattern));
        const merged = mergePatterns(encoded);
        const cover = coverPatterns(encoded);
        for (const id of ids) {
          const tokens = encodeActorId(id);
          const hits = merged.filter((each) => natsMatches(each, tokens));
          const isWanted = encoded.some((each) => natsMatches(each, tokens));
          assert(hits.length <= 1, `${tokens} is in ${hits}`);
          if (!isWanted) continue;
          assertEquals(hits.length, 1, tokens);
          assert(natsMatches(cover, tokens), `${tokens} is not in ${cover}`);
        }
      },
    ),
    { numRuns: 2000 },
  );
});

Deno.test("coverPatterns() widens no more than it has to", () => {
  const rows: [string[], string][] = [
    [["a.b"], "a.b"],
    [["a.b", "a.c"], "a.*"],
    [["a.b", "c.b"], "*.b"],
    [["a.b", "a.b.c"], "a.>"],
    [["a", "a.b"], ">"],
    [["a.b.c", "a.b"], "a.>"],
    [["a.>", "b.c"], "*.>"],
    [["x.1", "x.2", "x.3.4"], "x.>"],
  ];
  for (const [patterns, cover] of rows) {
    assertEquals(coverPatterns(patterns), cover);
  }
});
