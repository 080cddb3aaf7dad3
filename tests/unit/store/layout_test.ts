/**
 * The stored layout, version 1. Histories are stored this way: a vector here
 * can never change again, only be joined by others.
 */

import { assertEquals } from "@std/assert";
import {
  decodeActorId,
  decodeName,
  encodeActorId,
  encodeToken,
  eventSubjectRoot,
  snapshotBucket,
  streamName,
} from "../../../internal/nats/names.ts";
import { decodeEvent, encodeEvent } from "../../../event/event_codec.ts";
import type { Event } from "../../../event/event.ts";

const namespaces: [namespace: string, name: string][] = [
  ["default", "default"],
  ["Default", "Default"],
  ["orders-eu-1", "orders-eu-1"],
  ["a_b", "a_5Fb"],
  ["a.b", "a_2Eb"],
  ["a b", "a_20b"],
  [" ", "_20"],
  [".", "_2E"],
  ["*", "_2A"],
  [">", "_3E"],
  ["=", "_3D"],
  ["_", "_5F"],
  ["_20", "_5F20"],
  ["__internal__", "_5F_5Finternal_5F_5F"],
  ["SNAPSHOTS_default", "SNAPSHOTS_5Fdefault"],
  ["\0", "_00"],
  ["\x7f", "_7F"],
  ["\r\n", "_0D_0A"],
  ["Köln", "K_C3_B6ln"],
  ["東京", "_E6_9D_B1_E4_BA_AC"],
  ["😀", "_F0_9F_98_80"],
];

const actors: [actorId: string, tokens: string][] = [
  ["order-1", "order-1"],
  ["order.1", "order.1"],
  ["Order_1", "Order_1"],
  ["eu.orders.2024.0001", "eu.orders.2024.0001"],
  [".", "=2E"],
  ["..", "=2E=2E"],
  ["...", "=2E.=2E"],
  [".order", "=2Eorder"],
  ["order.", "order=2E"],
  ["a..b", "a.=2Eb"],
  ["a...b", "a.=2E.b"],
  ["a....b", "a.=2E.=2Eb"],
  ["a..", "a.=2E"],
  ["..a", "=2E.a"],
  ["*", "=2A"],
  [">", "=3E"],
  ["order.*", "order.=2A"],
  ["order.>", "order.=3E"],
  ["=2E", "=3D2E"],
  ["a b", "a=20b"],
  ["a\tb\nc\rd", "a=09b=0Ac=0Dd"],
  ["\0", "=00"],
  ["\x7f", "=7F"],
  ["user:7/cart?x=1#y", "user=3A7=2Fcart=3Fx=3D1=23y"],
  ["jane@example.com", "jane=40example.com"],
  ["Müller.1", "M=C3=BCller.1"],
  ["Mu\u0308ller", "Mu=CC=88ller"],
  ["東京", "=E6=9D=B1=E4=BA=AC"],
  ["😀", "=F0=9F=98=80"],
  ["\ufeff", "=EF=BB=BF"],
];

/** Event ids as the `Nats-Msg-Id` header carries them. */
const ids: [id: string, header: string][] = [
  [
    "6ba7b810-9dad-41d1-80b4-00c04fd430c8",
    "6ba7b810-9dad-41d1-80b4-00c04fd430c8",
  ],
  ["a", "a"],
  [" a ", "=20a=20"],
  ["a.b", "a=2Eb"],
  ["a\r\nb: c", "a=0D=0Ab=3A=20c"],
  ["ü", "=C3=BC"],
];

const events: [event: Event, json: string][] = [
  [
    {
      id: "1",
      eventType: "T",
      actorId: "a",
      version: 1,
      data: {},
      timestamp: "2024-05-31T09:30:00Z",
    },
    `{"id":"1","eventType":"T","actorId":"a","version":1,"data":{},"timestamp":"2024-05-31T09:30:00Z"}`,
  ],
  [
    {
      id: "6ba7b810-9dad-41d1-80b4-00c04fd430c8",
      eventType: "OrderPlaced",
      actorId: "order-1",
      commandId: "command-1",
      version: 9007199254740991,
      data: { total: 99.99, items: [{ sku: "A-1", quantity: 2 }], gift: null },
      metadata: { correlationId: "request-7", userId: "jane" },
      timestamp: "2024-05-31T09:30:00.123456789+02:00",
    },
    `{"id":"6ba7b810-9dad-41d1-80b4-00c04fd430c8","eventType":"OrderPlaced","actorId":"order-1","commandId":"command-1","version":9007199254740991,"data":{"total":99.99,"items":[{"sku":"A-1","quantity":2}],"gift":null},"metadata":{"correlationId":"request-7","userId":"jane"},"timestamp":"2024-05-31T09:30:00.123456789+02:00"}`,
  ],
  [
    {
      id: "ü",
      eventType: "Bestellung geändert",
      actorId: "kunde..Müller/😀",
      version: 2,
      data: {
        text: `<a & b> "quoted" \\ / ü 😀`,
        controls: "\0\b\t\n\v\f\r\x1f\x7f",
        separators: "\u2028\u2029\ufeff",
        numbers: [0, 1, -1, 0.1, 1e21, 1e-7, 5e-324, 1.7976931348623157e308],
        nested: [[], {}, [[null, true, false]], ""],
        "": "",
        "a b": 1,
      },
      timestamp: "0001-01-01T00:00:00Z",
    },
    `{"id":"ü","eventType":"Bestellung geändert","actorId":"kunde..Müller/😀","version":2,"data":{"text":"<a & b> \\"quoted\\" \\\\ / ü 😀","controls":"\\u0000\\b\\t\\n\\u000b\\f\\r\\u001f\x7f","separators":"\u2028\u2029\ufeff","numbers":[0,1,-1,0.1,1e+21,1e-7,5e-324,1.7976931348623157e+308],"nested":[[],{},[[null,true,false]],""],"":"","a b":1},"timestamp":"0001-01-01T00:00:00Z"}`,
  ],
];

Deno.test("namespaces have the stream, bucket and subjects of layout 1", () => {
  for (const [namespace, name] of namespaces) {
    assertEquals(streamName("aether", namespace), `AETHER_${name}`);
    assertEquals(
      snapshotBucket("aether", namespace),
      `AETHER_SNAPSHOTS_${name}`,
    );
    assertEquals(
      eventSubjectRoot("aether", namespace),
      `aether.events.${name}`,
    );
    assertEquals(decodeName(name), namespace);
  }
  assertEquals(new Set(namespaces.map(([, name]) => name)).size, 21);
});

Deno.test("prefixes take the place of aether as layout 1 has it", () => {
  assertEquals(streamName("my-app2", "a_b"), "MY-APP2_a_5Fb");
  assertEquals(snapshotBucket("my-app2", "a_b"), "MY-APP2_SNAPSHOTS_a_5Fb");
  assertEquals(
    `${eventSubjectRoot("my-app2", "a_b")}.${encodeActorId("order.1 ")}`,
    "my-app2.events.a_5Fb.order.1=20",
  );
});

Deno.test("actors have the subjects of layout 1", () => {
  for (const [actorId, tokens] of actors) {
    assertEquals(encodeActorId(actorId), tokens);
    assertEquals(
      `${eventSubjectRoot("aether", "default")}.${encodeActorId(actorId)}`,
      `aether.events.default.${tokens}`,
    );
    assertEquals(decodeActorId(tokens), actorId);
  }
  assertEquals(new Set(actors.map(([, tokens]) => tokens)).size, 30);
});

Deno.test("event ids have the headers of layout 1", () => {
  for (const [id, header] of ids) assertEquals(encodeToken(id), header);
});

Deno.test("events have the payloads of layout 1", () => {
  for (const [event, json] of events) {
    assertEquals(encodeEvent(event), json);
    assertEquals(decodeEvent(json), event);
    assertEquals(decodeEvent(new TextEncoder().encode(json)), event);
  }
});

// An editor that normalizes this file would change both sides above.
Deno.test("payloads have the very bytes of layout 1", async () => {
  const payloads = events.map(([event]) => encodeEvent(event)).join("\n");
  const bytes = new TextEncoder().encode(payloads);
  assertEquals(bytes.length, 782);
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  assertEquals(
    Array.from(hash, (byte) => byte.toString(16).padStart(2, "0")).join(""),
    "bf69da6ef664be67b3ec80ef4a6d5c84e7f208efb1605540799d5a4994a4d99a",
  );
});
