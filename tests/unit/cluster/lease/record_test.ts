import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import {
  decodeRecord,
  encodeRecord,
  UnsupportedRecordError,
} from "../../../../cluster/lease/record.ts";
import { anyCharacter } from "../../../support/any_character.ts";

const text = fc.string({ unit: anyCharacter });
const positive = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER });
const record = fc.record({
  holder: text,
  incarnation: text,
  nonce: text,
  duration: positive,
  term: positive,
  released: fc.boolean(),
  replaced: fc.record({ incarnation: text, duration: positive }, {
    noNullPrototype: true,
  }),
  data: fc.dictionary(fc.string({ unit: "grapheme" }), text, {
    noNullPrototype: true,
  }),
}, {
  noNullPrototype: true,
  requiredKeys: [
    "holder",
    "incarnation",
    "nonce",
    "duration",
    "term",
    "released",
  ],
});

Deno.test("decodeRecord() gives what encodeRecord() was given", () => {
  fc.assert(fc.property(record, (given) => {
    assertEquals(decodeRecord(encodeRecord(given)), given);
  }));
});

Deno.test("encodeRecord() writes format 1, for ever", () => {
  const held = {
    holder: "node-1",
    incarnation: "i",
    nonce: "n",
    duration: 15_000,
    term: 7,
    released: false,
  };
  assertEquals(
    encodeRecord(held),
    '{"format":1,"holder":"node-1","incarnation":"i","nonce":"n",' +
      '"duration":15000,"term":7}',
  );
  const replaced = { incarnation: "h", duration: 3_000 };
  assertEquals(
    encodeRecord({ ...held, released: true, replaced }),
    '{"format":1,"holder":"node-1","incarnation":"i","nonce":"n",' +
      '"duration":15000,"term":7,"released":true,' +
      '"replaced":{"incarnation":"h","duration":3000}}',
  );
});

Deno.test("decodeRecord() gives nothing for what is no record", () => {
  const valid = {
    format: 1,
    holder: "a",
    incarnation: "i",
    nonce: "n",
    duration: 1,
    term: 1,
  };
  assertEquals(decodeRecord(JSON.stringify(valid))?.released, false);
  const broken = [
    {},
    { format: 0 },
    { format: 1.5 },
    { format: "1" },
    { holder: 1 },
    { incarnation: undefined },
    { nonce: null },
    { duration: 0 },
    { duration: 1.5 },
    { term: -1 },
    { released: "true" },
  ].map((change, i) => JSON.stringify(i === 0 ? {} : { ...valid, ...change }));
  for (const json of ["", "{", "null", "1", "[]", '"a"', ...broken]) {
    assertEquals(decodeRecord(json), undefined, json);
  }
});

Deno.test("decodeRecord() refuses a newer format, which it must not judge", () => {
  assertThrows(
    () => decodeRecord('{"format":2}'),
    UnsupportedRecordError,
    "A lease has format 2, this version knows 1",
  );
});
