/**
 * Values that no method takes.
 *
 * @module
 */

/** Values that are no version to read from, or to expect. */
export const badBounds: readonly unknown[] = [
  -1,
  1.5,
  2 ** 53,
  NaN,
  Infinity,
  "1",
  1n,
  null,
];
/** Values that are no actor id. */
export const badActorIds: readonly unknown[] = [
  "",
  "a".repeat(2049),
  "é".repeat(342),
  "a\ud800",
  "\udc00",
  7,
  null,
  undefined,
];
/** Values that are no signal. */
export const badSignals: readonly unknown[] = [
  null,
  true,
  {},
  new EventTarget(),
];
