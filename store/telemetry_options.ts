/**
 * The options for telemetry, which every store has.
 *
 * @module
 */

import { badType, type OptionNames } from "../internal/arguments.ts";
import type { EventStoredPublisher } from "./event_stored.ts";
import { checkTelemetry, hasMethods } from "../internal/telemetry/options.ts";
import type { ActiveSpan, Meter } from "../internal/telemetry/types.ts";

/** Options for telemetry, which every store has. */
export interface StoreTelemetryOptions {
  /**
   * Where an {@linkcode EventStored} is published for each event that a save
   * has newly stored, in order. Nobody waits for it: a bus that fails, hangs
   * or is closed neither fails nor slows a save, and what it does not take is
   * counted. The bus stays the caller's, and one that carries certain events
   * must be said to carry these too:
   * `new EventBus<OrderEvent | EventStored>()`. @default nowhere
   */
  bus?: EventStoredPublisher | undefined;
  /**
   * Where counters and durations are reported as instruments; OpenTelemetry's
   * `Meter` is one. @default nowhere
   */
  meter?: Meter | undefined;
  /**
   * Gives the span that is active when something is saved. Its trace context
   * is stored beside the events, never in them, and goes with what is published
   * on the bus; subscriptions of a store that has this option hand it on.
   * @default none
   */
  activeSpan?: ActiveSpan | undefined;
}

/** The options, checked. */
export type ResolvedTelemetry = Readonly<StoreTelemetryOptions>;

/** The names of these options. */
export const TELEMETRY_OPTIONS: OptionNames<StoreTelemetryOptions> = {
  bus: true,
  meter: true,
  activeSpan: true,
};

/** Checks the options for telemetry. */
export function resolveTelemetry(
  { bus, meter, activeSpan }: StoreTelemetryOptions,
  action: string,
): ResolvedTelemetry {
  if (bus !== undefined && !hasMethods(bus, "publish")) {
    throw badType(action, "bus", "an event bus", bus);
  }
  checkTelemetry({ meter, activeSpan }, action);
  return { bus, meter, activeSpan };
}
