/**
 * NATS patterns over actor ids: how they are spelled in subjects, and sets of
 * them of which none overlaps another, as servers demand.
 *
 * @module
 */

import { show } from "../show.ts";
import { maxActorIdBytes } from "./_limits.ts";
import { encodeToken } from "./_tokens.ts";

/**
 * A NATS pattern over actor ids as one over their subjects: `*` for any one
 * token, a final `>` for one or more; every other token is a literal, encoded
 * as in actor ids. An id's `*`, `>` or dot that was encoded can't be named
 * literally, only matched by a wildcard.
 *
 * @param action What can't be done, such as `subscribe`.
 * @throws {TypeError} If it is no string, has lone surrogates or an empty
 * token, a `>` that is not last, or a wildcard inside a token.
 * @throws {RangeError} If its encoded form has more than 2,048 bytes.
 */
export function encodeActorPattern(
  pattern: unknown,
  action = "match actors",
): string {
  const refuse = (why: string): never => {
    throw new TypeError(
      `Cannot ${action}: actors ${why}, got ${show(pattern)}`,
    );
  };
  if (typeof pattern !== "string") return refuse("must be a string");
  if (pattern === "") refuse("must not be empty");
  if (!pattern.isWellFormed()) refuse("must not have lone surrogates");
  const encoded = pattern.split(".").map((token, i, tokens) => {
    if (token === "") refuse("must not have empty tokens");
    if (token === "*") return token;
    if (token === ">") {
      if (i === tokens.length - 1) return token;
      return refuse("must have '>' as its last token only");
    }
    if (hasWildcard(token)) {
      refuse(
        `must have '*' and '>' as whole tokens between dots: "order.*" matches "order.7"; an id that has one is named in actorIds`,
      );
    }
    return encodeToken(token);
  }).join(".");
  if (encoded.length <= maxActorIdBytes) return encoded;
  throw new RangeError(
    `Cannot ${action}: actors, encoded, take ${encoded.length} bytes, the limit is ${maxActorIdBytes}, got ${
      show(pattern)
    }`,
  );
}

/** Whether a token of a pattern has a wildcard in it. */
export function hasWildcard(token: string): boolean {
  return token.includes("*") || token.includes(">");
}

/**
 * Patterns that match whatever some patterns match, and of which none overlaps
 * another. Where two overlap and neither contains the other, one that matches
 * more takes their place: what it matches must be tested.
 *
 * @param patterns Encoded.
 */
export function mergePatterns(patterns: Iterable<string>): string[] {
  const merged = new Map<string, readonly string[]>();
  for (const pattern of patterns) {
    if (merged.has(pattern)) continue;
    let tokens: readonly string[] = pattern.split(".");
    // What takes its place may overlap others that it did not.
    for (let other; (other = overlapping(tokens, merged)) !== undefined;) {
      merged.delete(other.join("."));
      tokens = cover(tokens, other);
    }
    merged.set(tokens.join("."), tokens);
  }
  return [...merged.keys()];
}

/** The narrowest pattern that matches whatever some patterns match. */
export function coverPatterns(patterns: readonly string[]): string {
  return patterns.map((pattern) => pattern.split("."))
    .reduce((all, tokens) => cover(all, tokens) as string[]).join(".");
}

/** A test of subject tokens against encoded patterns, as NATS matches them. */
export function patternTest(
  patterns: readonly string[],
): (tokens: string) => boolean {
  const sources = patterns.map((pattern) =>
    pattern.split(".").map((token) =>
      token === "*" ? "[^.]+" : token === ">" ? ".+" : token
    ).join("\\.")
  );
  const regexp = new RegExp(`^(?:${sources.join("|")})$`);
  return (tokens) => regexp.test(tokens);
}

function overlapping(
  tokens: readonly string[],
  patterns: ReadonlyMap<string, readonly string[]>,
): readonly string[] | undefined {
  for (const other of patterns.values()) {
    if (overlap(tokens, other)) return other;
  }
  return undefined;
}

/** Whether two patterns match a subject in common. */
function overlap(a: readonly string[], b: readonly string[]): boolean {
  const shorter = Math.min(a.length, b.length);
  for (let i = 0; i < shorter; i++) {
    const [one, other] = [a[i], b[i]];
    if (one === ">" || other === ">") return true;
    if (one !== "*" && other !== "*" && one !== other) return false;
  }
  return a.length === b.length;
}

/** The narrowest pattern that matches whatever two patterns match. */
function cover(a: readonly string[], b: readonly string[]): readonly string[] {
  const shorter = Math.min(a.length, b.length);
  const tokens: string[] = [];
  for (let i = 0; i < shorter; i++) {
    const [one, other] = [a[i]!, b[i]!];
    // One of them goes on where the other ends.
    const isLast = i === shorter - 1 && a.length !== b.length;
    if (one === ">" || other === ">" || isLast) return [...tokens, ">"];
    tokens.push(one === other ? one : "*");
  }
  return tokens;
}
