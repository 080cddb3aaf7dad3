/**
 * The ids of the events that a command makes: the same command gives the same
 * ids, so that a store knows its events again.
 *
 * @module
 */

import { paddedLength, sha1 } from "./_sha1.ts";

/** The namespace of these ids. It never changes, as stored ids don't. */
const NAMESPACE = "77eed6cc-38a6-4736-b654-6a0284007066";
const NAMESPACE_BYTES = 16;
/** No UTF-16 code unit takes more bytes than this in UTF-8. */
const MOST_BYTES_PER_UNIT = 3;

const encoder = new TextEncoder();
const buffer = bufferFor(512);

/** A buffer for a name of some bytes behind the namespace. */
function bufferFor(nameBytes: number): Uint8Array {
  const bytes = new Uint8Array(paddedLength(NAMESPACE_BYTES + nameBytes));
  const digits = NAMESPACE.replaceAll("-", "");
  for (let i = 0; i < NAMESPACE_BYTES; i++) {
    bytes[i] = parseInt(digits.slice(2 * i, 2 * i + 2), 16);
  }
  return bytes;
}

function hex(word: number): string {
  return (word >>> 0).toString(16).padStart(8, "0");
}

/**
 * The id of an event that a command makes: the UUIDv5 (RFC 9562) of
 * `JSON.stringify([actorId, commandId, index])`.
 *
 * @param index The event's place among those that the command makes for this
 * actor, from 0.
 */
export function commandEventId(
  actorId: string,
  commandId: string,
  index: number,
): string {
  const name = JSON.stringify([actorId, commandId, index]);
  const most = name.length * MOST_BYTES_PER_UNIT;
  // Names this long are rare: they get a buffer of their own.
  const target = paddedLength(NAMESPACE_BYTES + most) <= buffer.length
    ? buffer
    : bufferFor(most);
  const { written } = encoder.encodeInto(
    name,
    target.subarray(NAMESPACE_BYTES),
  );
  const [a, b, c, d] = sha1(target, NAMESPACE_BYTES + written);
  // Version 5 and the variant, in the places that RFC 9562 has for them.
  const digits = hex(a) + hex((b & 0xffff0fff) | 0x5000) +
    hex((c & 0x3fffffff) | 0x80000000) + hex(d);
  return `${digits.slice(0, 8)}-${digits.slice(8, 12)}-${
    digits.slice(12, 16)
  }-${digits.slice(16, 20)}-${digits.slice(20)}`;
}
