import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import {
  type ClusterMap,
  createClusterMap,
} from "../../../../cluster/map/cluster_map.ts";
import {
  MalformedMapError,
  MapTooLargeError,
} from "../../../../cluster/map/errors.ts";
import { decodeMap, encodeMap } from "../../../../cluster/map/map_codec.ts";
import { anyMap, memberOf, membersOf, settledMap } from "./_maps.ts";

const MAX_PAYLOAD = 1024 * 1024;
const utf8 = new TextEncoder();

function bytesOf(header: unknown, ...body: number[]): Uint8Array {
  const line = utf8.encode(`${JSON.stringify(header)}\n`);
  return Uint8Array.from([...line, ...body]);
}

const header = {
  format: 1,
  term: 7,
  version: 3,
  shards: 3,
  epochs: 5,
  members: [{ id: "a", incarnation: "x", state: "ready" }],
};

function assertMalformed(
  bytes: Uint8Array,
  why: string,
  code: MalformedMapError["code"] = "malformed",
): void {
  const error = assertThrows(() => decodeMap(bytes), MalformedMapError, why);
  assertEquals(error.code, code);
}

Deno.test("encodeMap() gives the golden vector", () => {
  const map: ClusterMap = {
    term: 1763718000000,
    version: 12,
    members: [
      memberOf("a", { weight: 2, appVersion: "1.2.0", roles: ["web"] }),
      memberOf("ü", { state: "leaving", metadata: { zone: "eu" } }),
    ],
    states: Uint8Array.of(1, 2, 2, 0, 0, 1),
    owners: Int32Array.of(0, 1, 0, -1, -1, 1),
    nexts: Int32Array.of(-1, 0, -1, -1, 0, -1),
    epochs: Float64Array.of(300, 172, 300, 172, 1763718000000, 301),
  };
  const bytes = encodeMap(map, MAX_PAYLOAD);
  const line = '{"format":1,"term":1763718000000,"version":12,"shards":6,' +
    '"epochs":172,"members":[{"id":"a","incarnation":"1","state":"ready",' +
    '"weight":2,"appVersion":"1.2.0","roles":["web"]},{"id":"ü",' +
    '"incarnation":"1","state":"leaving","metadata":{"zone":"eu"}}]}\n';
  const body = [
    ...[2, 0, 0x80, 1],
    ...[7, 0, 1, 0],
    ...[3, 0],
    ...[0, 1],
    ...[1, 0, 2, 0xd4, 0xd9, 0xa3, 0xae, 0xaa, 0x33],
    ...[5, 3, 0x81, 1],
  ];
  assertEquals([...bytes], [...utf8.encode(line), ...body]);
  assertEquals(decodeMap(bytes), map);
});

Deno.test("decodeMap() gives what encodeMap() was given, whatever the map", () => {
  fc.assert(fc.property(anyMap, (map) => {
    const bytes = encodeMap(map, MAX_PAYLOAD);
    assertEquals(decodeMap(bytes), map);
    assertEquals(encodeMap(decodeMap(bytes), MAX_PAYLOAD), bytes);
  }));
});

Deno.test("decodeMap() takes a map without shards and members", () => {
  const map = createClusterMap(0);
  assertEquals(decodeMap(encodeMap(map, MAX_PAYLOAD)), map);
});

Deno.test("decodeMap() ignores what a later version adds to the header", () => {
  const bytes = bytesOf({ ...header, note: "?" }, 2, 0, 0, 0, 0, 0, 0);
  assertEquals(decodeMap(bytes).version, 3);
});

Deno.test("decodeMap() refuses what is no map", () => {
  assertMalformed(new Uint8Array(), "it has no header");
  assertMalformed(utf8.encode("{}"), "it has no header");
  assertMalformed(utf8.encode("{\n"), "its header is no JSON");
  assertMalformed(Uint8Array.of(0x22, 0xff, 0x22, 0x0a), "is no JSON");
  assertMalformed(utf8.encode("null\n"), "its format");
  assertMalformed(bytesOf({ ...header, format: "1" }), "its format");
  const later = { ...header, format: 2, term: "?" };
  assertMalformed(bytesOf(later), "it has format 2", "unknown-format");
  for (const name of ["term", "version", "shards", "epochs"]) {
    for (const value of [undefined, -1, 0.5, "1", 2 ** 53]) {
      assertMalformed(bytesOf({ ...header, [name]: value }), `its ${name} are`);
    }
  }
  assertMalformed(bytesOf({ ...header, shards: 65_537 }), "its shards are");
  assertMalformed(bytesOf({ ...header, members: {} }), "its members are no");
  const [member] = header.members;
  for (
    const wrong of [
      null,
      "a",
      {},
      { ...member, id: "" },
      { ...member, id: 1 },
      { ...member, incarnation: undefined },
      { ...member, state: "gone" },
      { ...member, weight: 0 },
      { ...member, weight: "1" },
      { ...member, weight: 101 },
      { ...member, appVersion: 1 },
      { ...member, roles: "web" },
      { ...member, roles: [1] },
      { ...member, metadata: [] },
      { ...member, metadata: { a: 1 } },
      { ...member, metadata: null },
    ]
  ) {
    const members = [wrong];
    assertMalformed(bytesOf({ ...header, members }), "members is malformed");
  }
  const members = [member, { ...member, incarnation: "y" }];
  assertMalformed(bytesOf({ ...header, members }), "have the same id");
});

Deno.test("decodeMap() refuses shards that are not as encodeMap() has them", () => {
  const good = [2, 0, 9, 3, 0, 0, 0];
  assertEquals([...decodeMap(bytesOf(header, ...good)).epochs], [14, 14, 14]);
  assertMalformed(bytesOf(header, ...good, 0), "follows its 3 shards");
  for (let length = 0; length < good.length; length++) {
    assertMalformed(bytesOf(header, ...good.slice(0, length)), "shard ");
  }
  assertMalformed(
    bytesOf(header, 5, 0, 9, 0, 0, 0, 0),
    "shard 0 names a member",
  );
  assertMalformed(bytesOf(header, 1, 1, 0, 9, 0, 0, 0, 0), "0 names a member");
  assertMalformed(bytesOf(header, 0, 1, 9, 0, 0, 0, 0), "shard 0 has no epoch");
  const huge = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f];
  assertMalformed(bytesOf(header, 0, 0, ...huge), "shard 0 has no epoch");
  assertMalformed(bytesOf(header, ...huge), "shard 0 names a member");
});

Deno.test("decodeMap() gives a valid map or an error, whatever the bytes", () => {
  const edit = fc.record({
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    byte: fc.nat(255),
  });
  fc.assert(
    fc.property(
      anyMap,
      fc.array(edit, { minLength: 1, maxLength: 3 }),
      (map, edits) => {
        const bytes = encodeMap(map, MAX_PAYLOAD);
        for (const { at, byte } of edits) {
          bytes[Math.floor(at * (bytes.length - 1))] = byte;
        }
        let decoded: ClusterMap;
        try {
          decoded = decodeMap(bytes);
        } catch (error) {
          assert(error instanceof MalformedMapError);
          return;
        }
        const { members, states, owners, nexts, epochs } = decoded;
        states.forEach((state, shard) => {
          assertEquals(owners[shard] === -1, state === 0);
          assert(owners[shard]! < members.length);
          assert(nexts[shard]! < members.length);
          assert(state !== 1 || nexts[shard] === -1);
          assert(Number.isSafeInteger(epochs[shard]) && epochs[shard]! >= 0);
        });
      },
    ),
    { numRuns: 500 },
  );
});

Deno.test("encodeMap() refuses maps that are too large, and takes the largest", () => {
  const map = settledMap(1024, membersOf(10));
  const { length } = encodeMap(map, MAX_PAYLOAD);
  assertEquals(encodeMap(map, length).length, length);
  const error = assertThrows(
    () => encodeMap(map, length - 1),
    MapTooLargeError,
    `1024 shards and 10 members take ${length} bytes, the limit is`,
  );
  assertEquals([error.bytes, error.maxBytes], [length, length - 1]);
});

Deno.test("encodeMap() fits 65,536 shards over 1,000 members into a message", () => {
  const incarnation = "0123456789abcdef";
  const members = membersOf(1000).map((member) => ({ ...member, incarnation }));
  const map = settledMap(65_536, members);
  const size = encodeMap(map, MAX_PAYLOAD).length;
  assert(size < 280_000, `${size}`);
  // Every shard on the move, each at an epoch of its own, years apart.
  const worst: ClusterMap = {
    ...map,
    states: map.states.map(() => 2),
    nexts: map.owners.map((owner) => 999 - owner),
    epochs: map.epochs.map((_, shard) => 1.7e12 + shard * 5e6),
  };
  const bytes = encodeMap(worst, MAX_PAYLOAD);
  assertEquals(decodeMap(bytes), worst);
});
