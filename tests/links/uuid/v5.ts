/** Offline stand-in for `@std/uuid/v5`: the same signature over `npm:uuid`. */
import { v5 } from "npm:uuid@14.0.3";

/** Generates a version 5 UUID from a namespace UUID and the bytes of a name. */
export function generate(
  namespace: string,
  data: BufferSource,
): Promise<string> {
  const bytes = ArrayBuffer.isView(data)
    ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    : new Uint8Array(data);
  return Promise.resolve(v5(bytes, namespace));
}
