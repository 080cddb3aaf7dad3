/**
 * The header lines that the server adds to a message it reads from a stream,
 * read without the message's own headers: nats.js makes a map of all of them,
 * which takes ten times as long.
 *
 * @module
 */

import type { MsgHdrs } from "@nats-io/nats-core";

/** Where a message of a page comes from. */
export interface MessageOrigin {
  readonly subject: string;
  readonly sequence: number;
  /** When it was stored, in RFC 3339 and UTC. */
  readonly storedAt: string;
  /** The sequence of the message before it in the page; 0 for none. */
  readonly previous: number;
}

/** Bytes before a payload that hold these lines, unless names are long. */
const MAX_LINES_BYTES = 512;

/** They come last, behind whatever the message brought itself. */
const LINES =
  /\r\nNats-Subject: ([^\r]+)\r\nNats-Sequence: (\d+)\r\nNats-Time-Stamp: ([^\r]+)\r\nNats-Num-Pending: \d+\r\nNats-Last-Sequence: (\d+)\r\n\r\n$/;

const ascii = new TextDecoder();

/**
 * The origin of a message with a payload, by the bytes right before that.
 *
 * @returns Undefined if they lie elsewhere, or are longer than usual.
 */
export function originBefore(payload: Uint8Array): MessageOrigin | undefined {
  const end = payload.byteOffset;
  const start = Math.max(0, end - MAX_LINES_BYTES);
  const bytes = new Uint8Array(payload.buffer, start, end - start);
  const match = LINES.exec(ascii.decode(bytes));
  if (match === null) return undefined;
  const [, subject, sequence, storedAt, previous] = match;
  return {
    subject: subject!,
    sequence: Number(sequence),
    storedAt: storedAt!,
    previous: Number(previous),
  };
}

/** The origin of a message by its headers. */
export function originIn(headers: MsgHdrs): MessageOrigin {
  // The message may have brought headers of the same names.
  return {
    subject: headers.last("Nats-Subject"),
    sequence: Number(headers.last("Nats-Sequence")),
    storedAt: headers.last("Nats-Time-Stamp"),
    previous: Number(headers.last("Nats-Last-Sequence")),
  };
}
