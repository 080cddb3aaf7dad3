/**
 * Gets the nats-servers that the tests run on, so that no test waits for that:
 * one of the kind that is supported, and an older one.
 *
 * @module
 */

import { findNatsServer } from "./nats_binary.ts";

for (const version of [undefined, "2.11.x"]) {
  const { path, version: found, source } = await findNatsServer({
    version,
    onProgress: (line) => console.log(line),
  });
  console.log(`nats-server ${found} by ${source}: ${path}`);
}
