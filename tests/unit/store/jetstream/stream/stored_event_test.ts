import { assertEquals, assertThrows } from "@std/assert";
import { InvalidEventError } from "../../../../../event/errors.ts";
import {
  readPayload,
  tryRead,
} from "../../../../../store/jetstream/stream/stored_event.ts";

const json = (actorId: string) =>
  new TextEncoder().encode(
    `{"id":"1","eventType":"T","actorId":"${actorId}","version":1,"data":{},"timestamp":"2026-01-01T00:00:00Z"}`,
  );

Deno.test("readPayload() reads an event of the actor", () => {
  assertEquals(readPayload(json("a"), "a").actorId, "a");
  assertEquals(tryRead(json("a"), "a")?.actorId, "a");
});

Deno.test("readPayload() refuses an event of another actor", () => {
  assertThrows(() => readPayload(json("b"), "a"), RangeError, 'of actor "b"');
  assertEquals(tryRead(json("b"), "a"), undefined);
});

Deno.test("readPayload() refuses what is no event", () => {
  for (const data of [new Uint8Array(), Uint8Array.of(0xff)]) {
    assertThrows(() => readPayload(data, "a"), InvalidEventError);
    assertEquals(tryRead(data, "a"), undefined);
  }
});
