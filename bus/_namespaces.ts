/**
 * Namespaces as tokens, and patterns over them.
 *
 * @module
 */

import {
  checkNamespace,
  encodeActorId,
  encodeToken,
  maxNamespaceBytes,
} from "../internal/nats/names.ts";
import { hasWildcard } from "../internal/nats/patterns.ts";
import { show } from "../internal/show.ts";
import { badType } from "../internal/arguments.ts";

/** A namespace, or a pattern over them, as it stands in subjects. */
export interface Spelling {
  /**
   * Whether it is a name of the form `__x__`, which no other pattern than the
   * name itself matches.
   */
  readonly internal: boolean;
  /** Encoded: never `*`, `>` or empty, but where a pattern has them. */
  readonly tokens: readonly string[];
}

/** A pattern, checked. */
export interface NamespacePattern extends Spelling {
  readonly text: string;
  /** Whether it names one namespace. */
  readonly literal: boolean;
}

const internalName = /^__.+__$/s;

/**
 * Checks a namespace.
 *
 * @throws {TypeError | RangeError} If it is none.
 */
export function spellNamespace(namespace: string, action: string): Spelling {
  checkNamespace(namespace, action);
  const internal = internalName.test(namespace);
  return {
    internal,
    tokens: internal
      ? [encodeToken(namespace)]
      : encodeActorId(namespace).split("."),
  };
}

/**
 * Checks a pattern.
 *
 * @throws {TypeError} If it is no string, has lone surrogates or an empty
 * token, a `>` that is not last, or a wildcard inside a token.
 * @throws {RangeError} If it is empty or takes more than 128 bytes encoded.
 */
export function parsePattern(
  pattern: unknown,
  action: string,
): NamespacePattern {
  const name = "pattern";
  if (typeof pattern !== "string" || !pattern.isWellFormed()) {
    throw badType(action, name, "a well-formed string", pattern);
  }
  if (pattern === "") {
    throw new RangeError(`Cannot ${action}: pattern must not be empty`);
  }
  const parts = pattern.split(".");
  if (parts.some((part) => part.length > 1 && hasWildcard(part))) {
    const must =
      `one with '*' and '>' as whole tokens between dots ("orders.*" matches "orders.eu")`;
    throw badType(action, name, must, pattern);
  }
  const wild = parts.some((part) => part === "*" || part === ">");
  if (!wild) {
    if (parts.includes("")) {
      throw badType(action, name, "tokens divided by single dots", pattern);
    }
    const spelling = spellNamespace(pattern, action);
    return { text: pattern, literal: true, ...spelling };
  }
  const tokens = parts.map((part, i) => {
    if (part === "") {
      throw badType(action, name, "tokens divided by single dots", pattern);
    }
    if (part === ">" && i !== parts.length - 1) {
      throw badType(action, name, "one with '>' at its end only", pattern);
    }
    return part === "*" || part === ">" ? part : encodeToken(part);
  });
  const bytes = tokens.join(".").length;
  if (bytes > maxNamespaceBytes) {
    throw new RangeError(
      `Cannot ${action}: encoded pattern takes ${bytes} bytes, the limit is ${maxNamespaceBytes}, got ${
        show(pattern)
      }`,
    );
  }
  return { text: pattern, literal: false, internal: false, tokens };
}

/** Whether a pattern that is not literal matches a namespace. */
export function matches(
  { tokens: pattern }: Spelling,
  { tokens, internal }: Spelling,
): boolean {
  if (internal) return false;
  for (let i = 0; i < pattern.length; i++) {
    if (pattern[i] === ">") return tokens.length > i;
    if (i === tokens.length) return false;
    if (pattern[i] !== "*" && pattern[i] !== tokens[i]) return false;
  }
  return pattern.length === tokens.length;
}
