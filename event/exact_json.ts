/**
 * Parsing JSON without rounding integers.
 *
 * @module
 */

/** Digits enough for an integer that a double may not hold. */
const LONG_DIGITS = /\d{16}/;
const INTEGER = /^-?\d+$/;

/** The third argument of a reviver of JSON.parse, in newer engines. */
interface ReviverContext {
  /** The text of a number, a string, a boolean or null. */
  readonly source?: string;
}

/**
 * Parses JSON as JSON.parse does, but for integers that a double can't hold,
 * such as most of Go's int64 beyond 2^53: they are read as strings of their
 * digits, as protobuf's JSON writes them, and not rounded.
 *
 * @throws {SyntaxError} If it is no JSON.
 * @throws {RangeError} If it has such an integer and the engine does not tell
 * its digits.
 */
export function parseExactly(text: string): unknown {
  if (!LONG_DIGITS.test(text)) return JSON.parse(text);
  return JSON.parse(
    text,
    (_key, value: unknown, { source }: ReviverContext = {}) => {
      if (typeof value !== "number" || !Number.isInteger(value)) return value;
      if (Number.isSafeInteger(value)) return value;
      if (source === undefined) {
        throw new RangeError(
          `An integer beyond 2^53, about ${value}, can't be read exactly by this JavaScript engine`,
        );
      }
      // A double is one whose digits JavaScript writes again.
      const isDouble = !INTEGER.test(source) || source === String(value);
      return isDouble ? value : source;
    },
  );
}
