/**
 * The arguments of a bus's methods, checked where they enter and read once.
 *
 * @module
 */

import {
  FILTER_OPTIONS,
  type ResolvedFilter,
  resolveFilter,
} from "../event/filters.ts";
import {
  checkFunction,
  checkInteger,
  checkSignal,
  oneOf,
  type OptionNames,
  optionsOf,
} from "../internal/arguments.ts";
import { checkTrace } from "../internal/telemetry/trace.ts";
import { checkTelemetry } from "../internal/telemetry/options.ts";
import type { AnyEvent } from "../event/event.ts";
import type {
  ActiveSpan,
  Meter,
  TraceContext,
} from "../internal/telemetry/types.ts";
import type { MailboxOptions } from "./_mailbox.ts";
import { type NamespacePattern, parsePattern } from "./_namespaces.ts";
import type {
  BusSubscribeOptions,
  PublishOptions,
} from "./event_broadcaster.ts";

/** The most events a subscription may hold, inclusive. */
const MAX_BUFFER = 1_000_000;

/** The events a subscription gets; all parts must match. */
export interface Filter extends ResolvedFilter {
  readonly namespaces: NamespacePattern;
}

/** Options that every bus has. */
export interface BusOptions {
  /**
   * Gives the span that is active when an event is published; its trace
   * context goes with the event. @default none
   */
  activeSpan?: ActiveSpan | undefined;
  /**
   * Gets the bus's counters as instruments; OpenTelemetry's `Meter` is one. @default nowhere
   */
  meter?: Meter | undefined;
  /**
   * Called with errors that belong to no call: those that callbacks throw, and
   * on a {@linkcode NatsEventBus} a {@linkcode MalformedMessageError} for a
   * message of another client, and a {@linkcode PermissionDeniedError} for an
   * event that the server refused. Errors it throws itself are ignored.
   */
  onError?: ((error: unknown) => void) | undefined;
}

/** The options that every bus has. */
export const BUS_OPTIONS: OptionNames<BusOptions> = {
  activeSpan: true,
  meter: true,
  onError: true,
};

const PUBLISH_OPTIONS: OptionNames<PublishOptions> = {
  signal: true,
  trace: true,
};

const SUBSCRIBE_OPTIONS: OptionNames<BusSubscribeOptions> = {
  ...FILTER_OPTIONS,
  buffer: true,
  overflow: true,
  onDrop: true,
  onGap: true,
  signal: true,
};

/** Checks the values of the options that every bus has. */
export function resolveBusOptions(
  options: BusOptions,
  action: string,
): {
  activeSpan: ActiveSpan | undefined;
  meter: Meter | undefined;
  onError: BusOptions["onError"];
} {
  const { activeSpan, meter, onError } = options;
  checkTelemetry({ meter, activeSpan }, action);
  checkFunction(onError, action, "onError");
  return { activeSpan, meter, onError };
}

/** Checks the options of a publish. */
export function resolvePublish(
  options: PublishOptions,
  action: string,
): { signal: AbortSignal | undefined; trace: TraceContext | undefined } {
  const { signal, trace } = optionsOf(options, PUBLISH_OPTIONS, action);
  return {
    signal: checkSignal(signal, action),
    trace: checkTrace(trace, action),
  };
}

/** Checks the arguments of `subscribe`. */
export function resolveSubscribe<
  E extends AnyEvent,
  Type extends E["eventType"],
>(
  pattern: string,
  options: BusSubscribeOptions<E, Type> | undefined,
): { filter: Filter; options: MailboxOptions<E> } {
  const action = "subscribe";
  const namespaces = parsePattern(pattern, action);
  const given = optionsOf(options, SUBSCRIBE_OPTIONS, action);
  const {
    buffer = 100,
    overflow = "drop-newest",
    onDrop,
    onGap,
    signal,
  } = given;
  checkInteger(buffer, action, "buffer", 1, MAX_BUFFER);
  checkFunction(onDrop, action, "onDrop");
  checkFunction(onGap, action, "onGap");
  return {
    filter: { namespaces, ...resolveFilter(given, action) },
    options: {
      pattern,
      buffer,
      overflow: oneOf(
        overflow,
        ["drop-newest", "drop-oldest", "error", "block"],
        action,
        "overflow",
      ),
      // It is only called with events that pass the filter.
      onDrop: onDrop as MailboxOptions<E>["onDrop"],
      onGap,
      signal: checkSignal(signal, action),
    },
  };
}
