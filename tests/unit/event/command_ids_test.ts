import { assert, assertEquals, assertNotEquals } from "@std/assert";
import fc from "fast-check";
import { createHash } from "node:crypto";
import { paddedLength, sha1 } from "../../../event/_sha1.ts";
import { commandEventId } from "../../../event/command_ids.ts";
import { anyCharacter } from "../../support/any_character.ts";

const namespace = "77eed6cc-38a6-4736-b654-6a0284007066";

/** UUIDv5 as RFC 9562 has it, by another implementation of SHA-1. */
function uuidV5(name: string): string {
  const digest = createHash("sha1")
    .update(namespace.replaceAll("-", ""), "hex")
    .update(name, "utf8")
    .digest();
  digest[6] = (digest[6]! & 0x0f) | 0x50;
  digest[8] = (digest[8]! & 0x3f) | 0x80;
  return digest.toString("hex", 0, 16)
    .replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

// Worked out by another program in another language. Stored events have ids
// like these: vectors are only ever added.
const vectors: [
  actorId: string,
  commandId: string,
  index: number,
  id: string,
][] = [
  ["order-1", "command-1", 0, "d57a059b-9546-5a65-aae1-4dd2d4445f0b"],
  ["order-1", "command-1", 1, "27f8727f-b010-5b07-91d3-3c540e6dd093"],
  ["order-1", "command-1", 999, "8fdbde85-6606-5003-aa2a-fe4ed8d6bc0b"],
  [
    "account-7",
    "5f0c1c1e-6f57-4a42-9d0b-0f0a3c7d4b11",
    0,
    "4bbd83bb-81f6-5659-89b0-0b3bb4721d2d",
  ],
  ["tenant-1.order-2", "pay", 0, "1db996e6-da66-5cb4-a6f1-0d6541097b89"],
  ["", "", 0, "54e47e5a-cb2b-5c15-bf0a-516d318d7b5c"],
  ["bestellung-ä-1", "größe €", 3, "1131dd1a-9613-5e2d-b06d-ae451cdf6f69"],
  ["注文.1", "😀", 0, "46536503-6301-597c-92c8-f5bc6a2641c7"],
  ['a"b\\c', "line\nbreak\t\u0001", 0, "0b192e7a-259d-5660-ae5e-dbefba02910f"],
  [
    "x".repeat(2048),
    "y".repeat(300),
    7,
    "6a93e8ab-f947-50ee-873a-92cb955163c3",
  ],
];

Deno.test("commandEventId() gives the golden vectors", () => {
  for (const [actorId, commandId, index, id] of vectors) {
    assertEquals(commandEventId(actorId, commandId, index), id);
  }
});

Deno.test("commandEventId() is the UUIDv5 of its JSON", () => {
  const text = fc.string({ unit: anyCharacter, maxLength: 300 });
  const anyText = fc.oneof(text, fc.string({ unit: "grapheme" }));
  fc.assert(fc.property(anyText, anyText, fc.nat(999), (actor, command, i) => {
    assertEquals(
      commandEventId(actor, command, i),
      uuidV5(JSON.stringify([actor, command, i])),
    );
  }));
});

Deno.test("commandEventId() is right when a name fills the buffer or exceeds it", () => {
  for (let length = 0; length < 3000; length += 7) {
    for (const character of ["a", "\u20ac"]) {
      const actor = character.repeat(length);
      const id = commandEventId(actor, "command", 0);
      assertEquals(id, uuidV5(JSON.stringify([actor, "command", 0])));
    }
  }
});

Deno.test("commandEventId() differs where the actor, the command or the place does", () => {
  // Where one ends and the next begins counts too.
  const names: [string, string, number][] = [
    ["a", "b", 0],
    ["a", "b", 1],
    ["a", "c", 0],
    ["ab", "", 0],
    ["", "ab", 0],
    ['a","b', "c", 0],
    ["a", 'b","c', 0],
  ];
  const ids = new Set(names.map((name) => commandEventId(...name)));
  assertEquals(ids.size, names.length);
  assertNotEquals(commandEventId("a", "b", 11), commandEventId("a", "b", 1));
});

Deno.test("sha1() is what another implementation gives, whatever was in the buffer", () => {
  for (let length = 0; length <= 200; length++) {
    const buffer = new Uint8Array(paddedLength(length) + 3).fill(0xa5);
    const message = buffer.slice(0, length);
    const words = sha1(buffer, length);
    const hex = words.map((word) => (word >>> 0).toString(16).padStart(8, "0"))
      .join("");
    const digest = createHash("sha1").update(message).digest("hex");
    assertEquals(hex, digest, `${length} bytes`);
    assert(buffer.subarray(-3).every((byte) => byte === 0xa5));
  }
});
