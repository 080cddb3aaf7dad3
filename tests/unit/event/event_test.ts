import {
  assert,
  assertEquals,
  assertMatch,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { InvalidEventError } from "../../../event/errors.ts";
import {
  causedBy,
  MetadataKey,
  withMetadata,
  withMetadataFrom,
} from "../../../event/metadata.ts";
import { createEvent, type EventInit } from "../../../event/create_event.ts";
import type { Event } from "../../../event/event.ts";

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-/;

const init = {
  id: "event-1",
  eventType: "OrderPlaced",
  actorId: "order-1",
  version: 1,
  data: { total: 99.99, items: [{ sku: "A" }] },
  timestamp: "2024-05-31T09:30:00Z",
} as const;

/** An init with a field that its type does not allow. */
function withField(key: string, value: unknown): EventInit {
  return { ...init, [key]: value } as EventInit;
}

function deeplyFrozen(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return true;
  return Object.isFrozen(value) && Object.values(value).every(deeplyFrozen);
}

Deno.test("createEvent() fills id and timestamp", () => {
  const before = Date.now();
  const event = createEvent({
    eventType: "OrderPlaced",
    actorId: "order-1",
    version: 1,
    data: {},
  });
  const after = Date.now();
  assertMatch(event.id, uuid);
  assertMatch(event.timestamp, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  const at = Date.parse(event.timestamp);
  assert(before <= at && at <= after);
  assertEquals(Object.keys(event), [
    ...["id", "eventType", "actorId", "version", "data", "timestamp"],
  ]);
  const again = createEvent({ ...init, id: undefined, timestamp: undefined });
  assertMatch(again.id, uuid);
  assert(again.id !== event.id);
});

Deno.test("createEvent() takes every field and writes them in their order", () => {
  const event = createEvent({
    timestamp: "0001-01-01T00:00:00.000000001+01:00",
    metadata: { userId: "jane" },
    data: { b: 1, a: 2 },
    version: Number.MAX_SAFE_INTEGER,
    commandId: "command-1",
    actorId: "a",
    eventType: "T",
    id: "i",
  });
  assertEquals(
    JSON.stringify(event),
    '{"id":"i","eventType":"T","actorId":"a","commandId":"command-1",' +
      '"version":9007199254740991,"data":{"b":1,"a":2},' +
      '"metadata":{"userId":"jane"},' +
      '"timestamp":"0001-01-01T00:00:00.000000001+01:00"}',
  );
});

Deno.test("createEvent() leaves out what is empty", () => {
  for (const commandId of ["", undefined]) {
    for (const metadata of [{}, undefined]) {
      const event = createEvent({ ...init, commandId, metadata });
      assertEquals("commandId" in event, false);
      assertEquals("metadata" in event, false);
    }
  }
  const unset = { userId: undefined } as unknown as Record<string, string>;
  assertEquals("metadata" in createEvent({ ...init, metadata: unset }), false);
});

Deno.test("createEvent() gives a frozen event of its own copies", () => {
  const data = { items: [{ sku: "A" }] };
  const metadata: Record<string, string> = { userId: "jane" };
  const event = createEvent({ ...init, data, metadata });
  data.items[0]!.sku = "B";
  data.items.push({ sku: "C" });
  metadata.userId = "joe";
  assertEquals(event.data, { items: [{ sku: "A" }] });
  assertEquals(event.metadata, { userId: "jane" });
  assert(deeplyFrozen(event));
  const items = event.data.items as { sku: string }[];
  assertThrows(() => items.push({ sku: "D" }), TypeError);
  // The caller's own objects stay as they were, and open.
  assertEquals(Object.isFrozen(data), false);
  assertEquals(Object.isFrozen(metadata), false);
});

Deno.test("createEvent() keeps keys that no event has", () => {
  const known = { ...init, tenant: { id: 7 }, gone: undefined };
  const event = createEvent(known);
  const { tenant } = event as unknown as { tenant: unknown };
  assertEquals(tenant, { id: 7 });
  assertEquals(Object.keys(event).at(-1), "tenant");
  assert(deeplyFrozen(event));
});

Deno.test("createEvent() refuses fields of the wrong type, with their path", () => {
  const cases: [string, unknown, string][] = [
    ["id", null, "id"],
    ["id", 1, "id"],
    ["id", "\ud800", "id"],
    ["eventType", undefined, "eventType"],
    ["eventType", {}, "eventType"],
    ["actorId", 7, "actorId"],
    ["actorId", "\udfff", "actorId"],
    ["commandId", null, "commandId"],
    ["commandId", 1, "commandId"],
    ["commandId", "\ud800", "commandId"],
    ["version", "1", "version"],
    ["version", undefined, "version"],
    ["version", null, "version"],
    ["version", 1n, "version"],
    ["data", undefined, "data"],
    ["data", null, "data"],
    ["data", [], "data"],
    ["data", "x", "data"],
    ["data", new Date(), "data"],
    ["data", { a: [new Date()] }, "data.a[0]"],
    ["metadata", null, "metadata"],
    ["metadata", [], "metadata"],
    ["metadata", "x", "metadata"],
    ["metadata", new Map(), "metadata"],
    ["metadata", { a: 1 }, "metadata.a"],
    ["metadata", { "a b": null }, 'metadata["a b"]'],
    ["metadata", { a: "\ud800" }, "metadata.a"],
    ["metadata", { a: {} }, "metadata.a"],
    ["timestamp", null, "timestamp"],
    ["timestamp", new Date(), "timestamp"],
    ["timestamp", 1717144200000, "timestamp"],
    ["timestamp", "", "timestamp"],
    ["timestamp", "2024-05-31", "timestamp"],
    ["extra", () => 1, "extra"],
    ["extra", { a: [NaN] }, "extra.a[0]"],
    ["an extra", 1n, '["an extra"]'],
  ];
  for (const [key, value, path] of cases) {
    const error = assertThrows(
      () => createEvent(withField(key, value)),
      InvalidEventError,
      `Cannot create event: ${path} must`,
    );
    assertEquals(error.path, path);
    assert(error instanceof TypeError);
    assertEquals(error.name, "InvalidEventError");
  }
});

Deno.test("createEvent() refuses versions that are no position", () => {
  for (const version of [1, 2, 2 ** 31, 2 ** 53 - 1]) {
    assertEquals(createEvent({ ...init, version }).version, version);
  }
  for (const version of [0, -0, -1, 1.5, 2 ** 53, NaN, Infinity, -Infinity]) {
    const error = assertThrows(
      () => createEvent({ ...init, version }),
      RangeError,
      "Cannot create event: version must be an integer from 1 to 9007199254740991, got ",
    );
    assert(
      error.message.endsWith(Object.is(version, -0) ? "-0" : `${version}`),
    );
  }
});

Deno.test("createEvent() holds ids and types to their bounds", () => {
  const long = "a".repeat(256);
  assertEquals(createEvent({ ...init, id: long }).id, long);
  assertEquals(createEvent({ ...init, eventType: long }).eventType, long);
  const actorId = "a".repeat(2048);
  assertEquals(createEvent({ ...init, actorId }).actorId, actorId);
  const out = [
    { id: "" },
    { id: long + "a" },
    { eventType: "" },
    { eventType: long + "a" },
    { eventType: ".".repeat(86) },
    { actorId: "" },
    { actorId: actorId + "a" },
  ];
  for (const field of out) {
    assertThrows(
      () => createEvent({ ...init, ...field }),
      RangeError,
      "Cannot create event: ",
    );
  }
});

Deno.test("createEvent() takes real days of RFC 3339 and nothing else", () => {
  for (
    const timestamp of [
      "0000-01-01T00:00:00Z",
      "0000-02-29T00:00:00Z",
      "0001-01-01T00:00:00Z",
      "1900-02-28T23:59:59Z",
      "2000-02-29T12:00:00Z",
      "2024-02-29T12:00:00.5+14:00",
      "2024-12-31T23:59:59.999999999-23:59",
      "2024-06-30T00:00:00.123456789012Z",
      "2024-06-30T00:00:00-00:00",
      "9999-12-31T23:59:59Z",
    ]
  ) assertEquals(createEvent({ ...init, timestamp }).timestamp, timestamp);
  for (
    const timestamp of [
      "1900-02-29T00:00:00Z",
      "2023-02-29T00:00:00Z",
      "2024-02-30T00:00:00Z",
      "2024-04-31T00:00:00Z",
      "2024-06-31T00:00:00Z",
      "2024-09-31T00:00:00Z",
      "2024-11-31T00:00:00Z",
      "2024-01-32T00:00:00Z",
      "2024-01-00T00:00:00Z",
      "2024-00-01T00:00:00Z",
      "2024-13-01T00:00:00Z",
      "2024-01-01T24:00:00Z",
      "2024-01-01T00:60:00Z",
      "2016-12-31T23:59:60Z",
      "2024-01-01T00:00:00",
      "2024-01-01T00:00:00.Z",
      "2024-01-01T00:00:00,5Z",
      "2024-01-01T00:00:00+24:00",
      "2024-01-01T00:00:00+01:60",
      "2024-01-01T00:00:00+0100",
      "2024-01-01T00:00:00+1:00",
      "2024-01-01t00:00:00Z",
      "2024-01-01T00:00:00z",
      "2024-01-01 00:00:00Z",
      "2024-1-1T00:00:00Z",
      "24-01-01T00:00:00Z",
      "+02024-01-01T00:00:00Z",
      " 2024-01-01T00:00:00Z",
      "2024-01-01T00:00:00Z\n",
      "２024-01-01T00:00:00Z",
    ]
  ) {
    assertThrows(
      () => createEvent({ ...init, timestamp }),
      InvalidEventError,
      `got ${JSON.stringify(timestamp)}`,
    );
  }
});

Deno.test("createEvent() finds the days of every month as Date does", () => {
  for (const year of [1900, 2000, 2023, 2024]) {
    for (let month = 1; month <= 12; month++) {
      for (let day = 0; day <= 32; day++) {
        const two = (n: number) => String(n).padStart(2, "0");
        const timestamp = `${year}-${two(month)}-${two(day)}T00:00:00Z`;
        const at = new Date(Date.UTC(year, month - 1, day));
        const real = at.getUTCMonth() === month - 1 && at.getUTCDate() === day;
        let taken = true;
        try {
          createEvent({ ...init, timestamp });
        } catch {
          taken = false;
        }
        assertEquals(taken, real, timestamp);
      }
    }
  }
});

Deno.test("MetadataKey has Go Aether's spelling and can't be changed", () => {
  assertEquals(MetadataKey, {
    correlationId: "correlationId",
    causationId: "causationId",
    userId: "userId",
    traceId: "traceId",
    spanId: "spanId",
  });
  assert(Object.isFrozen(MetadataKey));
});

const full = {
  ...init,
  commandId: "command-1",
  metadata: { userId: "jane", traceId: "t1" },
  tenant: { id: 7 },
};
const base: Event = createEvent(full);
const bare: Event = createEvent(init);

Deno.test("withMetadata() adds to what is there, and the added wins", () => {
  const event = withMetadata(base, { traceId: "t2", spanId: "s1" });
  const metadata = { userId: "jane", traceId: "t2", spanId: "s1" };
  assertEquals(event, { ...base, metadata });
  assertEquals(Object.keys(event), Object.keys(base));
  assert(deeplyFrozen(event));
  assertEquals(base.metadata, { userId: "jane", traceId: "t1" });
  assertEquals(withMetadata(bare, { a: "b" }).metadata, { a: "b" });
});

Deno.test("withMetadata() adds nothing for undefined and for nothing", () => {
  const unset = { userId: undefined } as unknown as Record<string, string>;
  assertEquals(withMetadata(base, unset), base);
  assertEquals(withMetadata(base, {}), base);
  assertEquals("metadata" in withMetadata(bare, {}), false);
});

Deno.test("withMetadata() keeps odd keys as they are", () => {
  const odd = JSON.parse('{"__proto__":"p","a b":"","toString":"s"}');
  const { metadata } = withMetadata(base, odd);
  assertEquals(
    JSON.stringify(metadata),
    '{"userId":"jane","traceId":"t1","__proto__":"p","a b":"","toString":"s"}',
  );
  assertStrictEquals(Object.getPrototypeOf(metadata), Object.prototype);
});

Deno.test("withMetadata() refuses what is not an object of strings", () => {
  for (const bad of [null, "abc", ["a"], { a: 1 }, { a: null }, new Map()]) {
    assertThrows(
      () => withMetadata(base, bad as unknown as Record<string, string>),
      InvalidEventError,
      "Cannot add metadata: metadata",
    );
  }
  assertThrows(
    () => withMetadata({ ...base, version: 0 }, {}),
    RangeError,
    "Cannot add metadata: version",
  );
});

Deno.test("withMetadataFrom() adds the source's metadata, which wins", () => {
  const source = withMetadata(bare, { traceId: "t9", correlationId: "c" });
  const event = withMetadataFrom(base, source);
  const metadata = { userId: "jane", traceId: "t9", correlationId: "c" };
  assertEquals(event, { ...base, metadata });
  assert(deeplyFrozen(event));
  assertEquals(withMetadataFrom(base, bare), base);
  assertEquals(withMetadataFrom(bare, base).metadata, base.metadata);
});

Deno.test("causedBy() carries the source's metadata on and names the source", () => {
  const source = createEvent({
    ...init,
    id: "cause",
    metadata: { correlationId: "c", causationId: "before", userId: "joe" },
  });
  assertEquals(causedBy(base, source).metadata, {
    userId: "joe",
    traceId: "t1",
    correlationId: "c",
    causationId: "cause",
  });
  const event = causedBy(bare, bare);
  assertEquals(event, { ...bare, metadata: { causationId: "event-1" } });
  assert(deeplyFrozen(event));
  assertThrows(
    () => causedBy(base, {} as Event),
    TypeError,
    "Cannot set cause: event id must be a string, got undefined",
  );
});

Deno.test("the functions that make events say what they got instead of an object", () => {
  const event = createEvent({
    eventType: "Happened",
    actorId: "a",
    version: 1,
    data: {},
  });
  for (const [nothing, got] of [[undefined, "undefined"], [null, "null"]]) {
    assertThrows(
      () => createEvent(nothing as never),
      TypeError,
      `Cannot create event: init must be an object, got ${got}`,
    );
    assertThrows(
      () => withMetadataFrom(event, nothing as never),
      TypeError,
      `Cannot add metadata: source must be an event, got ${got}`,
    );
    assertThrows(
      () => causedBy(event, nothing as never),
      TypeError,
      `Cannot set cause: source must be an event, got ${got}`,
    );
  }
});
