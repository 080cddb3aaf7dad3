/**
 * Calls users' callbacks, which may throw without breaking anything.
 *
 * @module
 */

/** Takes errors that no call can throw. */
export type Report = (error: unknown) => void;

/** Calls a callback, if there is one; what it throws or rejects with is reported. */
export function call<Args extends readonly unknown[]>(
  report: Report,
  callback: ((...args: Args) => unknown) | undefined,
  ...args: Args
): void {
  if (callback === undefined) return;
  try {
    const result = callback(...args);
    if (result instanceof Promise) result.catch(report);
  } catch (error) {
    report(error);
  }
}

/**
 * A report that goes to `onError`, if there is one, else to the console, and
 * never throws.
 */
export function reportTo(
  onError: ((error: unknown) => void) | undefined,
): Report {
  return (error) => call(() => {}, onError ?? console.error, error);
}
