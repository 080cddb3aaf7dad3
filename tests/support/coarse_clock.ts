/**
 * Clocks that go in steps, as those of browsers and of workers on the edge do:
 * between two steps time stands still.
 *
 * @module
 */

/** Has both clocks of this process go in steps until it is disposed. */
export function coarseClock(stepMs: number): Disposable {
  const [{ now: monotonic }, { now: wall }] = [performance, Date];
  performance.now = () => floor(monotonic.call(performance), stepMs);
  Date.now = () => floor(wall(), stepMs);
  return {
    [Symbol.dispose]() {
      performance.now = monotonic;
      Date.now = wall;
    },
  };
}

function floor(ms: number, stepMs: number): number {
  return Math.floor(ms / stepMs) * stepMs;
}
