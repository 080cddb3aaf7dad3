/**
 * Errors that nobody can catch.
 *
 * @module
 */

/**
 * Reports an error as uncaught without throwing it here: by `reportError`, or
 * where a runtime has none (Node), by throwing it in a task of its own.
 */
export function reportUncaught(error: unknown): void {
  if (typeof reportError === "function") reportError(error);
  else {
    queueMicrotask(() => {
      throw error;
    });
  }
}
