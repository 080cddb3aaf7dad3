import type { Random } from "../support/history/random.ts";

/** What a call that was given up fails with, unless it was too late. */
export class GivenUpError extends Error {
  override readonly name = "GivenUpError";
}

/** Of so many calls one is given up, within so many milliseconds. */
const SHARE = 0.02;
const PATIENCE = 20;

/** Makes a call, and perhaps gives it up while it is under way. */
export async function perhapsGivingUp<T>(
  random: Random,
  call: (signal?: AbortSignal) => Promise<T>,
): Promise<T> {
  if (!random.chance(SHARE)) return await call();
  const controller = new AbortController();
  const timer = setTimeout(
    () => controller.abort(new GivenUpError("Took too long")),
    random.below(PATIENCE),
  );
  try {
    return await call(controller.signal);
  } finally {
    clearTimeout(timer);
  }
}
