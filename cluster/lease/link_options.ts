/**
 * Checks of the options that a connection is used with.
 *
 * @module
 */

import { badRange, badType } from "../../internal/arguments.ts";

/** Checks an optional `inboxPrefix`. */
export function checkInboxPrefix(inboxPrefix: unknown, action: string): void {
  if (inboxPrefix === undefined) return;
  if (typeof inboxPrefix !== "string") {
    throw badType(action, "inboxPrefix", "a string", inboxPrefix);
  }
  if (/^[^\s.*>]+(\.[^\s.*>]+)*$/.test(inboxPrefix)) return;
  const must = "a subject without wildcards";
  throw badRange(action, "inboxPrefix", must, inboxPrefix);
}
