/**
 * Checks the telemetry options that stores and buses have.
 *
 * @module
 */

import { badType } from "../arguments.ts";

/** Checks the options that stores and buses have. */
export function checkTelemetry(
  { meter, activeSpan }: { meter: unknown; activeSpan: unknown },
  action: string,
): void {
  if (
    meter !== undefined &&
    !hasMethods(
      meter,
      "createCounter",
      "createHistogram",
      "createObservableGauge",
    )
  ) {
    const must =
      "a meter with createCounter, createHistogram and createObservableGauge";
    throw badType(action, "meter", must, meter);
  }
  if (activeSpan !== undefined && typeof activeSpan !== "function") {
    throw badType(action, "activeSpan", "a function", activeSpan);
  }
}

/** Whether a value has these methods. */
export function hasMethods(
  value: unknown,
  ...methods: readonly string[]
): boolean {
  return typeof value === "object" && value !== null &&
    methods.every((method) =>
      typeof (value as Record<string, unknown>)[method] === "function"
    );
}
