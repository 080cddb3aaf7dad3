/**
 * Errors that must come at once.
 *
 * @module
 */

import { assert } from "@std/assert";
import { assertErrorIs } from "./contract/helpers.ts";
import { inspect } from "./inspect.ts";

/**
 * Milliseconds after which an answer did not come at once. It only tells from
 * a wait for an answer that never comes, the shortest of which is 5 seconds.
 */
const AT_ONCE = 4_500;

/** What a promise rejects with, which it must do within `ms` milliseconds. */
export async function refusalOf(
  run: () => PromiseLike<unknown>,
  ms: number = AT_ONCE,
): Promise<Error> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => late.reject(new Error(`No refusal within ${ms} ms`)),
    ms,
  );
  try {
    const value = await Promise.race([run(), late.promise]);
    throw new Error(`Expected a rejection, got ${inspect(value)}`);
  } catch (reason) {
    assert(reason instanceof Error, `not an error: ${inspect(reason)}`);
    return reason;
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Rejects at once with an error of the class, with (at least) these
 * properties, whose message names the call and has all of these words.
 */
export async function assertRefusedAtOnce<E extends Error>(
  run: () => PromiseLike<unknown>,
  // deno-lint-ignore no-explicit-any
  errorClass: new (...args: any[]) => E,
  properties: Partial<E> = {},
  ...words: readonly string[]
): Promise<E> {
  const reason = await refusalOf(run);
  assertErrorIs(reason, errorClass, properties);
  assert(reason.message.startsWith("Cannot "), reason.message);
  for (const word of words) {
    assert(reason.message.includes(word), `no ${word} in: ${reason.message}`);
  }
  return reason as E;
}
