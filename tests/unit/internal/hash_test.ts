import { assert, assertEquals, assertNotEquals } from "@std/assert";
import fc from "fast-check";
import { fmix32, hashText, shardOf } from "../../../internal/hash.ts";
import { anyCharacter } from "../../support/any_character.ts";

/** FNV-1a as it is defined, over the bytes of a TextEncoder. */
function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) {
    hash = Math.imul(hash ^ byte, 0x01000193);
  }
  return hash >>> 0;
}

// Worked out by another program in another language. Actors are placed by
// these: vectors are only ever added.
const vectors: [text: string, hash: number, of1024: number, of1000: number][] =
  [
    ["", 0xab3e7c0b, 11, 923],
    ["a", 0x1a80b1b3, 435, 715],
    ["foobar", 0x0c0da6dc, 732, 276],
    ["order-1", 0x92005a9c, 668, 732],
    ["account-7", 0x37fab03e, 62, 998],
    ["tenant-1.order-2", 0xd0d66692, 658, 890],
    ["ä", 0x1efdf303, 771, 299],
    ["€", 0x0be092f5, 757, 61],
    ["😀", 0x3303a80a, 10, 642],
    ["bestellung-ä-1", 0x26babf31, 817, 849],
    ["注文.1", 0x922c9e07, 519, 575],
    ["\ufffd", 0x47d8c63a, 570, 858],
  ];

Deno.test("hashText() and shardOf() give the golden vectors", () => {
  for (const [text, hash, of1024, of1000] of vectors) {
    assertEquals(hashText(text), hash, text);
    assertEquals(shardOf(text, 1024), of1024, text);
    assertEquals(shardOf(text, 1000), of1000, text);
  }
});

Deno.test("fmix32() gives what murmur3 gives of an empty key by its seed", () => {
  assertEquals(fmix32(0), 0);
  assertEquals(fmix32(1), 0x514e28b7);
  assertEquals(fmix32(0xffffffff), 0x81f16f39);
  assertEquals(fmix32(-1), 0x81f16f39);
});

Deno.test("hashText() hashes a lone surrogate as U+FFFD", () => {
  for (const lone of ["\ud800", "\udbff", "\udc00", "\udfff"]) {
    assertEquals(hashText(lone), hashText("\ufffd"));
    assertEquals(hashText(`${lone}a`), hashText("\ufffda"));
    assertEquals(hashText(`${lone}é`), hashText("\ufffdé"));
  }
  assertEquals(hashText("\ud800\ud83d\ude00"), hashText("\ufffd\u{1f600}"));
  assertEquals(hashText("\ude00\ud83d"), hashText("\ufffd\ufffd"));
});

Deno.test("hashText() is FNV-1a over UTF-8, mixed, for each code unit and plane", () => {
  const texts = Array.from(
    { length: 0x10000 },
    (_, i) => String.fromCharCode(i),
  );
  for (let point = 0x10000; point <= 0x10ffff; point += 0x3ff) {
    texts.push(String.fromCodePoint(point));
  }
  texts.push("\u{10ffff}", "x".repeat(2048), "\u{10ffff}".repeat(512));
  for (const text of texts) {
    const expected = fmix32(fnv1a(text));
    if (hashText(text) !== expected) {
      assertEquals(hashText(text), expected, text);
    }
  }
});

Deno.test("hashText() is FNV-1a over UTF-8, mixed, whatever the text", () => {
  const unit = fc.oneof(
    fc.string({ unit: anyCharacter, maxLength: 3 }),
    fc.constantFrom("a", "\x7f", "\x80", "\u07ff", "\u0800", "\uffff"),
    fc.constantFrom("\ud800", "\udbff", "\udc00", "\udfff", "\u{10000}"),
  );
  const text = fc.array(unit, { maxLength: 12 }).map((units) => units.join(""));
  fc.assert(
    fc.property(text, (text) => {
      assertEquals(hashText(text), fmix32(fnv1a(text)));
    }),
    { numRuns: 500 },
  );
});

Deno.test("shardOf() gives a whole number below the count, whatever the count", () => {
  const count = fc.integer({ min: 1, max: 2 ** 32 });
  fc.assert(fc.property(fc.string(), count, (text, count) => {
    const shard = shardOf(text, count);
    assert(Number.isInteger(shard) && shard >= 0 && shard < count);
    assertEquals(shard, Number(BigInt(hashText(text)) % BigInt(count)));
  }));
  assertEquals(shardOf("a", 1), 0);
  assertEquals(shardOf("a", 2 ** 32), hashText("a"));
});

Deno.test("shardOf() spreads ids in a row evenly", () => {
  const counts = new Array(64).fill(0);
  for (let i = 0; i < 64_000; i++) counts[shardOf(`order-${i}`, 64)]++;
  // 1000 each, with a standard deviation of some 31.
  assert(Math.min(...counts) > 850 && Math.max(...counts) < 1150);
  assertNotEquals(shardOf("order-1", 1024), shardOf("order-2", 1024));
});
