/**
 * Values as error messages show them.
 *
 * @module
 */

const longest = 64;

/**
 * A value for an error message: strings quoted, huge ones abbreviated with
 * their length, objects by kind. It runs no code of the value and never
 * throws.
 */
export function show(value: unknown): string {
  switch (typeof value) {
    case "string":
      return value.length <= longest
        ? JSON.stringify(value)
        : `${
          JSON.stringify(value.slice(0, longest))
        }... (${value.length} characters)`;
    case "bigint": {
      // Past any plausible length: writing a huge bigint out costs seconds.
      const small = value < 10n ** 32n && value > -(10n ** 32n);
      return small ? `${value}n` : "a bigint";
    }
    case "symbol":
      return "a symbol";
    case "function":
      return "a function";
    case "object":
      return value === null ? "null" : "an object";
    default:
      return Object.is(value, -0) ? "-0" : String(value);
  }
}
