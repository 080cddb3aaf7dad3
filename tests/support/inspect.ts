/**
 * Values as the messages of failing tests show them.
 *
 * @module
 */

/** A value as JSON, with what JSON lacks as text. Never throws. */
export function inspect(value: unknown): string {
  try {
    return JSON.stringify(
      value,
      (_, part) => isJson(part) ? part : String(part),
    );
  } catch {
    // A cycle.
    return Object.prototype.toString.call(value);
  }
}

function isJson(value: unknown): boolean {
  switch (typeof value) {
    case "number":
      return Number.isFinite(value);
    case "string":
    case "boolean":
      return true;
    case "object":
      return !(value instanceof Error);
    default:
      return false;
  }
}
