/**
 * The durations of a lease.
 *
 * @module
 */

import { badRange, checkInteger } from "../../internal/arguments.ts";

/** How long a lease lasts and how it is kept, all in milliseconds. */
export interface LeaseDurations {
  /**
   * How long others wait, without a sign of the holder, before they replace
   * it: 100 to 86,400,000, and at least 1.2 times `renewDeadline`, since clocks
   * may run at rates up to 10 % apart. @default {15_000}
   */
  lease?: number | undefined;
  /**
   * How long the holder acts after it sent its last successful renewal: at
   * least 3 times `renewEvery` and 8 times `retry`.
   * @default 0.8 times `lease`: {12_000}
   */
  renewDeadline?: number | undefined;
  /**
   * How often the holder renews: at least `retry`.
   * @default a sixth of `renewDeadline`: {2_000}
   */
  renewEvery?: number | undefined;
  /**
   * How often candidates look, and how soon something that failed is tried
   * again; also how long an attempt waits for its answer: 5 or more.
   * @default half of `renewEvery`: {1_000}
   */
  retry?: number | undefined;
}

/** The durations, checked. */
export type LeaseSettings = Readonly<
  Record<keyof LeaseDurations, number>
>;

/** How much longer than the holder's window a lease is, at least. */
const MARGIN = 1.2;
const LONGEST = 86_400_000;

/**
 * Fills in the defaults and checks the durations, alone and together.
 *
 * @param action What can't be done, such as `join election`.
 * @throws {TypeError} If one is no number.
 * @throws {RangeError} If one is out of bounds.
 */
export function resolveDurations(
  {
    lease = 15_000,
    renewDeadline = Math.floor(lease * 0.8),
    renewEvery = Math.floor(renewDeadline / 6),
    retry = Math.floor(renewEvery / 2),
  }: LeaseDurations,
  action: string,
): LeaseSettings {
  checkInteger(lease, action, "lease", 100, LONGEST);
  checkInteger(renewDeadline, action, "renewDeadline", 1);
  checkInteger(renewEvery, action, "renewEvery", 1);
  checkInteger(retry, action, "retry", 5);
  const refuse = (name: string, must: string, value: number): never => {
    throw badRange(action, name, must, value);
  };
  if (lease < renewDeadline * MARGIN) {
    refuse(
      "lease",
      `at least ${MARGIN} times renewDeadline, ${
        Math.ceil(renewDeadline * MARGIN)
      }`,
      lease,
    );
  }
  if (renewDeadline < 3 * renewEvery) {
    const must = `at least 3 times renewEvery, ${3 * renewEvery}`;
    refuse("renewDeadline", must, renewDeadline);
  }
  if (renewDeadline < 8 * retry) {
    const must = `at least 8 times retry, ${8 * retry}`;
    refuse("renewDeadline", must, renewDeadline);
  }
  if (renewEvery < retry) {
    refuse("renewEvery", `at least retry, ${retry}`, renewEvery);
  }
  return Object.freeze({ lease, renewDeadline, renewEvery, retry });
}
