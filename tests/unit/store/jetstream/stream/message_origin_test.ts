import { assertEquals } from "@std/assert";
import { MsgHdrsImpl } from "@nats-io/nats-core";
import {
  originBefore,
  originIn,
} from "../../../../../store/jetstream/stream/_message_origin.ts";

const encoder = new TextEncoder();

const lines = (subject: string, sequence: number, previous: number) =>
  `Nats-Stream: S\r\nNats-Subject: ${subject}\r\nNats-Sequence: ${sequence}\r\n` +
  "Nats-Time-Stamp: 2024-02-29T12:34:56.123456789Z\r\n" +
  `Nats-Num-Pending: 7\r\nNats-Last-Sequence: ${previous}\r\n\r\n`;

/** A payload behind headers in one buffer, and the headers. */
function received(
  own: string,
  added: string,
  before = "",
): { payload: Uint8Array; headers: Uint8Array } {
  const head = encoder.encode(`NATS/1.0\r\n${own}${added}`);
  const start = encoder.encode(before).length;
  const all = encoder.encode(`${before}NATS/1.0\r\n${own}${added}payload`);
  const headers = all.subarray(start, start + head.length);
  return { headers, payload: all.subarray(start + head.length) };
}

const origin = {
  subject: "root.a",
  sequence: 12,
  storedAt: "2024-02-29T12:34:56.123456789Z",
  previous: 11,
};

Deno.test("originBefore() reads the lines that the server adds", () => {
  const added = lines("root.a", 12, 11);
  for (
    const own of [
      "",
      "Nats-Msg-Id: 1\r\n",
      `Other: ${"x".repeat(5_000)}\r\n`,
      "Nats-Sequence: 1\r\nNats-Subject: forged\r\nNats-Last-Sequence: 0\r\n",
      lines("forged", 1, 0).slice(0, -2),
    ]
  ) {
    for (const before of ["", lines("earlier", 3, 2) + '{"é":1}']) {
      const { payload, headers } = received(own, added, before);
      assertEquals(originBefore(payload), origin);
      assertEquals(originIn(MsgHdrsImpl.decode(headers)), origin);
    }
  }
});

Deno.test("originBefore() leaves it to the headers when the lines are long, or elsewhere", () => {
  const long = received("", lines("a".repeat(600), 12, 11));
  assertEquals(originBefore(long.payload), undefined);
  assertEquals(
    originIn(MsgHdrsImpl.decode(long.headers)).subject,
    "a".repeat(600),
  );
  const { payload } = received("", lines("root.a", 12, 11));
  assertEquals(originBefore(payload.slice()), undefined);
  // Not right before the payload.
  assertEquals(originBefore(payload.subarray(1)), undefined);
});
