/**
 * The limits on ids and names, checked where they enter.
 *
 * @module
 */

import {
  checkText,
  encodeActorId,
  encodeName,
  encodeToken,
} from "./_tokens.ts";
import { show } from "../show.ts";

/** The most bytes an actor id may take when encoded, inclusive. */
export const maxActorIdBytes = 2048;
/** The most bytes a namespace may take when encoded as a name, inclusive. */
export const maxNamespaceBytes = 128;
/** The most UTF-8 bytes an event id may take, inclusive. */
export const maxEventIdBytes = 256;
/** The most bytes an event type may take when encoded, inclusive. */
export const maxEventTypeBytes = 256;

const plainPrefix = /^[a-z][a-z0-9-]{0,31}$/;
const utf8 = new TextEncoder();

function tooLong(
  text: string,
  bytes: number,
  limit: number,
  what: string,
  action: string,
): RangeError {
  return new RangeError(
    `Cannot ${action}: ${what} takes ${bytes} bytes, the limit is ${limit}, got ${
      show(text)
    }`,
  );
}

/**
 * Checks an actor id and returns it encoded.
 *
 * @param action What can't be done, such as `save event`.
 * @throws {TypeError} If it is no string or has lone surrogates.
 * @throws {RangeError} If it is empty or takes more than 2,048 bytes encoded.
 */
export function checkActorId(actorId: unknown, action: string): string {
  checkText(actorId, "actor id", action);
  const encoded = encodeActorId(actorId);
  if (encoded.length <= maxActorIdBytes) return encoded;
  const what = "encoded actor id";
  throw tooLong(actorId, encoded.length, maxActorIdBytes, what, action);
}

/**
 * Checks a name, such as that of a cluster, and returns it encoded as a name.
 *
 * @param what What is named, such as `cluster`.
 * @param action What can't be done, such as `join election`.
 * @throws {TypeError} If it is no string or has lone surrogates.
 * @throws {RangeError} If it is empty or takes more than 128 bytes encoded.
 */
export function checkName(name: unknown, what: string, action: string): string {
  checkText(name, what, action);
  const encoded = encodeName(name);
  if (encoded.length <= maxNamespaceBytes) return encoded;
  const limit = maxNamespaceBytes;
  throw tooLong(name, encoded.length, limit, `encoded ${what}`, action);
}

/** As {@linkcode checkName}, of a namespace. */
export function checkNamespace(namespace: unknown, action: string): string {
  return checkName(namespace, "namespace", action);
}

/**
 * Checks an event id and returns it encoded as a token.
 *
 * @param action What can't be done, such as `save event`.
 * @throws {TypeError} If it is no string or has lone surrogates.
 * @throws {RangeError} If it is empty or has more than 256 UTF-8 bytes.
 */
export function checkEventId(id: unknown, action: string): string {
  checkText(id, "event id", action);
  // No code unit takes more than 3 bytes.
  if (id.length * 3 > maxEventIdBytes) {
    const bytes = utf8.encode(id).length;
    if (bytes > maxEventIdBytes) {
      throw tooLong(id, bytes, maxEventIdBytes, "event id", action);
    }
  }
  return encodeToken(id);
}

/**
 * Checks an event type and returns it encoded as a token.
 *
 * @param action What can't be done, such as `save event`.
 * @throws {TypeError} If it is no string or has lone surrogates.
 * @throws {RangeError} If it is empty or takes more than 256 bytes encoded.
 */
export function checkEventType(eventType: unknown, action: string): string {
  checkText(eventType, "event type", action);
  const encoded = encodeToken(eventType);
  if (encoded.length <= maxEventTypeBytes) return encoded;
  const what = "encoded event type";
  throw tooLong(eventType, encoded.length, maxEventTypeBytes, what, action);
}

/**
 * Checks a prefix and returns it.
 *
 * @param action What can't be done, such as `open store`.
 * @throws {TypeError} If it is no string.
 * @throws {RangeError} If it does not match `[a-z][a-z0-9-]{0,31}`.
 */
export function checkPrefix(prefix: unknown, action: string): string {
  if (typeof prefix === "string" && plainPrefix.test(prefix)) return prefix;
  const message =
    `Cannot ${action}: prefix must match [a-z][a-z0-9-]{0,31}, got ${
      show(prefix)
    }`;
  throw typeof prefix === "string"
    ? new RangeError(message)
    : new TypeError(message);
}
