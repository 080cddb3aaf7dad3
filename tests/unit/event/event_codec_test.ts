import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { InvalidEventError } from "../../../event/errors.ts";
import {
  decodeEvent,
  encodeEvent,
  sameEvent,
  sealEvent,
} from "../../../event/event_codec.ts";
import { equalJson } from "../../../event/json.ts";
import { createEvent } from "../../../event/create_event.ts";
import type { Event } from "../../../event/event.ts";
import { anyCharacter } from "../../support/any_character.ts";

const utf8 = new TextEncoder();

const plain = {
  id: "event-1",
  eventType: "OrderPlaced",
  actorId: "order-1",
  version: 1,
  data: { total: 99.99 },
  timestamp: "2024-05-31T09:30:00Z",
};

/** The plain event's JSON with some keys set; undefined takes one out. */
function json(fields: Record<string, unknown> = {}): string {
  return JSON.stringify({ ...plain, ...fields });
}

function deeplyFrozen(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return true;
  return Object.isFrozen(value) && Object.values(value).every(deeplyFrozen);
}

const text = fc.string({ unit: anyCharacter, minLength: 1, maxLength: 20 });
const object = fc.dictionary(
  fc.string({ unit: anyCharacter }),
  fc.jsonValue({ maxDepth: 3, stringUnit: anyCharacter }),
);
const knownKeys = new Set([...Object.keys(plain), "commandId", "metadata"]);
const unknownKeys = fc.dictionary(
  fc.oneof(fc.string({ unit: anyCharacter }), fc.constantFrom("7", "toString"))
    .filter((key) => !knownKeys.has(key)),
  fc.jsonValue({ maxDepth: 2 }),
  { maxKeys: 3 },
);
const two = (n: number) => String(n).padStart(2, "0");
const timestamp = fc.tuple(
  fc.date({
    min: new Date("0001-01-01T00:00:00Z"),
    max: new Date("9999-12-31T00:00:00Z"),
    noInvalidDate: true,
  }),
  fc.stringMatching(/^(\.\d{1,9})?$/),
  fc.oneof(
    fc.constant("Z"),
    fc.tuple(fc.constantFrom("+", "-"), fc.nat(23), fc.nat(59))
      .map(([sign, h, m]) => `${sign}${two(h)}:${two(m)}`),
  ),
).map(([date, fraction, zone]) =>
  date.toISOString().slice(0, 19) + fraction + zone
);
const event: fc.Arbitrary<Event> = fc.record({
  id: text,
  eventType: text,
  actorId: text,
  commandId: fc.option(fc.string({ unit: anyCharacter }), { nil: undefined }),
  version: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
  data: object,
  metadata: fc.option(
    fc.dictionary(
      fc.string({ unit: anyCharacter }),
      fc.string({ unit: anyCharacter }),
    ),
    { nil: undefined },
  ),
  timestamp,
});

Deno.test("encodeEvent() writes the keys in one order, whatever theirs was", () => {
  const mixed = {
    zebra: { b: 1, a: 2 },
    timestamp: "2024-05-31T09:30:00Z",
    metadata: { z: "1", a: "2" },
    data: { z: 1, a: 2 },
    version: 3,
    commandId: "c",
    "7": "seven",
    actorId: "order-1",
    eventType: "OrderPlaced",
    id: "event-1",
    apple: null,
  };
  assertEquals(
    encodeEvent(mixed),
    '{"id":"event-1","eventType":"OrderPlaced","actorId":"order-1",' +
      '"commandId":"c","version":3,"data":{"z":1,"a":2},' +
      '"metadata":{"z":"1","a":"2"},"timestamp":"2024-05-31T09:30:00Z",' +
      '"7":"seven","zebra":{"b":1,"a":2},"apple":null}',
  );
});

Deno.test("encodeEvent() leaves out what is empty or undefined", () => {
  for (const commandId of ["", undefined]) {
    for (const metadata of [{}, undefined]) {
      const data = { total: 99.99, gone: undefined };
      const extra = { commandId, metadata, data, unknown: undefined };
      assertEquals(encodeEvent({ ...plain, ...extra }), json());
    }
  }
});

Deno.test("encodeEvent() writes -0 as 0 and text as it is", () => {
  const data = { zero: -0, html: "<a & b>", text: "ü\u2028\0😀" };
  assertEquals(
    encodeEvent({ ...plain, data }).split(',"timestamp"')[0]?.slice(74),
    '"data":{"zero":0,"html":"<a & b>","text":"ü\u2028\\u0000😀"}',
  );
});

Deno.test("encodeEvent() refuses what is no event, with the path to it", () => {
  const cases: [unknown, string][] = [
    [undefined, ""],
    [null, ""],
    ["x", ""],
    [[], ""],
    [new (class Placed {})(), ""],
    [{}, "id"],
    [{ ...plain, data: { a: () => 1 } }, "data.a"],
    [{ ...plain, data: { a: [1n] } }, "data.a[0]"],
    [{ ...plain, extra: new Date() }, "extra"],
    [{ ...plain, toJSON: () => 1 }, "toJSON"],
    [{ ...plain, "\ud800": 1 }, '["\\ud800"]'],
    [{ ...plain, [Symbol("s")]: 1 }, "[Symbol(s)]"],
    [{
      ...plain,
      get extra() {
        return 1n;
      },
    }, "extra"], // deno-fmt-ignore
  ];
  for (const [bad, path] of cases) {
    for (
      const refuse of [
        () => encodeEvent(bad as Event),
        () => sealEvent(bad as Event, "encode event"),
      ]
    ) {
      const error = assertThrows(
        refuse,
        InvalidEventError,
        `Cannot encode event: ${path || "event"} must`,
      );
      assertEquals(error.path, path);
    }
  }
});

Deno.test("decodeEvent() takes what encodeEvent() gave, and gives it back equal", () => {
  fc.assert(fc.property(event, unknownKeys, (known, unknown) => {
    const all = sealEvent({ ...unknown, ...known }, "test");
    const text = encodeEvent(all);
    for (const input of [text, utf8.encode(text)]) {
      const decoded = decodeEvent(input);
      assertEquals(decoded, all);
      assertEquals(Object.keys(decoded), Object.keys(all));
      assertEquals(encodeEvent(decoded), text);
      assert(deeplyFrozen(decoded));
    }
  }));
});

Deno.test("encodeEvent() keeps the unknown keys of what was decoded, in order", () => {
  fc.assert(fc.property(unknownKeys, (unknown) => {
    // JSON.stringify writes __proto__ too when it is an own property.
    const rest = Object.entries(unknown)
      .map(([key, value]) =>
        `,${JSON.stringify(key)}:${JSON.stringify(value)}`
      );
    const text = json().slice(0, -1) + rest.join("") + "}";
    assertEquals(encodeEvent(decodeEvent(text)), text);
  }));
});

Deno.test("decodeEvent() keeps __proto__ as a key like any other", () => {
  const text = json().slice(0, -1) +
    ',"__proto__":{"version":9},"constructor":1}';
  const decoded = decodeEvent(text);
  assertEquals(Object.getPrototypeOf(decoded), Object.prototype);
  assertEquals(decoded.version, 1);
  assertEquals(encodeEvent(decoded), text);
  assertThrows(
    () => decodeEvent(`{"__proto__":${json()}}`),
    InvalidEventError,
    "id must be a string, got undefined",
  );
});

Deno.test("decodeEvent() takes Go's way to write events", () => {
  const go =
    '{"id":"e","eventType":"T","actorId":"a","version":7,"data":null,' +
    '"timestamp":"2024-05-31T09:30:00.123456789+05:45"}';
  assertEquals(decodeEvent(go), {
    id: "e",
    eventType: "T",
    actorId: "a",
    version: 7,
    data: {},
    timestamp: "2024-05-31T09:30:00.123456789+05:45",
  });
  for (const metadata of [null, {}, undefined]) {
    for (const commandId of [null, "", undefined]) {
      const decoded = decodeEvent(json({ metadata, commandId }));
      assertEquals<Event>(decoded, plain);
      assertEquals(Object.keys(decoded), Object.keys(plain));
    }
  }
  const escaped = json({ data: { html: "HTML" } })
    .replace("HTML", "\\u003ca\\u003e \\u0026 \\u2028");
  assertEquals(decodeEvent(escaped).data, { html: "<a> & \u2028" });
});

Deno.test("decodeEvent() lets the last of equal keys win, as JSON.parse does", () => {
  const text = json().replace('"version":1', '"version":1,"version":2');
  assertEquals(decodeEvent(text).version, 2);
});

Deno.test("decodeEvent() takes numbers as JSON may write them", () => {
  const versions: [string, number][] = [["1.0", 1], ["1e2", 100], ["10E-1", 1]];
  for (const [written, version] of versions) {
    const text = json().replace('"version":1', `"version":${written}`);
    assertEquals(decodeEvent(text).version, version);
  }
  const text = json({ data: "DATA" }).replace('"DATA"', '{"a":-0,"b":1e5}');
  const { data } = decodeEvent(text);
  assert(Object.is(data.a, 0));
  assertEquals(data.b, 100000);
});

Deno.test("decodeEvent() refuses what is not UTF-8, with the reason", () => {
  const valid = utf8.encode(json({ data: { a: "X" } }));
  const at = valid.indexOf("X".charCodeAt(0));
  for (const byte of [0x80, 0xc0, 0xff, 0xed]) {
    const bytes = valid.slice();
    bytes[at] = byte;
    const error = assertThrows(
      () => decodeEvent(bytes),
      InvalidEventError,
      "Cannot decode event: event must be valid UTF-8",
    );
    assert(error.cause instanceof TypeError);
  }
});

Deno.test("decodeEvent() refuses what is not JSON, with the reason", () => {
  for (
    const bad of ["", " ", "{", "{}}", "nul", "{'id':1}", "\ufeff" + json()]
  ) {
    for (const input of [bad, utf8.encode(bad)]) {
      const error = assertThrows(
        () => decodeEvent(input),
        InvalidEventError,
        "Cannot decode event: event must be JSON, got ",
      );
      assert(error.cause instanceof SyntaxError);
      assertEquals(error.path, "");
    }
  }
  for (const bad of [undefined, null, 1, {}, [], new Uint16Array(1)]) {
    assertThrows(
      () => decodeEvent(bad as string),
      InvalidEventError,
      "must be a string or a Uint8Array",
    );
  }
});

Deno.test("decodeEvent() refuses JSON of another shape, with the path", () => {
  const cases: [string, string][] = [
    ["null", ""],
    ["1", ""],
    ['"x"', ""],
    ["[]", ""],
    ["{}", "id"],
    [json({ id: undefined }), "id"],
    [json({ id: 1 }), "id"],
    [json({ eventType: null }), "eventType"],
    [json({ actorId: ["a"] }), "actorId"],
    [json({ commandId: 1 }), "commandId"],
    [json({ version: undefined }), "version"],
    [json({ version: "1" }), "version"],
    [json({ version: null }), "version"],
    [json({ data: undefined }), "data"],
    [json({ data: [] }), "data"],
    [json({ data: "x" }), "data"],
    [json({ data: { a: "\ud800" } }), "data.a"],
    [json({ data: "D" }).replace('"D"', '{"a":[1e400]}'), "data.a[0]"],
    [json({ metadata: [] }), "metadata"],
    [json({ metadata: "x" }), "metadata"],
    [json({ metadata: { a: null } }), "metadata.a"],
    [json({ metadata: { a: 1 } }), "metadata.a"],
    [json({ metadata: { a: "\ud800" } }), "metadata.a"],
    [json({ timestamp: undefined }), "timestamp"],
    [json({ timestamp: 1717144200 }), "timestamp"],
    [json({ timestamp: "yesterday" }), "timestamp"],
    [json({ id: "\udc00" }), "id"],
    [json({ extra: "\udc00" }), "extra"],
    [json({ "\udc00": 1 }), '["\\udc00"]'],
    [json({ extra: "E" }).replace('"E"', "-1e400"), "extra"],
  ];
  for (const [bad, path] of cases) {
    const error = assertThrows(
      () => decodeEvent(bad),
      InvalidEventError,
      "Cannot decode event: ",
    );
    assertEquals(error.path, path, bad);
  }
});

Deno.test("decodeEvent() refuses what is out of bounds with a RangeError", () => {
  for (
    const bad of [
      json({ id: "" }),
      json({ id: "a".repeat(257) }),
      json({ eventType: "" }),
      json({ eventType: " ".repeat(86) }),
      json({ actorId: "" }),
      json({ actorId: "a".repeat(2049) }),
      ...["0", "-1", "1.5", "9007199254740992", "9007199254740993", "1e400"]
        .map((v) => json().replace('"version":1', `"version":${v}`)),
    ]
  ) assertThrows(() => decodeEvent(bad), RangeError, "Cannot decode event: ");
});

Deno.test("decodeEvent() bounds how deep data nests", () => {
  const deep = (levels: number) =>
    json({ data: "D" })
      .replace('"D"', '{"a":'.repeat(levels) + "1" + "}".repeat(levels));
  decodeEvent(deep(1000));
  assertThrows(() => decodeEvent(deep(1001)), InvalidEventError, "1000 levels");
  assertThrows(() => decodeEvent(deep(100_000)), InvalidEventError, "levels");
});

Deno.test("encodeEvent() takes what sealEvent() takes and changes nothing", () => {
  fc.assert(fc.property(event, unknownKeys, (known, unknown) => {
    const all = { ...unknown, ...known };
    const before = JSON.stringify(all);
    assertEquals(encodeEvent(all), encodeEvent(sealEvent(all, "test")));
    assertEquals(JSON.stringify(all), before);
    assertEquals(Object.isFrozen(all), false);
  }));
});

Deno.test("sealEvent() gives a frozen copy that the caller can't reach", () => {
  fc.assert(fc.property(event, (given) => {
    const sealed = sealEvent(given, "test");
    const before = encodeEvent(sealed);
    assert(deeplyFrozen(sealed));
    for (const part of [given.data, given.metadata ?? {}]) {
      for (const key of Object.keys(part)) {
        delete (part as Record<string, unknown>)[key];
      }
      (part as Record<string, unknown>).spoilt = "yes";
    }
    assertEquals(encodeEvent(sealed), before);
  }));
});

Deno.test("sealEvent() leaves out what is empty and orders the keys", () => {
  const { id, ...rest } = plain;
  const sealed = sealEvent(
    { extra: 1, ...rest, commandId: "", metadata: {}, id, gone: undefined },
    "test",
  );
  assertEquals(Object.keys(sealed), [...Object.keys(plain), "extra"]);
});

Deno.test("sameEvent() looks at id, actor, version, type and data alone", () => {
  const same: Partial<Event>[] = [
    {},
    { timestamp: "2025-01-01T00:00:00Z" },
    { metadata: { a: "b" } },
    { commandId: "c" },
    { data: { gone: undefined, total: 99.99 } },
    { extra: 1 } as Partial<Event>,
  ];
  for (const fields of same) assert(sameEvent(plain, { ...plain, ...fields }));
  const other: Partial<Event>[] = [
    { id: "event-2" },
    { actorId: "order-2" },
    { version: 2 },
    { eventType: "OrderShipped" },
    { data: {} },
    { data: { total: 99.98 } },
    { data: { total: 99.99, more: null } },
  ];
  for (const fields of other) {
    assert(!sameEvent(plain, { ...plain, ...fields }));
  }
  fc.assert(fc.property(event, (given) => {
    assert(sameEvent(given, decodeEvent(encodeEvent(given))));
  }));
});

Deno.test("createEvent() gives what survives writing and reading unchanged", () => {
  fc.assert(fc.property(event, (init) => {
    const made = createEvent(init);
    assertEquals<Event>(decodeEvent(encodeEvent(made)), made);
    assert(equalJson(made.data, init.data));
  }));
});
