/**
 * Options and results of saves.
 *
 * @module
 */

import type { AnyEvent, Event } from "../event/event.ts";

/** Options of {@linkcode EventStore.append}. */
export interface AppendOptions {
  /**
   * The version the actor must be at before the append: exactly this one, 0
   * for an actor without events. `"any"` appends behind whatever is there.
   * @default {"any"}
   */
  expectedVersion?: number | "any" | undefined;
  /**
   * The command that the events follow from: at least one character. The ids
   * of the events are made of it, so that a command that arrives again stores
   * nothing again: see {@linkcode EventStore.append}. @default none
   */
  commandId?: string | undefined;
  /** As in {@linkcode SaveOptions.signal}. */
  signal?: AbortSignal | undefined;
}

/**
 * The result of {@linkcode EventStore.append}.
 *
 * @typeParam E The events of the store.
 */
export interface AppendResult<out E extends AnyEvent = Event> {
  /** The events as they are stored, deeply frozen, in the order given. */
  readonly events: readonly E[];
  /** Where each of them is stored in the stream; rising. */
  readonly sequences: readonly number[];
  /** The version of the last of them; without any, the actor's latest. */
  readonly version: number;
  /** The sequence of the last of them; 0 without any. */
  readonly sequence: number;
  /** True when the events had been stored before, so that nothing was new. */
  readonly duplicate: boolean;
}

/** Options of {@linkcode EventStore.saveEvent}. */
export interface SaveOptions {
  /**
   * The version the actor must be at before this event: exactly this one, 0
   * for an actor without events, always lower than the event's own. With
   * `"any"` every version lower than the event's will do. @default {"any"}
   */
  expectedVersion?: number | "any" | undefined;
  /**
   * Gives up. Before anything was sent the save fails with the signal's
   * reason; after that with a {@linkcode SaveOutcomeUnknownError} whose
   * `cause` is the reason.
   */
  signal?: AbortSignal | undefined;
}

/** Options of {@linkcode EventStore.saveEvents}. */
export interface SaveEventsOptions {
  /**
   * As in {@linkcode SaveOptions.expectedVersion}, before the first event of
   * the call; a number only where all events are of one actor.
   * @default {"any"}
   */
  expectedVersion?: number | "any" | undefined;
  /**
   * The version each named actor must be at before its first event in the
   * call. Names only actors that the call writes. Not together with
   * `expectedVersion`.
   */
  expectedVersions?: ReadonlyMap<string, number> | undefined;
  /**
   * Whether all events must be new: if another call has stored one of them,
   * nothing is stored and the call fails with a {@linkcode DuplicateEventError},
   * where otherwise what is stored is left out and the rest is saved.
   * @default {false}
   */
  allNew?: boolean | undefined;
  /** As in {@linkcode SaveOptions.signal}. */
  signal?: AbortSignal | undefined;
}

/** The result of {@linkcode EventStore.saveEvent}. */
export interface SaveResult {
  /** The event's version. */
  readonly version: number;
  /** Where the event is stored in the stream; greater than 0. */
  readonly sequence: number;
  /** True when the event had been stored before, so that nothing was new. */
  readonly duplicate: boolean;
}

/** The result of {@linkcode EventStore.saveEvents}. */
export interface SaveEventsResult {
  /** The version of each written actor's last event in the call. */
  readonly versions: ReadonlyMap<string, number>;
  /** Where each event of the call is stored, in the order given. */
  readonly sequences: readonly number[];
  /** The highest of `sequences`; 0 when there were no events. */
  readonly sequence: number;
  /** True when there were events and all of them had been stored before. */
  readonly duplicate: boolean;
}
