import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { encodeEvent, sealEvent } from "../../../event/event_codec.ts";
import { isSealed } from "../../../event/frozen_events.ts";
import { decodeEvent } from "../../../event/event_codec.ts";
import type { AnyEvent } from "../../../event/event.ts";
import { causedBy, withMetadata } from "../../../event/metadata.ts";
import { createEvent } from "../../../event/create_event.ts";

const init = {
  id: "event-1",
  eventType: "OrderPlaced",
  actorId: "order-1",
  version: 1,
  data: { items: [{ sku: "A" }] },
  metadata: { userId: "jane" },
  timestamp: "2024-05-31T09:30:00Z",
};

Deno.test("isSealed() knows the events that were made here", () => {
  const event = createEvent(init);
  assert(isSealed(event));
  assert(isSealed(withMetadata(event, { a: "b" })));
  assert(isSealed(causedBy(event, event)));
  assert(isSealed(decodeEvent(encodeEvent(event))));
});

Deno.test("isSealed() knows no other object and no copy", () => {
  const event = createEvent(init);
  const others = [
    init,
    Object.freeze({ ...init }),
    { ...event },
    Object.freeze({ ...event }),
    structuredClone(event),
    Object.create(event),
    new Proxy(event, {}),
    event.data,
    event.metadata,
    null,
    undefined,
    "event",
    7,
  ];
  for (const other of others) assertEquals(isSealed(other), false);
});

Deno.test("isSealed() leaves no trace on the event", () => {
  const event = createEvent(init);
  assertEquals(Reflect.ownKeys(event).length, 7);
  assertEquals(event, init as unknown);
  assertEquals(JSON.parse(JSON.stringify(event)), init);
});

Deno.test("sealEvent() gives a sealed event back as it is", () => {
  const event = createEvent(init);
  assertStrictEquals(sealEvent(event, "test"), event);
});

Deno.test("encodeEvent() writes sealed events and others alike", () => {
  const unknown = { "7": 1, z: [2], __proto__: null, id2: "x" };
  const given = { ...init, ...unknown } as AnyEvent;
  Object.defineProperty(given, "__proto__", {
    value: { own: true },
    enumerable: true,
  });
  for (const event of [init, given]) {
    const json = encodeEvent(event);
    assertEquals(encodeEvent(sealEvent(event, "test")), json);
    assertEquals(encodeEvent(decodeEvent(json)), json);
  }
});
