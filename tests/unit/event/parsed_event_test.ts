import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import fc from "fast-check";
import { decodeEvent } from "../../../event/event_codec.ts";
import { sealParsed } from "../../../event/_parsed_event.ts";
import { isSealed } from "../../../event/frozen_events.ts";

const plain = {
  id: "event-1",
  eventType: "OrderPlaced",
  actorId: "order.1",
  commandId: "command-1",
  version: 1,
  data: { items: [{ sku: "A", n: -0 }] },
  metadata: { userId: "jane" },
  timestamp: "2024-05-31T09:30:00Z",
};

function parsed(changes: Record<string, unknown> = {}): unknown {
  return JSON.parse(JSON.stringify({ ...plain, ...changes }));
}

function deeplyFrozen(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return true;
  return Object.isFrozen(value) && Object.values(value).every(deeplyFrozen);
}

Deno.test("sealParsed() takes what is plainly an event as it is", () => {
  for (const changes of [{}, { commandId: undefined, metadata: undefined }]) {
    const value = parsed(changes);
    const event = sealParsed(value);
    assertStrictEquals(event as unknown, value);
    assert(isSealed(event));
    assert(deeplyFrozen(event));
  }
});

Deno.test("sealParsed() leaves all that is unusual to a closer look", () => {
  const unusual: Record<string, unknown>[] = [
    { id: "" },
    { id: 7 },
    { id: "x".repeat(86) },
    { id: "\ud800" },
    { eventType: "" },
    { eventType: "Ä" },
    { eventType: "x".repeat(257) },
    { actorId: "" },
    { actorId: "a..b" },
    { actorId: "x".repeat(2049) },
    { commandId: "" },
    { commandId: null },
    { commandId: "\udc00" },
    { version: 0 },
    { version: 1.5 },
    { version: "1" },
    { data: null },
    { data: [] },
    { data: "x" },
    { data: { text: "\ud800" } },
    { data: { "\ud800": 1 } },
    { metadata: {} },
    { metadata: null },
    { metadata: [] },
    { metadata: { a: 1 } },
    { metadata: { a: "\ud800" } },
    { metadata: { "\ud800": "a" } },
    { timestamp: "2024-02-30T00:00:00Z" },
    { timestamp: 0 },
    { other: true },
    { "7": true },
  ];
  for (const changes of unusual) {
    assertEquals(sealParsed(parsed(changes)), undefined, Deno.inspect(changes));
  }
  const { id, ...rest } = plain;
  for (const other of [null, 7, "x", [], {}, rest, { ...rest, id }]) {
    assertEquals(sealParsed(other), undefined);
  }
  const infinite = JSON.stringify(plain).replace('"n":0', '"n":1e999');
  assertEquals(sealParsed(JSON.parse(infinite)), undefined);
  const deep = "[".repeat(2000) + "]".repeat(2000);
  const nested = JSON.stringify(plain).replace('"A"', deep);
  assertEquals(sealParsed(JSON.parse(nested)), undefined);
});

Deno.test("decodeEvent() gives the same by either way", () => {
  const text = fc.string({ unit: "grapheme", minLength: 1, maxLength: 20 });
  const event = fc.record({
    id: text,
    eventType: fc.oneof(fc.constant("OrderPlaced"), text),
    actorId: fc.oneof(fc.constant("order.1"), text),
    version: fc.integer({ min: 1 }),
    data: fc.dictionary(text, fc.jsonValue()),
    metadata: fc.dictionary(text, text, { minKeys: 1 }),
    timestamp: fc.constant("2024-05-31T09:30:00Z"),
  }, { noNullPrototype: true });
  fc.assert(fc.property(event, (event) => {
    const json = JSON.stringify(event);
    // Keys in another order, which the short way does not take.
    const { id, ...rest } = JSON.parse(json);
    const other = JSON.stringify({ ...rest, id });
    assertEquals(decodeEvent(json), decodeEvent(other));
    assertEquals(
      JSON.stringify(decodeEvent(json)),
      JSON.stringify(decodeEvent(other)),
    );
  }));
});

Deno.test("decodeEvent() takes U+FFFD, and nothing else that looks like it", () => {
  const replaced = "\uFFFD";
  const json = JSON.stringify({ ...plain, data: { replaced } });
  const bytes = new TextEncoder().encode(json);
  assertEquals(decodeEvent(bytes).data, { replaced });
  const at = bytes.indexOf(0xef);
  bytes[at] = 0xff;
  let refused = false;
  try {
    decodeEvent(bytes);
  } catch {
    refused = true;
  }
  assert(refused);
});
