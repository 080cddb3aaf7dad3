/**
 * The connection that a store or a bus is given.
 *
 * @module
 */

import type { NatsConnection } from "@nats-io/nats-core";
import { show } from "../show.ts";

/**
 * Checks that it is one.
 *
 * @param action What can't be done, such as `open store`.
 * @throws {TypeError} If it is something else.
 */
export function checkConnection(nc: unknown, action: string): void {
  const { isClosed } = Object(nc) as Partial<NatsConnection>;
  if (typeof isClosed === "function") return;
  const got = nc instanceof Promise ? "a promise: await it first" : show(nc);
  throw new TypeError(
    `Cannot ${action}: nc must be a NatsConnection, got ${got}`,
  );
}
