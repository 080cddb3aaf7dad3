/**
 * Waiting for a condition, never for a time.
 *
 * @module
 */

/** How long and how often {@linkcode waitFor} looks. */
export interface WaitForOptions {
  /**
   * Milliseconds after which waiting fails.
   *
   * @default {10_000}
   */
  timeout?: number;
  /**
   * Milliseconds between two looks.
   *
   * @default {20}
   */
  interval?: number;
  /** What is waited for, as the error says it: `Timed out after 10000 ms: <message>`. */
  message?: string | (() => string);
}

/** What was waited for did not come about in time. */
export class WaitTimeoutError extends Error {
  /** Makes the error; `cause` is what the condition last threw, if it threw. */
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "WaitTimeoutError";
  }
}

/**
 * Looks at `condition` again and again until it is truthy, and resolves to that
 * value. A condition that throws or rejects counts as not yet fulfilled.
 *
 * It looks at once, and a last time when the timeout has passed. One look that
 * hangs is not cut short: bound it itself.
 *
 * @throws {WaitTimeoutError} when the timeout has passed; `cause` is what the
 * last look threw, if it threw.
 */
export async function waitFor<T>(
  condition: () => T | PromiseLike<T>,
  { timeout = 10_000, interval = 20, message }: WaitForOptions = {},
): Promise<Exclude<Awaited<T>, undefined | null | false | 0 | "">> {
  type Truthy = Exclude<Awaited<T>, undefined | null | false | 0 | "">;
  const deadline = performance.now() + timeout;
  while (true) {
    let cause: unknown;
    const last = performance.now() >= deadline;
    try {
      const value = await condition();
      if (value) return value as Truthy;
    } catch (error) {
      cause = error;
    }
    if (last) {
      const what = typeof message === "function" ? message() : message;
      throw new WaitTimeoutError(
        `Timed out after ${timeout} ms: ${what ?? condition.toString()}`,
        cause === undefined ? undefined : { cause },
      );
    }
    await new Promise((resolve) => setTimeout(resolve, interval));
  }
}
