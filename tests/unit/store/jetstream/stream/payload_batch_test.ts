import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { PayloadBatch } from "../../../../../store/jetstream/stream/_payload_batch.ts";

const encoder = new TextEncoder();

/** What was read: texts, and how many of them were decoded one by one. */
function readAll(
  payloads: readonly Uint8Array[],
): { items: (string | Uint8Array)[]; single: number } {
  let single = 0;
  const batch = new PayloadBatch((json) => {
    if (typeof json !== "string") single++;
    return json;
  });
  for (const payload of payloads) batch.add(payload);
  return { items: batch.end(), single };
}

function assertReadAs(
  payloads: readonly Uint8Array[],
  items: readonly (string | Uint8Array)[],
): void {
  assertEquals(items.length, payloads.length);
  for (const [i, item] of items.entries()) {
    const text = typeof item === "string" ? encoder.encode(item) : item;
    assertEquals(text, payloads[i]);
  }
}

const json = fc.json().map((text) => encoder.encode(text));
const malformed = fc.oneof(
  fc.uint8Array({ maxLength: 20 }),
  // The first bytes of a character whose others would be the next payload's.
  fc.constantFrom([0xc3], [0xe2, 0x82], [0xa9], [0], [0, 0], [0xef, 0xbb, 0xbf])
    .map((bytes) => Uint8Array.from(bytes)),
  fc.constantFrom("\uFFFD", "\uFEFF{}", "", "\0", "a\0b", "é", "😀")
    .map((text) => encoder.encode(text)),
);

Deno.test("PayloadBatch reads each payload as if it were alone", () => {
  const payloads = fc.array(
    fc.oneof({ weight: 9, arbitrary: json }, {
      weight: 1,
      arbitrary: malformed,
    }),
    { maxLength: 60 },
  );
  fc.assert(
    fc.property(payloads, (payloads) => {
      assertReadAs(payloads, readAll(payloads).items);
    }),
    { numRuns: 500 },
  );
});

for (
  const [what, bytes] of [
    ["ends within a character", [0x22, 0xe2, 0x82]],
    ["begins within a character", [0xac, 0x22]],
    ["holds U+0000", [0x22, 0, 0x22]],
  ] as const
) {
  Deno.test(`PayloadBatch gives a payload that ${what} as it is`, () => {
    const odd = Uint8Array.from(bytes);
    const payloads = [encoder.encode("1"), odd, encoder.encode("2")];
    const { items } = readAll(payloads);
    assertEquals(items[1], odd);
    assertReadAs(payloads, items);
  });
}

Deno.test("PayloadBatch decodes small ones together, whatever their sizes come to", () => {
  const sizes = [511, 512, 513, 1, 0, 512, 16_384, 70_000, 3];
  for (const others of [0, 1, 1_000]) {
    const payloads = [...sizes, ...Array(others).fill(200)]
      .map((size, i) => new Uint8Array(size).fill(0x30 + i % 10));
    const { items, single } = readAll(payloads);
    assertReadAs(payloads, items);
    assertEquals(single, 3);
  }
  // Which come to just what is decoded at once, and to a byte more.
  for (const last of [255, 256]) {
    const payloads = [...Array(32).fill(255), ...Array(31).fill(255), last]
      .map((size) => new Uint8Array(size).fill(0x30));
    assertReadAs(payloads, readAll(payloads).items);
  }
});

Deno.test("PayloadBatch keeps characters beyond ASCII, a byte order mark too", () => {
  const texts = ['{"city":"Zürich"}', '"😀"', "\uFEFF{}", "1"];
  const { items, single } = readAll(texts.map((text) => encoder.encode(text)));
  assertEquals(items, texts);
  assertEquals(single, 0);
});

Deno.test("PayloadBatch makes nothing of nothing", () => {
  assertEquals(readAll([]).items, []);
});
