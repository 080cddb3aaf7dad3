/**
 * Where the times and ids of new events come from.
 *
 * @module
 */

import {
  badType,
  checkFunction,
  type OptionNames,
  optionsOf,
} from "../internal/arguments.ts";

/** Options for what an event is given that does not bring its own. */
export interface CreateEventOptions {
  /** Gives the time of an event, for tests. @default the system's clock */
  now?: (() => Date) | undefined;
  /**
   * Gives the id of an event, each time another one, for tests.
   * @default random UUIDs
   */
  newId?: (() => string) | undefined;
}

/** The names of these options. */
export const CREATE_EVENT_OPTIONS: OptionNames<CreateEventOptions> = {
  now: true,
  newId: true,
};

/** Gives what an event does not bring. */
export interface EventSources {
  /** The time, in RFC 3339. */
  now(): string;
  /** An id, not checked. */
  newId(): string;
}

let lastMs = NaN;
let lastTimestamp = "";

/** The time, spelled out once a millisecond: that is most of its cost. */
function systemTime(): string {
  const ms = Date.now();
  if (ms !== lastMs) {
    lastTimestamp = new Date(ms).toISOString();
    lastMs = ms;
  }
  return lastTimestamp;
}

/** The system's clock and random UUIDs. */
export const SYSTEM_SOURCES: EventSources = {
  now: systemTime,
  newId: () => crypto.randomUUID(),
};

/**
 * The sources that the options name, or else the system's.
 *
 * @throws {TypeError} If one is no function; later if `now` gives no valid date.
 */
export function resolveSources(
  options: CreateEventOptions | undefined,
  action: string,
): EventSources {
  if (options === undefined) return SYSTEM_SOURCES;
  const { now, newId } = optionsOf(options, CREATE_EVENT_OPTIONS, action);
  checkFunction(now, action, "now");
  checkFunction(newId, action, "newId");
  if (now === undefined && newId === undefined) return SYSTEM_SOURCES;
  return {
    now: now === undefined ? SYSTEM_SOURCES.now : () => timestampOf(now()),
    newId: newId ?? SYSTEM_SOURCES.newId,
  };
}

function timestampOf(date: Date): string {
  // Not by its class: fake clocks have one of their own.
  const isValid = typeof date?.toISOString === "function" &&
    Number.isFinite(date.getTime());
  if (isValid) return date.toISOString();
  throw badType("create event", "what now gives", "a valid Date", date);
}
