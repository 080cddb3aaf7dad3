/**
 * The two encodings that keep text apart in subjects and in names.
 *
 * @module
 */

import { show } from "../show.ts";

const plainToken = /^[A-Za-z0-9_-]+$/;
/** Actor ids that are their own encoding. */
export const plainActorId: RegExp = /^[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*$/;
const plainName = /^[A-Za-z0-9-]+$/;
const encodedToken = /^(?:[A-Za-z0-9_-]|=[0-9A-F]{2})+$/;
const encodedName = /^(?:[A-Za-z0-9-]|_[0-9A-F]{2})+$/;
const dot = 0x2e;

const utf8 = new TextEncoder();
// A byte order mark is text like any other here.
const strictUtf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The spelling of each byte: itself where `plain` allows, else escaped. */
function spellings(plain: RegExp, escape: string): readonly string[] {
  return Array.from({ length: 256 }, (_, byte) => {
    const char = String.fromCharCode(byte);
    if (plain.test(char)) return char;
    return escape + byte.toString(16).toUpperCase().padStart(2, "0");
  });
}

const tokenSpelling = spellings(plainToken, "=");
const nameSpelling = spellings(plainName, "_");

/** Refuses what no encoding takes: no string, no character, lone surrogates. */
export function checkText(
  text: unknown,
  what: string,
  action: string,
): asserts text is string {
  if (typeof text !== "string") {
    throw new TypeError(
      `Cannot ${action}: ${what} must be a string, got ${show(text)}`,
    );
  }
  if (text === "") {
    throw new RangeError(`Cannot ${action}: ${what} must not be empty, got ""`);
  }
  if (!text.isWellFormed()) {
    throw new TypeError(
      `Cannot ${action}: ${what} must not have lone surrogates, got ${
        show(text)
      }`,
    );
  }
}

function spell(text: string, spelling: readonly string[]): string {
  const bytes = utf8.encode(text);
  let out = "";
  for (let i = 0; i < bytes.length; i++) out += spelling[bytes[i]!];
  return out;
}

/** Undoes {@linkcode spell}; undefined if it can't have made the text. */
function unspell(
  encoded: string,
  grammar: RegExp,
  escape: string,
  spelling: readonly string[],
): string | undefined {
  if (!grammar.test(encoded)) return undefined;
  const bytes = new Uint8Array(encoded.length);
  let length = 0;
  for (let i = 0; i < encoded.length; i++) {
    if (encoded[i] === escape) {
      bytes[length++] = parseInt(encoded.slice(i + 1, i + 3), 16);
      i += 2;
    } else bytes[length++] = encoded.charCodeAt(i);
  }
  let text: string;
  try {
    text = strictUtf8.decode(bytes.subarray(0, length));
  } catch {
    return undefined;
  }
  // Refuses escapes of bytes that stand for themselves.
  return spell(text, spelling) === encoded ? text : undefined;
}

/**
 * A text as one subject token: UTF-8 bytes outside `[A-Za-z0-9_-]` as `=HH`
 * with upper-case hex digits. Injective.
 *
 * @throws {TypeError} If the text has lone surrogates.
 * @throws {RangeError} If it is empty, as a token never is.
 */
export function encodeToken(text: string): string {
  if (plainToken.test(text)) return text;
  checkText(text, "text", "encode token");
  return spell(text, tokenSpelling);
}

/**
 * The text of a token.
 *
 * @throws {TypeError} If {@linkcode encodeToken} never gives this token.
 */
export function decodeToken(token: string): string {
  if (plainToken.test(token)) return token;
  const text = unspell(token, encodedToken, "=", tokenSpelling);
  if (text !== undefined) return text;
  throw new TypeError(`Cannot decode token: ${show(token)} encodes no text`);
}

/**
 * An actor id as subject tokens joined by `.`. Its own dots are the
 * separators, except a dot that would make an empty token, which is `=2E`:
 * one that is the first character, the last, or right after a separator (of
 * two dots in a row it is the second). Injective.
 *
 * | actor id | encoded |
 * |---|---|
 * | `order.1` | `order.1` |
 * | `.a` | `=2Ea` |
 * | `a.` | `a=2E` |
 * | `a..b` | `a.=2Eb` |
 * | `a...b` | `a.=2E.b` |
 * | `a..` | `a.=2E` |
 *
 * @throws {TypeError} If the id has lone surrogates.
 * @throws {RangeError} If it is empty.
 */
export function encodeActorId(actorId: string): string {
  if (plainActorId.test(actorId)) return actorId;
  checkText(actorId, "actor id", "encode actor id");
  const bytes = utf8.encode(actorId);
  const last = bytes.length - 1;
  let out = "";
  let tokenIsEmpty = true;
  for (let i = 0; i <= last; i++) {
    const byte = bytes[i]!;
    if (byte === dot && !tokenIsEmpty && i !== last) {
      out += ".";
      tokenIsEmpty = true;
    } else {
      out += tokenSpelling[byte];
      tokenIsEmpty = false;
    }
  }
  return out;
}

/**
 * The actor id of subject tokens.
 *
 * @throws {TypeError} If {@linkcode encodeActorId} never gives these tokens.
 */
export function decodeActorId(tokens: string): string {
  if (plainActorId.test(tokens)) return tokens;
  try {
    const actorId = tokens.split(".").map(decodeToken).join(".");
    // Refuses separators written as =2E.
    if (encodeActorId(actorId) === tokens) return actorId;
  } catch {
    // Said below, for all of the tokens.
  }
  throw new TypeError(
    `Cannot decode actor id: ${show(tokens)} encodes no actor id`,
  );
}

/**
 * A text as (part of) the name of a stream or bucket, or as a namespace's
 * token: UTF-8 bytes outside `[A-Za-z0-9-]` as `_HH` with upper-case hex
 * digits. Injective.
 *
 * @throws {TypeError} If the text has lone surrogates.
 * @throws {RangeError} If it is empty.
 */
export function encodeName(text: string): string {
  if (plainName.test(text)) return text;
  checkText(text, "text", "encode name");
  return spell(text, nameSpelling);
}

/**
 * The text of a name.
 *
 * @throws {TypeError} If {@linkcode encodeName} never gives this name.
 */
export function decodeName(name: string): string {
  if (plainName.test(name)) return name;
  const text = unspell(name, encodedName, "_", nameSpelling);
  if (text !== undefined) return text;
  throw new TypeError(`Cannot decode name: ${show(name)} encodes no text`);
}
