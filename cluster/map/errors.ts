/**
 * What can go wrong with a map, one class a failure. Tell them apart with
 * `instanceof`.
 *
 * @module
 */

/** A stored map can't be read. */
export class MalformedMapError extends Error {
  /** Always `"MalformedMapError"`. */
  override readonly name = "MalformedMapError";
  /**
   * `"unknown-format"`: another version of this library wrote it;
   * `"malformed"`: none did.
   */
  readonly code: "malformed" | "unknown-format";

  /** Says what is wrong with it. */
  constructor(why: string, code: MalformedMapError["code"] = "malformed") {
    super(`Cannot read map: ${why}`);
    this.code = code;
  }
}

/** A map has become too large for a message of this server. */
export class MapTooLargeError extends Error {
  /** Always `"MapTooLargeError"`. */
  override readonly name = "MapTooLargeError";
  /** How many bytes it takes. */
  readonly bytes: number;
  /** How many bytes it may take, inclusive. */
  readonly maxBytes: number;

  /** Says how large it is, and of what. */
  constructor(
    { bytes, maxBytes, shards, members }: {
      bytes: number;
      maxBytes: number;
      shards: number;
      members: number;
    },
  ) {
    super(
      `Cannot write map: ${shards} shards and ${members} members take ${bytes} bytes, the limit is ${maxBytes}; raise the server's max_payload, or have fewer shards, fewer members or less metadata`,
    );
    this.bytes = bytes;
    this.maxBytes = maxBytes;
  }
}
