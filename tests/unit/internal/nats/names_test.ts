import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import {
  checkActorId,
  checkEventId,
  checkEventType,
  checkNamespace,
  checkPrefix,
  decodeActorId,
  decodeName,
  decodeToken,
  encodeActorId,
  encodeName,
  encodeToken,
  eventSubjectRoot,
  snapshotBucket,
  streamName,
} from "../../../../internal/nats/names.ts";
import { anyCharacter } from "../../../support/any_character.ts";
import { natsMatches } from "../../../support/nats_matches.ts";

// Text that is dense in what the encodings treat specially.
const special = fc.constantFrom(
  ...'abZ09_-=.*> \n\t\r\0\x7f"\\/:%',
  "=2E",
  "_2E",
  "..",
  "ü",
  "ß",
  "\u00e9",
  "e\u0301",
  "漢",
  "😀",
  "\ufeff",
  "\uffff",
);
const text = fc.oneof(
  fc.array(special, { minLength: 1, maxLength: 12 }).map((s) => s.join("")),
  fc.string({ unit: anyCharacter, minLength: 1, maxLength: 30 }),
);

const legalToken = /^[A-Za-z0-9_=-]+$/;

const tokenVectors: [string, string][] = [
  ["a", "a"],
  ["AZaz09_-", "AZaz09_-"],
  [" ", "=20"],
  [" a ", "=20a=20"],
  [".", "=2E"],
  ["a.b", "a=2Eb"],
  ["*", "=2A"],
  [">", "=3E"],
  ["=", "=3D"],
  ["=3D", "=3D3D"],
  ["\n", "=0A"],
  ["\r\n", "=0D=0A"],
  ["\0", "=00"],
  ["\x7f", "=7F"],
  ["\x80", "=C2=80"],
  ["ü", "=C3=BC"],
  ["u\u0308", "u=CC=88"],
  ["漢字", "=E6=BC=A2=E5=AD=97"],
  ["😀", "=F0=9F=98=80"],
  ["\ufeffa", "=EF=BB=BFa"],
  ["\uffff", "=EF=BF=BF"],
  ["\u{10ffff}", "=F4=8F=BF=BF"],
  ["/:%+,;\"'\\", "=2F=3A=25=2B=2C=3B=22=27=5C"],
];

const actorVectors: [string, string][] = [
  ["a", "a"],
  ["order-1", "order-1"],
  ["order.1", "order.1"],
  ["a.b.c", "a.b.c"],
  [".", "=2E"],
  ["..", "=2E=2E"],
  ["...", "=2E.=2E"],
  ["....", "=2E.=2E=2E"],
  [".....", "=2E.=2E.=2E"],
  [".a", "=2Ea"],
  ["a.", "a=2E"],
  [".a.", "=2Ea=2E"],
  ["..a", "=2E.a"],
  ["a..", "a.=2E"],
  ["a..b", "a.=2Eb"],
  ["a...b", "a.=2E.b"],
  ["a....b", "a.=2E.=2Eb"],
  ["a...", "a.=2E=2E"],
  ["a.b.", "a.b=2E"],
  ["a=2E", "a=3D2E"],
  ["*", "=2A"],
  [">", "=3E"],
  ["a.*.b.>", "a.=2A.b.=3E"],
  ["a b.c d", "a=20b.c=20d"],
  ["a\n.b", "a=0A.b"],
  ["\0.\x7f", "=00.=7F"],
  ["Müller.😀", "M=C3=BCller.=F0=9F=98=80"],
  ["a.ü..", "a.=C3=BC.=2E"],
  ["__internal__", "__internal__"],
];

const nameVectors: [string, string][] = [
  ["default", "default"],
  ["AZaz09-", "AZaz09-"],
  ["_", "_5F"],
  ["__internal__", "_5F_5Finternal_5F_5F"],
  ["SNAPSHOTS_x", "SNAPSHOTS_5Fx"],
  ["a.b", "a_2Eb"],
  ["a b", "a_20b"],
  ["*", "_2A"],
  [">", "_3E"],
  ["=", "_3D"],
  ["_5F", "_5F5F"],
  ["\0\x7f\n", "_00_7F_0A"],
  ["ü", "_C3_BC"],
  ["😀", "_F0_9F_98_80"],
  ["\ufeff", "_EF_BB_BF"],
];

Deno.test("encodeToken() and decodeToken() agree with the golden vectors", () => {
  for (const [plain, token] of tokenVectors) {
    assertEquals(encodeToken(plain), token);
    assertEquals(decodeToken(token), plain);
  }
});

Deno.test("encodeActorId() and decodeActorId() agree with the golden vectors", () => {
  for (const [plain, tokens] of actorVectors) {
    assertEquals(encodeActorId(plain), tokens);
    assertEquals(decodeActorId(tokens), plain);
  }
});

Deno.test("encodeName() and decodeName() agree with the golden vectors", () => {
  for (const [plain, name] of nameVectors) {
    assertEquals(encodeName(plain), name);
    assertEquals(decodeName(name), plain);
  }
});

Deno.test("encodeToken() spells each of the 128 ASCII characters by the rule", () => {
  for (let code = 0; code < 128; code++) {
    const char = String.fromCharCode(code);
    const hex = code.toString(16).toUpperCase().padStart(2, "0");
    const alnum = /[A-Za-z0-9]/.test(char);
    assertEquals(
      encodeToken(char),
      alnum || char === "_" || char === "-" ? char : `=${hex}`,
    );
    assertEquals(encodeName(char), alnum || char === "-" ? char : `_${hex}`);
  }
});

Deno.test("every encoding round-trips and gives legal tokens", () => {
  fc.assert(fc.property(text, (s) => {
    assertEquals(decodeToken(encodeToken(s)), s);
    assertEquals(decodeActorId(encodeActorId(s)), s);
    assertEquals(decodeName(encodeName(s)), s);
    assert(legalToken.test(encodeToken(s)));
    assert(encodeActorId(s).split(".").every((t) => legalToken.test(t)));
    assert(/^[A-Za-z0-9_-]+$/.test(encodeName(s)));
  }));
});

Deno.test("every encoding is injective", () => {
  fc.assert(fc.property(text, text, (a, b) => {
    for (const encode of [encodeToken, encodeActorId, encodeName]) {
      assertEquals(encode(a) === encode(b), a === b);
    }
  }));
});

Deno.test("encodeActorId() is injective over all short ids of dots, letters and escapes", () => {
  const seen = new Map<string, string>();
  const grow = (id: string) => {
    if (id !== "") {
      const encoded = encodeActorId(id);
      assertEquals(seen.get(encoded), undefined);
      assertEquals(decodeActorId(encoded), id);
      seen.set(encoded, id);
    }
    if (id.length < 7) { for (const c of ".a=") grow(id + c); }
  };
  grow("");
  assertEquals(seen.size, (3 ** 8 - 1) / 2 - 1);
});

Deno.test("decoders refuse everything the encoders never give", () => {
  for (
    const token of [
      ...["", ".", "a.b", " ", "*", ">", "=", "=4", "=41", "=2e", "=GG", "a="],
      ...["=5F", "=2D", "=FF", "=C3", "=C3=28", "=ED=A0=80", "=C0=AE", "ü"],
    ]
  ) {
    const error = assertThrows(() => decodeToken(token), TypeError);
    assert(error.message.includes(JSON.stringify(token)));
  }
  for (
    const tokens of [
      ...["", ".", ".a", "a.", "a..b", "a=2Eb", "=2E.b=2Ec", "a.*", "a.>"],
      ...["a.=41", "=2Ea=2Eb", "a=2E.b", "a.=2E=2Eb", "=2E=2Ea", "a b"],
    ]
  ) {
    assertThrows(() => decodeActorId(tokens), TypeError);
  }
  for (const name of ["", "_", "_4", "_41", "_2e", "_FF", "_2D", "=41", "."]) {
    assertThrows(() => decodeName(name), TypeError);
  }
});

Deno.test("decoders accept only what the encoders give", () => {
  const escape = fc.constantFrom(..."=_.a2E4F", "=2E", "=41", "=C3=BC", "_5F");
  const candidate = fc.array(escape, { maxLength: 8 }).map((s) => s.join(""));
  const pairs = [
    [decodeToken, encodeToken],
    [decodeActorId, encodeActorId],
    [decodeName, encodeName],
  ] as const;
  fc.assert(fc.property(candidate, (s) => {
    for (const [decode, encode] of pairs) {
      let plain: string;
      try {
        plain = decode(s);
      } catch {
        continue;
      }
      assertEquals(encode(plain), s);
    }
  }));
});

Deno.test("encoders refuse empty text and lone surrogates", () => {
  for (const encode of [encodeToken, encodeActorId, encodeName]) {
    assertThrows(() => encode(""), RangeError);
    for (const lone of ["\ud800", "a\udc00", "\udc00\ud800", "😀\ud83d"]) {
      assertThrows(() => encode(lone), TypeError, "lone surrogates");
    }
  }
});

Deno.test("checkActorId() accepts up to 2,048 encoded bytes and returns them", () => {
  assertEquals(checkActorId("a", "save event"), "a");
  assertEquals(checkActorId(" ", "save event"), "=20");
  for (const long of ["a".repeat(2048), "ü".repeat(341) + "ab"]) {
    assertEquals(checkActorId(long, "save event").length, 2048);
    assertEquals(checkActorId(long.slice(0, -1), "x").length, 2047);
    const error = assertThrows(
      () => checkActorId(long + "c", "save event"),
      RangeError,
      "Cannot save event: encoded actor id takes 2049 bytes, the limit is 2048",
    );
    assert(error.message.length < 250, error.message);
  }
  assertThrows(() => checkActorId("", "save event"), RangeError, "empty");
  for (const bad of [undefined, null, 1, Symbol("s"), {}, () => {}, "\ud800"]) {
    assertThrows(
      () => checkActorId(bad, "save event"),
      TypeError,
      "Cannot save event: actor id must",
    );
  }
});

Deno.test("checkNamespace() accepts up to 128 encoded bytes and returns them", () => {
  assertEquals(checkNamespace("default", "open store"), "default");
  assertEquals(checkNamespace("a".repeat(128), "open store").length, 128);
  assertEquals(checkNamespace("_".repeat(42) + "ab", "x").length, 128);
  const action = "open store";
  assertThrows(() => checkNamespace("", action), RangeError);
  assertThrows(() => checkNamespace("a".repeat(129), action), RangeError);
  assertThrows(() => checkNamespace("_".repeat(43), action), RangeError, "129");
  assertThrows(() => checkNamespace(7, action), TypeError, "got 7");
  assertThrows(() => checkNamespace("\udfff", action), TypeError);
});

Deno.test("checkEventId() accepts 1 to 256 UTF-8 bytes", () => {
  const action = "save event";
  assertEquals(checkEventId("a b", action), "a=20b");
  for (const unit of ["a", "ü", "😀"]) {
    const bytes = new TextEncoder().encode(unit).length;
    const full = unit.repeat(256 / bytes);
    assertEquals(decodeToken(checkEventId(full, action)), full);
    assertThrows(() => checkEventId(full + "a", action), RangeError, "257");
  }
  assertEquals(checkEventId("漢".repeat(85) + "a", action).length, 766);
  assertThrows(() => checkEventId("漢".repeat(86), action), RangeError, "258");
  assertThrows(() => checkEventId("", action), RangeError);
  assertThrows(() => checkEventId(1n, action), TypeError, "got 1n");
  assertThrows(() => checkEventId("\ud83d", action), TypeError);
});

Deno.test("checkEventType() accepts 1 to 256 encoded bytes and returns them", () => {
  const action = "save event";
  assertEquals(checkEventType("Order placed", action), "Order=20placed");
  assertEquals(checkEventType("a".repeat(256), action).length, 256);
  assertEquals(checkEventType(".".repeat(85) + "a", action).length, 256);
  assertThrows(() => checkEventType("a".repeat(257), action), RangeError);
  assertThrows(() => checkEventType(".".repeat(86), action), RangeError, "258");
  assertThrows(() => checkEventType("", action), RangeError);
  assertThrows(() => checkEventType(null, action), TypeError, "got null");
});

Deno.test("checkPrefix() accepts [a-z][a-z0-9-]{0,31} and nothing else", () => {
  for (const good of ["a", "aether", "a-1", "a-", "z".repeat(32)]) {
    assertEquals(checkPrefix(good, "open store"), good);
  }
  for (
    const bad of ["", "A", "1a", "-a", "a_b", "a.b", "a ", "ä", "a".repeat(33)]
  ) assertThrows(() => checkPrefix(bad, "open store"), RangeError, "[a-z]");
  for (const bad of [undefined, null, 1, ["a"]]) {
    assertThrows(() => checkPrefix(bad, "open store"), TypeError, "[a-z]");
  }
});

Deno.test("layout builders put prefix, namespace and actor together", () => {
  assertEquals(streamName("aether", "default"), "AETHER_default");
  assertEquals(streamName("my-app", "a b"), "MY-APP_a_20b");
  assertEquals(snapshotBucket("aether", "a_b"), "AETHER_SNAPSHOTS_a_5Fb");
  assertEquals(eventSubjectRoot("aether", "a.b"), "aether.events.a_2Eb");
  assertEquals(
    `${eventSubjectRoot("aether", "default")}.${encodeActorId("order.1.")}`,
    "aether.events.default.order.1=2E",
  );
});

Deno.test("no actor id or namespace reaches another namespace's subjects", () => {
  fc.assert(fc.property(text, text, text, (ns, other, actorId) => {
    if (ns === other) return;
    const subject = `${eventSubjectRoot("aether", ns)}.${
      encodeActorId(actorId)
    }`;
    assertEquals(
      natsMatches(eventSubjectRoot("aether", other) + ".>", subject),
      false,
    );
    assertEquals(
      natsMatches(eventSubjectRoot("aether", ns) + ".>", subject),
      true,
    );
  }));
});
