/** Values of another realm: a frame's, a vm context's, Jest's. */

import { assert, assertEquals, assertThrows } from "@std/assert";
import { createContext, runInContext } from "node:vm";
import { createEvent } from "../../../event/create_event.ts";
import { InvalidEventError } from "../../../event/errors.ts";
import { decodeEvent, encodeEvent } from "../../../event/event_codec.ts";
import { InMemoryEventStore } from "../../../store/memory/in_memory_event_store.ts";

const realm = createContext({});
const made = (code: string) => runInContext(`(${code})`, realm);

Deno.test("objects and arrays of another realm are plain ones", async () => {
  const init = made(`{
    eventType: "OrderPlaced", actorId: "order-1", version: 1,
    data: { items: [{ sku: "A" }], none: Object.create(null) },
    metadata: { userId: "jane" },
  }`);
  assert(!(init.data instanceof Object));
  const event = createEvent(init);
  assertEquals(event.data, { items: [{ sku: "A" }], none: {} });
  await using store = new InMemoryEventStore();
  await store.saveEvent(made(JSON.stringify(event)));
  await store.append("order-1", made(`[{ eventType: "A", data: { n: [] } }]`), {
    expectedVersion: 1,
  });
  assertEquals(await store.getLatestVersion("order-1"), 2);
});

Deno.test("bytes of another realm are bytes", () => {
  const event = createEvent({
    eventType: "A",
    actorId: "a",
    version: 1,
    data: {},
  });
  const bytes = made(`Uint8Array.from(
    [${new TextEncoder().encode(encodeEvent(event))}]
  )`);
  assert(!(bytes instanceof Uint8Array));
  assertEquals(decodeEvent(bytes), event);
});

Deno.test("what is not plain in another realm is refused as in this one", () => {
  const init = { eventType: "A", actorId: "a", version: 1 };
  const odd = [
    "new Date()",
    "new Map()",
    "new (class Order {})()",
    "Object.create({})",
    "Object.create(Object.create(null))",
    "new (class extends Array {})()",
    "Object.setPrototypeOf([], [])",
    "Object.setPrototypeOf([], null)",
    "() => 1",
    "Object.prototype.constructor",
  ];
  for (const code of odd) {
    assertThrows(
      () => createEvent({ ...init, data: { odd: made(code) } }),
      InvalidEventError,
      "data.odd",
      code,
    );
  }
});
