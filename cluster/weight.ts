/**
 * How much of the work a node takes, relative to the others.
 *
 * @module
 */

import { badRange, badType } from "../internal/arguments.ts";

/** The least weight of a node, inclusive. */
export const MIN_WEIGHT = 0.01;
/** The greatest weight of a node, inclusive. */
export const MAX_WEIGHT = 100;

/**
 * Checks a weight.
 *
 * @throws {TypeError} If it is no number.
 * @throws {RangeError} If it is out of bounds, or NaN.
 */
export function checkWeight(weight: unknown, action: string): number {
  if (typeof weight !== "number") {
    throw badType(action, "weight", "a number", weight);
  }
  if (weight >= MIN_WEIGHT && weight <= MAX_WEIGHT) return weight;
  const must = `a number from ${MIN_WEIGHT} to ${MAX_WEIGHT}`;
  throw badRange(action, "weight", must, weight);
}
