/**
 * How long to pause after failures.
 *
 * @module
 */

/** Milliseconds after failure `n` (from 0): 100, 200, 400, ... at most 30,000. */
export function pauseAfter(n: number): number {
  return Math.min(30_000, 100 * 2 ** Math.min(n, 9));
}
