/**
 * Comparing values, and telling what differs.
 *
 * @module
 */

/** The most differences that are told. */
const MOST_DIFFERENCES = 10;

/** A value as one line of text. */
export function render(value: unknown): string {
  if (value === undefined) return "nothing";
  try {
    return JSON.stringify(value, renderUnusual) ?? String(value);
  } catch {
    return String(value); // such as a cycle
  }
}

function renderUnusual(_key: string, value: unknown): unknown {
  if (typeof value === "bigint") return `${value}n`;
  if (value instanceof Map) return { Map: [...value] };
  return value instanceof Set ? { Set: [...value] } : value;
}

/**
 * Where two values differ, a line each with the path to it; empty if they are
 * the same. A property that is `undefined` is as one that is absent.
 *
 * @param path What they are called, such as `state`.
 */
export function differences(
  actual: unknown,
  expected: unknown,
  path: string,
): string[] {
  const found: string[] = [];
  collect(actual, expected, path, found);
  const more = found.length - MOST_DIFFERENCES;
  if (more <= 0) return found;
  return [...found.slice(0, MOST_DIFFERENCES), `and ${more} more`];
}

function collect(
  actual: unknown,
  expected: unknown,
  path: string,
  found: string[],
): void {
  if (Object.is(actual, expected)) return;
  if (
    !isContainer(actual) || !isContainer(expected) || !alike(actual, expected)
  ) {
    found.push(`${path}: ${render(actual)}, expected ${render(expected)}`);
    return;
  }
  const [have, want] = [partsOf(actual), partsOf(expected)];
  for (const key of new Set([...Object.keys(have), ...Object.keys(want)])) {
    const inner = Array.isArray(want) ? `${path}[${key}]` : `${path}.${key}`;
    collect(have[key], want[key], inner, found);
  }
}

function isContainer(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

/** Whether two objects are of one kind, with or without a prototype. */
function alike(a: object, b: object): boolean {
  const [kindOfA, kindOfB] = [a, b].map((value) =>
    Object.getPrototypeOf(value) ?? Object.prototype
  );
  return kindOfA === kindOfB;
}

/** What an object is compared by. */
function partsOf(value: object): Record<string, unknown> {
  const isCollection = value instanceof Map || value instanceof Set;
  const parts = isCollection
    ? [...value]
    : value instanceof Date
    ? [value.getTime()]
    : value;
  return parts as unknown as Record<string, unknown>;
}
