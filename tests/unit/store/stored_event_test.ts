import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { decodeEvent, encodeEvent } from "../../../store/_event_codec.ts";
import { readPayload, tryRead } from "../../../store/_stored_event.ts";
import { createEvent } from "../../../store/event.ts";

const utf8 = new TextEncoder();
const json = (fields: string) =>
  utf8.encode(
    `{"id":"1","eventType":"T","actorId":"a","version":1,"data":{},"timestamp":"2026-01-01T00:00:00Z"${fields}}`,
  );

Deno.test("readPayload() reads what decodeEvent() reads", () => {
  const event = fc.record({
    id: fc.string({ minLength: 1, maxLength: 60 }),
    eventType: fc.string({ minLength: 1, maxLength: 20 }),
    commandId: fc.option(fc.string(), { nil: undefined }),
    version: fc.integer({ min: 1 }),
    data: fc.dictionary(fc.string(), fc.jsonValue()),
    metadata: fc.option(fc.dictionary(fc.string(), fc.string()), {
      nil: undefined,
    }),
  });
  fc.assert(fc.property(event, (init) => {
    const bytes = utf8.encode(
      encodeEvent(createEvent({ ...init, actorId: "a" })),
    );
    assertEquals({ ...readPayload(bytes, "a") }, { ...decodeEvent(bytes) });
  }));
});

Deno.test("readPayload() normalizes what decodeEvent() normalizes", () => {
  for (
    const fields of [
      `,"metadata":null`,
      `,"metadata":{}`,
      `,"commandId":""`,
      `,"commandId":null`,
      `,"data":null`,
      `,"extra":[1,{"a":null}]`,
      `,"id":"4e123"`,
      `,"extra":"\\u00e9"`,
    ]
  ) {
    const bytes = json(fields);
    assertEquals({ ...readPayload(bytes, "a") }, { ...decodeEvent(bytes) });
  }
});

Deno.test("readPayload() refuses what decodeEvent() refuses", () => {
  for (
    const fields of [
      `,"version":0`,
      `,"version":1.5`,
      `,"version":"1"`,
      `,"version":9007199254740992`,
      `,"id":""`,
      `,"id":7`,
      `,"id":"${"é".repeat(129)}"`,
      `,"eventType":"${" ".repeat(86)}"`,
      `,"eventType":"${"é".repeat(60)}"`,
      `,"actorId":""`,
      `,"data":[]`,
      `,"data":"x"`,
      `,"data":{"a":1e400}`,
      `,"data":{"a":[-1.5E+999]}`,
      `,"data":{"a": ${"9".repeat(400)}}`,
      `,"data":{"a":"\\ud800"}`,
      `,"metadata":{"a":1}`,
      `,"metadata":[]`,
      `,"timestamp":"2026-02-30T00:00:00Z"`,
      `,"timestamp":"2026-01-01"`,
      `,`,
    ]
  ) {
    const bytes = json(fields);
    assertThrows(() => decodeEvent(bytes));
    assertThrows(() => readPayload(bytes, "a"), Error, "", fields);
    assertEquals(tryRead(bytes, "a"), undefined);
  }
  for (
    const bytes of [
      new Uint8Array(),
      Uint8Array.of(0xff),
      utf8.encode("null"),
      utf8.encode("\ufeff{}"),
    ]
  ) {
    assertEquals(tryRead(bytes, "a"), undefined);
  }
});

Deno.test("readPayload() refuses an event of another actor", () => {
  assert(readPayload(json(""), "a"));
  assertThrows(() => readPayload(json(""), "b"), RangeError, 'of actor "a"');
});
