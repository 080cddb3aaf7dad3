/**
 * Messages that are no events.
 *
 * @module
 */

import { headers, type MsgHdrs } from "@nats-io/nats-core";
import { EncodedHeaders } from "../../internal/nats/encoding.ts";
import { makeEvent } from "./contract/helpers.ts";

/** A message as a client sends it. */
export interface Message {
  /** The payload. */
  readonly data: Uint8Array;
  /** The headers, if it has any. */
  readonly headers?: MsgHdrs;
}

const bytes = (text: string) => new TextEncoder().encode(text);
/** A value as a message. */
export const asJson = (value: unknown): Message => ({
  data: bytes(JSON.stringify(value)),
});

/** An event of actor "a" but for something. */
const almost = (overrides: Record<string, unknown>): Message =>
  asJson({ ...makeEvent("a", 3), ...overrides });

/** Headers with a status line, as the server's own answers have one. */
function status(
  code: number,
  description: string,
  values: Record<string, string> = {},
): MsgHdrs {
  const own = headers(code, description);
  for (const [name, value] of Object.entries(values)) own.set(name, value);
  return own;
}

/** What the server adds to a message that it hands out, as somebody else has set it. */
const imitated = {
  "Nats-Sequence": "1",
  "Nats-Subject": "aether.events.another.a",
  "Nats-Stream": "ANOTHER",
  "Nats-Last-Sequence": "0",
  "Nats-Num-Pending": "0",
  "Nats-UpTo-Sequence": "0",
};

/** Messages that are no events of actor "a", by what is wrong with them. */
export const unreadable: Record<string, Message> = {
  "is empty": { data: new Uint8Array() },
  "is no UTF-8": { data: new Uint8Array([0x7b, 0xff, 0xfe, 0x7d]) },
  "has bad UTF-8 in a text": {
    data: new Uint8Array([
      ...bytes(JSON.stringify(makeEvent("a", 3)).slice(0, -2)),
      0xc3,
      0x28,
      ...bytes('"}'),
    ]),
  },
  "is no JSON": { data: bytes("not JSON") },
  "is cut off": { data: bytes(JSON.stringify(makeEvent("a", 3)).slice(0, -9)) },
  "begins with a byte order mark": {
    data: bytes(`\u{FEFF}${JSON.stringify(makeEvent("a", 3))}`),
  },
  "is null": asJson(null),
  "is a number": asJson(7),
  "is a text": asJson("event"),
  "is an array": asJson([makeEvent("a", 3)]),
  "is an empty object": asJson({}),
  "is of another shape": asJson({ type: "OrderPlaced", payload: { total: 1 } }),
  "has no id": almost({ id: undefined }),
  "has an empty type": almost({ eventType: "" }),
  "has data that is no object": almost({ data: [1] }),
  "has no timestamp": almost({ timestamp: undefined }),
  "has version 0": almost({ version: 0 }),
  "has a negative version": almost({ version: -1 }),
  "has half a version": almost({ version: 2.5 }),
  "has a version in quotes": almost({ version: "3" }),
  "has a version that is too large": almost({ version: 2 ** 53 }),
  "is of another actor": almost({ actorId: "b" }),
  "is of an actor without a name": almost({ actorId: "" }),
};
// The server takes what nats.js refuses to read, and to write.
for (const [what, end] of [["LF", "\n"], ["CR", "\r"]] as const) {
  for (const text of ["", "not JSON"]) {
    const kind = text === "" ? "empty" : "no JSON";
    unreadable[`is ${kind} and has a bare ${what} in a header`] = {
      data: bytes(text),
      headers: new EncodedHeaders(`Other: a${end}b\r\n`),
    };
  }
}
for (
  const [code, description] of [
    [100, "Idle Heartbeat"],
    [204, "EOB"],
    [404, "Message Not Found"],
    [408, "Request Timeout"],
    [409, "Consumer Deleted"],
    [503, "No Responders"],
  ] as const
) {
  for (
    const [what, values] of [["", {}], [
      " and all its headers",
      imitated,
    ]] as const
  ) {
    unreadable[`looks like the server's ${code}${what}`] = {
      data: new Uint8Array(),
      headers: status(code, description, values),
    };
  }
}

/** Events of actor "a" that are out of place behind its version 2. */
export const misplaced: Record<string, Message> = {
  "has the version of the one before": almost({ version: 2 }),
  "has a version below the one before": almost({ version: 1 }),
};
