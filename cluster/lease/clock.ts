/**
 * Readings of both clocks.
 *
 * @module
 */

/** Both clocks at one moment, in milliseconds. */
export interface Reading {
  /** `performance.now()`: runs on while the process is stopped. */
  readonly monotonic: number;
  /** `Date.now()`: runs on while the machine is suspended, and may jump. */
  readonly wall: number;
}

/** Reads both clocks. */
export function readClocks(): Reading {
  return { monotonic: performance.now(), wall: Date.now() };
}

/**
 * Milliseconds between two readings, by the clock that went further: the
 * monotonic one stands still while the machine is suspended. A holder counts
 * like this, since it must not act too long; an observer, which must not wait
 * too little, trusts its monotonic clock only.
 */
export function elapsed(since: Reading, now: Reading): number {
  return Math.max(now.monotonic - since.monotonic, now.wall - since.wall);
}
