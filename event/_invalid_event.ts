/**
 * How errors about events name what is wrong and where.
 *
 * @module
 */

import { show } from "../internal/show.ts";
import { InvalidEventError } from "./errors.ts";

/**
 * The path of a property, such as `data.items[2]["unit price"]`.
 *
 * @param path The path of its container; empty for the event itself.
 */
export function jsonPath(path: string, key: PropertyKey): string {
  if (typeof key === "string" && /^[A-Za-z_$][\w$]*$/.test(key)) {
    return path === "" ? key : `${path}.${key}`;
  }
  const inner = typeof key === "string" ? JSON.stringify(key) : String(key);
  return `${path}[${inner}]`;
}

/** The error for something at a path; the message abbreviates long paths. */
export function invalid(
  action: string,
  path: string,
  problem: string,
  options?: ErrorOptions,
): InvalidEventError {
  const where = path === ""
    ? "event"
    : path.length <= 120
    ? path
    : `${path.slice(0, 60)}...${path.slice(-40)}`;
  return new InvalidEventError(
    `Cannot ${action}: ${where} ${problem}`,
    path,
    options,
  );
}

/** Names the kind of a value for a message, without running code of its class. */
export function kindOf(value: unknown): string {
  if (typeof value !== "object" || value === null) return show(value);
  const prototype = Object.getPrototypeOf(value);
  if (prototype === Array.prototype) return "an array";
  if (prototype === null || prototype === Object.prototype) return "an object";
  const made = Object.getOwnPropertyDescriptor(prototype, "constructor")?.value;
  const name = typeof made === "function"
    ? Object.getOwnPropertyDescriptor(made, "name")?.value
    : undefined;
  return typeof name === "string" && name !== ""
    ? `an instance of ${name}`
    : "an object with a prototype of its own";
}
