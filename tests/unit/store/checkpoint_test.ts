import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import {
  formatCheckpoint,
  parseCheckpoint,
} from "../../../store/checkpoint.ts";
import { CheckpointError } from "../../../store/errors.ts";
import { anyCharacter } from "../../support/any_character.ts";

const sequence = fc.oneof(
  fc.constantFrom(0, 1, Number.MAX_SAFE_INTEGER),
  fc.maxSafeNat(),
);
const incarnation = fc.string({ unit: anyCharacter, minLength: 1 });

Deno.test("parseCheckpoint() gives back what formatCheckpoint() was given", () => {
  fc.assert(fc.property(incarnation, sequence, (incarnation, sequence) => {
    assertEquals(parseCheckpoint(formatCheckpoint(incarnation, sequence)), {
      incarnation,
      sequence,
    });
  }));
  for (const incarnation of ["@", "1@2", "\n", "a@", "0"]) {
    for (const sequence of [0, 7, Number.MAX_SAFE_INTEGER]) {
      assertEquals(parseCheckpoint(formatCheckpoint(incarnation, sequence)), {
        incarnation,
        sequence,
      });
    }
  }
});

Deno.test("formatCheckpoint() gives a checkpoint to one place only", () => {
  const place = fc.tuple(incarnation, sequence);
  fc.assert(fc.property(place, place, (a, b) => {
    const same = a[0] === b[0] && a[1] === b[1];
    assertEquals(formatCheckpoint(...a) === formatCheckpoint(...b), same);
  }));
});

Deno.test("parseCheckpoint() refuses what formatCheckpoint() never gives", () => {
  const texts = [
    "",
    "end",
    "@",
    "1@",
    "@a",
    "-1@a",
    "+1@a",
    "01@a",
    "1.5@a",
    "1e3@a",
    "0x1@a",
    " 1@a",
    "1 @a",
    "NaN@a",
    "9007199254740992@a",
    "9999999999999999@a",
    "10000000000000000@a",
    "1",
    "a",
    "\n1@a",
  ];
  for (const text of texts) {
    const error = assertThrows(() => parseCheckpoint(text), CheckpointError);
    assertEquals([error.code, error.checkpoint], ["malformed", text]);
  }
  fc.assert(fc.property(fc.string({ unit: anyCharacter }), (text) => {
    try {
      const { incarnation, sequence } = parseCheckpoint(text);
      assertEquals(formatCheckpoint(incarnation, sequence), text);
    } catch (error) {
      if (!(error instanceof CheckpointError)) throw error;
    }
  }));
});
