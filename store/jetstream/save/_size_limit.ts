/**
 * The most that the server takes in one message. It may be lowered at any time,
 * and another server may have another limit.
 *
 * @module
 */

import { PayloadTooLargeError } from "../../../event/errors.ts";
import type { Multiplexer } from "../../../internal/nats/multiplexer.ts";
import { show } from "../../../internal/show.ts";
import type { StreamReader } from "../stream/stream_reader.ts";
import type { Draft } from "./_entry.ts";
import { MAX_HEADER_BYTES } from "./_publisher.ts";

/** The error for a draft above the limits that hold now; undefined below. */
export function sizeRefusal(
  action: string,
  { payload, msgId, trace, version, actorId }: Draft,
  mux: Multiplexer,
  reader: StreamReader,
): PayloadTooLargeError | undefined {
  const size = payload.length + msgId.length + trace.length + MAX_HEADER_BYTES;
  const { maxMessageSize } = reader.stream;
  const limit = Math.min(mux.maxPayload, maxMessageSize);
  if (size <= limit) return undefined;
  const setting = limit === maxMessageSize
    ? "the stream's max_msg_size"
    : "max_payload";
  return new PayloadTooLargeError(
    `Cannot ${action}: version ${version} of actor ${
      show(actorId)
    } takes ${size} bytes with its headers, the server takes at most ${limit} (${setting})`,
    { size, limit },
  );
}
