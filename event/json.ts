/**
 * Checks that values are JSON where they enter: anything else is refused with
 * the path to it, never stored as something else.
 *
 * @module
 */

import { show } from "../internal/show.ts";
import { invalid, jsonPath, kindOf } from "./_invalid_event.ts";

/** The most objects and arrays within one another, inclusive. */
export const maxJsonDepth = 1000;

/** A value on the way down: which key of which container, and above it. */
interface Place {
  readonly action: string;
  readonly above: Place | undefined;
  readonly container: object | undefined;
  readonly depth: number;
  key: PropertyKey;
}

function pathOf(place: Place): string {
  const keys: PropertyKey[] = [];
  let at = place;
  for (; at.above !== undefined; at = at.above) keys.push(at.key);
  return keys.reduceRight<string>(jsonPath, String(at.key));
}

function refuse(place: Place, problem: string): never {
  throw invalid(place.action, pathOf(place), problem);
}

/** Whether a value is an object that a literal or JSON.parse could have made. */
export function isPlainObject(
  value: unknown,
): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null) return false;
  const prototype = Object.getPrototypeOf(value);
  return isObjectPrototype(prototype) && !Array.isArray(value);
}

/**
 * Whether it is the prototype of plain objects: none, this realm's, or that of
 * another realm, such as a frame, a `node:vm` context or Jest's.
 */
function isObjectPrototype(prototype: object | null): boolean {
  return prototype === Object.prototype || prototype === null ||
    (Object.getPrototypeOf(prototype) === null &&
      Object.hasOwn(prototype, "isPrototypeOf"));
}

/** Whether it is the prototype of plain arrays, of whatever realm. */
function isArrayPrototype(prototype: object | null): boolean {
  return prototype === Array.prototype ||
    (Array.isArray(prototype) &&
      isObjectPrototype(Object.getPrototypeOf(prototype)));
}

/** Defines rather than assigns, since `__proto__` is a key like any other. */
export function setOwn(object: object, key: string, value: unknown): void {
  if (key !== "__proto__") {
    (object as Record<string, unknown>)[key] = value;
  } else {
    const [writable, enumerable, configurable] = [true, true, true];
    Object.defineProperty(object, key, {
      value,
      writable,
      enumerable,
      configurable,
    });
  }
}

/** Validates a value and returns its copy, frozen or not. */
function visit(value: unknown, at: Place, freezing: boolean): unknown {
  switch (typeof value) {
    case "string":
      if (value.isWellFormed()) return value;
      return refuse(at, `must not have lone surrogates, got ${show(value)}`);
    case "number":
      // Adding 0 makes -0 what JSON.stringify writes.
      if (Number.isFinite(value)) return value + 0;
      return refuse(at, `must be JSON, got ${show(value)}`);
    case "boolean":
      return value;
    case "object":
      return value === null ? null : visitContainer(value, at, freezing);
    default:
      return refuse(at, `must be JSON, got ${show(value)}${instead(value)}`);
  }
}

/** The remedy for values that are often tried; empty for others. */
function instead(value: unknown): string {
  if (value instanceof Date) return "; write its toISOString()";
  if (value instanceof Map) return "; write an object of its entries";
  if (value instanceof Set) return "; write an array of its items";
  return typeof value === "bigint" ? "; write it as a string" : "";
}

function visitContainer(
  value: object,
  at: Place,
  freezing: boolean,
): unknown {
  const isArray = Array.isArray(value);
  const prototype = Object.getPrototypeOf(value);
  const isPlain = isArray
    ? isArrayPrototype(prototype)
    : isObjectPrototype(prototype);
  if (!isPlain) {
    refuse(at, `must be JSON, got ${kindOf(value)}${instead(value)}`);
  }
  for (let p: Place | undefined = at; p !== undefined; p = p.above) {
    if (p.container === value) refuse(at, "must be JSON, got a cycle");
  }
  if (at.depth === maxJsonDepth) {
    refuse(at, `must not nest deeper than ${maxJsonDepth} levels`);
  }
  // JSON.stringify would call it, wherever it hides.
  if (typeof (value as { toJSON?: unknown }).toJSON === "function") {
    refuse(at, "must be JSON, got an object with a toJSON method");
  }
  const place: Place = {
    action: at.action,
    above: at,
    container: value,
    depth: at.depth + 1,
    key: "",
  };
  const symbols = Object.getOwnPropertySymbols(value);
  if (symbols.length > 0) {
    place.key = symbols[0]!;
    refuse(place, "must be JSON, got a symbol as key");
  }
  const copy = isArray
    ? visitArray(value, place, freezing)
    : visitObject(value as Record<string, unknown>, place, freezing);
  return freezing ? Object.freeze(copy) : copy;
}

// A property is read once: what a getter gives, or a Proxy, is what counts.
function visitObject(
  value: Record<string, unknown>,
  place: Place,
  freezing: boolean,
): object {
  const copy: Record<string, unknown> = {};
  const keys = Object.keys(value);
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i]!;
    place.key = key;
    const item = value[key];
    if (item === undefined) continue;
    if (!key.isWellFormed()) {
      refuse(place, "must not have lone surrogates in its key");
    }
    setOwn(copy, key, visit(item, place, freezing));
  }
  return copy;
}

function visitArray(
  value: readonly unknown[],
  place: Place,
  freezing: boolean,
): object {
  const copy: unknown[] = [];
  const length = value.length;
  for (let i = 0; i < length; i++) {
    place.key = i;
    const item = value[i];
    if (item === undefined) {
      const got = Object.hasOwn(value, i) ? "undefined" : "a hole";
      refuse(place, `must be JSON, got ${got}`);
    }
    copy.push(visit(item, place, freezing));
  }
  const keys = Object.keys(value);
  // Indices come first among the keys.
  if (keys.length > length) {
    place.key = keys[length]!;
    refuse(place, "must be JSON, got a property of an array");
  }
  return copy;
}

function top(path: string, action: string): Place {
  const [above, container] = [undefined, undefined];
  return { action, above, container, depth: 0, key: path };
}

/**
 * Validates a value and returns a deeply frozen copy of it, reading each
 * property once: what was checked is what was copied, whatever the value is.
 * A getter counts for what it gives. Properties that are `undefined` are left
 * out, -0 becomes 0; properties that are not enumerable don't count, as in
 * JSON.stringify.
 *
 * @param path The path of the value, such as `data`, for errors.
 * @param action What can't be done, such as `save event`, for errors.
 * @throws {InvalidEventError} If something in it is not JSON, with its path.
 */
export function copyJson<T>(
  value: T,
  path: string,
  action = "copy JSON",
): T {
  return visit(value, top(path, action), true) as T;
}

/**
 * As {@linkcode copyJson}, but nothing is frozen: for a copy that is written
 * at once and kept by nobody.
 */
export function thawedCopy(
  value: unknown,
  path: string,
  action = "copy JSON",
): unknown {
  return visit(value, top(path, action), false);
}

/**
 * Freezes what JSON.parse made; false if it is not all JSON (JSON.parse reads
 * 1e999) or too deep.
 *
 * @param isExact Whether its integers are not rounded; if it is not known, it
 * is false for those that may be.
 */
export function freezeParsed(
  value: object,
  isExact = false,
  depth = 0,
): boolean {
  if (depth === maxJsonDepth) return false;
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) {
      const item = value[i];
      // -0 too
      if (item === 0) value[i] = 0;
      else if (!freezeItem(item, isExact, depth)) return false;
    }
  } else {
    const object = value as Record<string, unknown>;
    for (const key in object) {
      const item = object[key];
      if (!key.isWellFormed()) return false;
      // -0 here too; __proto__ is an own property, so that this sets it.
      if (item === 0) object[key] = 0;
      else if (!freezeItem(item, isExact, depth)) return false;
    }
  }
  Object.freeze(value);
  return true;
}

function freezeItem(item: unknown, isExact: boolean, depth: number): boolean {
  if (typeof item === "string") return item.isWellFormed();
  if (typeof item === "number") {
    return Number.isSafeInteger(item) ||
      (Number.isFinite(item) && (isExact || !Number.isInteger(item)));
  }
  return typeof item !== "object" || item === null ||
    freezeParsed(item, isExact, depth + 1);
}

/** Freezes; false if the value is not all JSON. */
function freeze(value: unknown): boolean {
  return freezeItem(value, true, -1);
}

/**
 * Freezes deeply what JSON.parse made and nobody else holds, and returns it.
 *
 * @throws {InvalidEventError} For what JSON.parse takes and
 * {@linkcode copyJson} does not: numbers beyond the range of a double, lone
 * surrogates, nesting deeper than 1,000 levels.
 */
export function freezeJson<T>(
  value: T,
  path: string,
  action = "read JSON",
): T {
  if (!freeze(value)) copyJson(value, path, action);
  return value;
}

/**
 * Whether two valid JSON values are equal: the order of keys and the sign of
 * 0 don't count, and a property that is `undefined` is one that is absent.
 */
export function equalJson(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== "object" || typeof b !== "object") return false;
  if (a === null || b === null) return false;
  if (Array.isArray(a)) {
    return Array.isArray(b) && a.length === b.length &&
      a.every((item, i) => equalJson(item, b[i]));
  }
  if (Array.isArray(b)) return false;
  const [left, right] = [a, b] as Record<string, unknown>[];
  let surplus = 0;
  for (const key of Object.keys(right!)) {
    if (right![key] !== undefined) surplus++;
  }
  for (const key of Object.keys(left!)) {
    if (left![key] === undefined) continue;
    if (!Object.hasOwn(right!, key)) return false;
    if (!equalJson(left![key], right![key])) return false;
    surplus--;
  }
  return surplus === 0;
}
