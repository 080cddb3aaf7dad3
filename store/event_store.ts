/**
 * The contract every event store keeps.
 *
 * @module
 */

import type {
  AnyEvent,
  Event,
  EventInput,
  EventOfType,
} from "../event/event.ts";
import type { EventDraftOf } from "../event/event_draft.ts";
import type { EventFilter } from "../event/filters.ts";
import type { ReplayError } from "./errors.ts";
import type { TraceContext } from "../internal/telemetry/types.ts";

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
 * What {@linkcode EventStore.append} did.
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
  /** As in {@linkcode SaveOptions.signal}. */
  signal?: AbortSignal | undefined;
}

/** Options of {@linkcode EventStore.getLatestSnapshot}. */
export interface GetSnapshotOptions extends ReadOptions {
  /**
   * The schema that the snapshot must have been saved with; one with another
   * or without a schema is as none. @default any
   */
  schema?: string | undefined;
}

/** What {@linkcode EventStore.saveSnapshot} did. */
export interface SaveSnapshotResult {
  /** False when one of a later version was kept instead. */
  readonly saved: boolean;
}

/** Options of {@linkcode EventStore.saveSnapshot}. */
export interface SaveSnapshotOptions {
  /** Gives up: the call fails with the signal's reason. */
  signal?: AbortSignal | undefined;
}

/** What {@linkcode EventStore.saveEvent} did. */
export interface SaveResult {
  /** The event's version. */
  readonly version: number;
  /** Where the event is stored in the stream; greater than 0. */
  readonly sequence: number;
  /** True when the event had been stored before, so that nothing was new. */
  readonly duplicate: boolean;
}

/** What {@linkcode EventStore.saveEvents} did. */
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

/**
 * How fresh a read is.
 *
 * - `"strong"`: every save acknowledged to anyone before the read began is
 *   seen, as far as the stream's leader that answers knows.
 * - `"eventual"`: whatever the nearest replica has, but never less than this
 *   store instance has already seen of the actor. Where it may have seen what
 *   it does not remember, since a subscription of it has delivered events or
 *   it has forgotten actors, whichever replica answers has to know the stream
 *   as far as the instance has seen it.
 */
export type Consistency = "strong" | "eventual";

/** Options of every read of one actor. */
export interface ReadOptions {
  /** How fresh the read is. @default {"strong"} */
  consistency?: Consistency | undefined;
  /** Gives up the read, which fails with the signal's reason. */
  signal?: AbortSignal | undefined;
}

/** Told of a stored message that is no event; says how to go on. */
export type ReplayErrorHandler = (error: ReplayError) => "continue" | "fail";

/**
 * Options of {@linkcode EventStore.getEvents} and
 * {@linkcode EventStore.readEvents}.
 */
export interface ReadEventsOptions extends ReadOptions {
  /** The lowest version to read, inclusive; 0 or more. @default {0} */
  fromVersion?: number | undefined;
  /** The highest version to read, inclusive. @default {Number.MAX_SAFE_INTEGER} */
  toVersion?: number | undefined;
  /** At most this many events; 1 or more. @default {Infinity} */
  limit?: number | undefined;
  /** `"forward"` is from the lowest version up. @default {"forward"} */
  direction?: "forward" | "backward" | undefined;
  /**
   * Told of every stored message of the actor that the read passed and that is
   * no event, before the events behind it. Return `"continue"` to leave it
   * out; anything else fails the read with the error. A decision must not rest
   * on half a history: `() => "fail"` makes sure of that.
   * @default such messages are left out
   */
  onReplayError?: ReplayErrorHandler | undefined;
}

/** Options of {@linkcode EventStore.getEventsWithErrors}. */
export interface ReadWithErrorsOptions extends ReadOptions {
  /** The lowest version to read, inclusive; 0 or more. @default {0} */
  fromVersion?: number | undefined;
}

/** What {@linkcode EventStore.getEventsWithErrors} found. */
export interface ReplayResult<E extends AnyEvent = Event> {
  /** The readable events, lowest version first. */
  readonly events: E[];
  /** The stored messages that are no events of this actor, in stream order. */
  readonly errors: ReplayError[];
  /** Whether `errors` has any. */
  readonly hasErrors: boolean;
  /** Whether older events of the actor have expired from the stream. */
  readonly truncated: boolean;
}

/** An actor's state after the event of a version: a cache of its history. */
export interface ActorSnapshot {
  /** The actor. */
  readonly actorId: string;
  /** The version of the last event in `state`; greater than 0. */
  readonly version: number;
  /** The state, as JSON; deeply frozen where a store gives it. */
  readonly state: unknown;
  /** When it was taken, in RFC 3339. */
  readonly timestamp: string;
  /**
   * What the state is made of, such as `order-2`: at least one character.
   * Whoever changes what the state is made of names another one, so that
   * states of the old kind are not taken for new ones.
   */
  readonly schema?: string | undefined;
}

/**
 * A place in one store's stream: an opaque string to be kept anywhere. It
 * knows which stream it belongs to.
 */
export type Checkpoint = string;

/**
 * Options of {@linkcode EventStore.subscribe}: a filter, and these.
 *
 * @typeParam Type The event types its filter may name.
 */
export interface SubscribeOptions<Type extends string = string>
  extends EventFilter<Type> {
  /**
   * Where to begin: after this checkpoint, with the first event that was
   * stored later than a time, or with what is saved after the subscription's
   * `caughtUp` resolved (`"end"`). `null` is as left out.
   * @default the beginning
   */
  after?: Checkpoint | Date | "end" | null | undefined;
  /**
   * Whether to go on with what is saved later. `false` ends once the end as
   * of the start was reached, never inside a batch. @default {true}
   */
  live?: boolean | undefined;
  /** Whether events come with `storedAt`. @default {false} */
  storedAt?: boolean | undefined;
  /**
   * Told of every stored message that is no event. Return `"continue"` to
   * skip it; anything else, and no handler at all, fails the subscription
   * with the error.
   */
  onReplayError?: ReplayErrorHandler | undefined;
  /** Ends the subscription with the signal's reason. */
  signal?: AbortSignal | undefined;
}

/**
 * Options of {@linkcode EventStore.readAll}: a filter, and these.
 *
 * @typeParam Type The event types its filter may name.
 */
export interface ReadAllOptions<Type extends string = string>
  extends EventFilter<Type> {
  /** `"forward"` is in stream order. @default {"forward"} */
  direction?: "forward" | "backward" | undefined;
  /** At most this many events; 1 or more. @default {Infinity} */
  limit?: number | undefined;
  /**
   * Where to begin. Forward: after this checkpoint, or with the first event
   * that was stored later than a time. Backward: the event before this
   * checkpoint's, or the last one that was stored earlier than a time. `null`
   * is as left out. @default the beginning, or backward the end
   */
  after?: Checkpoint | Date | null | undefined;
  /** Whether events come with `storedAt`. @default {false} */
  storedAt?: boolean | undefined;
  /** As in {@linkcode SubscribeOptions.onReplayError}. */
  onReplayError?: ReplayErrorHandler | undefined;
  /** Gives up the read, which fails with the signal's reason. */
  signal?: AbortSignal | undefined;
}

/** Options of {@linkcode EventStore.actorIds}. */
export interface ActorIdsOptions
  extends Pick<EventFilter, "actors" | "partition"> {
  /** Gives up the read, which fails with the signal's reason. */
  signal?: AbortSignal | undefined;
}

/** One event as it is stored. */
export interface StoredEvent<E extends AnyEvent = Event> {
  /** The event. */
  readonly event: E;
  /** Its place in the stream; greater than 0. */
  readonly sequence: number;
  /** Resumes after this event. */
  readonly checkpoint: Checkpoint;
  /**
   * When it was stored, in RFC 3339 and UTC, by the server's clock; only with
   * the option `storedAt`.
   */
  readonly storedAt?: string;
  /**
   * The trace context of the save that stored it, if it had one and this store
   * was opened with `activeSpan`, be it one that never has a span; absent
   * otherwise.
   */
  readonly trace?: TraceContext;
}

/**
 * The events of all actors in stream order, each exactly once. Iterate it
 * once, a second time is a TypeError; leaving the loop closes it, and so does
 * disposing it.
 */
export interface EventSubscription<E extends AnyEvent = Event>
  extends AsyncIterable<StoredEvent<E>>, AsyncDisposable {
  /**
   * Resumes after everything that was delivered or left out by the filter so
   * far; what it was given, if it could not begin there. Undefined only until
   * an `"end"` subscription knows where that is.
   */
  readonly checkpoint: Checkpoint | undefined;
  /**
   * The last sequence that was delivered or left out by the filter; 0 before
   * the first, and until it is known where the subscription begins.
   */
  readonly sequence: number;
  /**
   * The sequence of the stream's last event, of whatever actor, as it is now:
   * one request. Less `sequence` it is how far the subscription lags behind.
   */
  latestSequence(): Promise<number>;
  /**
   * Resolves when the end of the stream as of the start was reached (with
   * events waiting to be read, when the last of them was taken); rejects when
   * the subscription fails before, with the same reason, or is closed, with
   * an `AbortError`.
   */
  readonly caughtUp: Promise<void>;
  /**
   * Leaves: an iteration that waits ends, and what was not taken yet is
   * discarded. Doing it again does nothing.
   */
  close(): Promise<void>;
}

/**
 * An append-only store of events: nothing is updated or deleted, for any
 * actor.
 *
 * Versions of one actor strictly rise; gaps are allowed. Saving is
 * idempotent, which is checked before versions: an event that is stored
 * already (same id, actor, version, eventType and data) is not stored again
 * and the save succeeds.
 *
 * Arguments are read once, at the call. A bad one is a TypeError or a
 * RangeError: the promise's rejection, or thrown by a call that gives something
 * to iterate. All else that goes wrong with those fails their iteration.
 *
 * @typeParam E The events it holds. A union narrows on `eventType`. The store
 * does not check stored events against it.
 */
export interface EventStore<E extends AnyEvent = Event>
  extends AsyncDisposable {
  /**
   * Appends at most 1,000 events to one actor's history, all or none: the
   * store gives them ids, consecutive versions and a timestamp.
   *
   * With `expectedVersion: "any"`, which is the default, they come behind
   * whatever is there, and appends that race go through one after the other.
   * No drafts append nothing; an expectation is checked nevertheless.
   *
   * With a `commandId` the events get ids that follow from the actor, the
   * command and their place. If an event of the command is stored already,
   * nothing is stored, whatever the drafts and the expectation are, and all
   * stored events of the command are given with `duplicate: true`: for
   * certain within the duplicate window, and after it if `expectedVersion` is
   * the one that they were stored with.
   *
   * @throws {VersionConflictError} If the actor is not at `expectedVersion`.
   * @throws {DuplicateEventError} If an id that a draft brought belongs to
   * another event.
   * @throws {SaveOutcomeUnknownError} If it can't be told whether the events
   * were stored. Appending again tells if there is a `commandId`; else the
   * ids in the error do.
   * @throws {InvalidEventError | RangeError} If a draft or an option is not
   * valid; nothing was sent.
   */
  append(
    actorId: string,
    drafts: readonly EventDraftOf<E>[],
    options?: AppendOptions,
  ): Promise<AppendResult<E>>;

  /**
   * Appends one event.
   *
   * @throws {VersionConflictError} If the version is not greater than the
   * actor's latest, or the actor is not at `expectedVersion`.
   * @throws {DuplicateEventError} If the id belongs to another event.
   * @throws {SaveOutcomeUnknownError} If it can't be told whether the event
   * was stored; saving the same event again tells.
   * @throws {InvalidEventError | RangeError} If the event or an option is not
   * valid; nothing was sent.
   */
  saveEvent(event: EventInput<E>, options?: SaveOptions): Promise<SaveResult>;

  /**
   * Appends at most 1,000 events, all or none, of one or more actors. Each
   * actor's versions rise in the order given. Events that are stored already
   * are left out and the rest is saved; without events it does nothing.
   *
   * @throws As {@linkcode saveEvent}, and {@linkcode DuplicateEventError} if
   * one id occurs twice; RangeError for more than 1,000 events, if an actor's
   * versions do not rise in the call, or if a version is expected of an actor
   * that the call has no event of, as when it has none at all.
   */
  saveEvents(
    events: readonly EventInput<E>[],
    options?: SaveEventsOptions,
  ): Promise<SaveEventsResult>;

  /**
   * The actor's events, within bounds and in either direction, lowest version
   * first unless asked otherwise; empty when there are none. Stored messages
   * that are no events are left out, unless `onReplayError` says otherwise.
   *
   * @param options A number is `fromVersion`.
   */
  getEvents(
    actorId: string,
    options?: ReadEventsOptions | number,
  ): Promise<E[]>;

  /**
   * As {@linkcode getEvents}, one by one, without holding them all in memory.
   * Stops reading when the consumer does. Each iteration reads anew.
   */
  readEvents(actorId: string, options?: ReadEventsOptions): AsyncIterable<E>;

  /** The version of the actor's last event; 0 when it has none. */
  getLatestVersion(actorId: string, options?: ReadOptions): Promise<number>;

  /**
   * The version of each actor's last event, 0 for one that has none, in the
   * order given; an actor named twice is there once.
   */
  getLatestVersions(
    actorIds: readonly string[],
    options?: ReadOptions,
  ): Promise<Map<string, number>>;

  /**
   * The actor's events from a version on (inclusive), lowest version first,
   * with all of its stored messages that are no events.
   *
   * @param options A number is `fromVersion`.
   */
  getEventsWithErrors(
    actorId: string,
    options?: ReadWithErrorsOptions | number,
  ): Promise<ReplayResult<E>>;

  /**
   * The events of all actors as of now, in stream order or backward, without
   * holding them all in memory: pages of 1,000 events. Stops reading when the
   * consumer does. Each iteration reads anew.
   *
   * A filter that few events match makes the server, or backward the reader,
   * look at all the others as well: a few actors are read faster one by one,
   * with {@linkcode readEvents}.
   *
   * Iterating fails as that of {@linkcode subscribe} does.
   *
   * @typeParam Type The event types that are filtered by, which narrows `E`.
   */
  readAll<Type extends E["eventType"] = E["eventType"]>(
    options?: ReadAllOptions<Type>,
  ): AsyncIterable<StoredEvent<EventOfType<E, Type>>>;

  /**
   * The ids of the actors there are, in no particular order, without holding
   * them all in memory. Those that are there from the beginning to the end of
   * an iteration come exactly once.
   */
  actorIds(options?: ActorIdsOptions): AsyncIterable<string>;

  /**
   * The newest snapshot of the actor, unless there is none, it belongs to
   * another incarnation of the stream, its version lies above the actor's
   * latest, or it is of another `schema` than asked for.
   */
  getLatestSnapshot(
    actorId: string,
    options?: GetSnapshotOptions,
  ): Promise<ActorSnapshot | undefined>;

  /**
   * Keeps a snapshot, unless one of a later version is kept already, of
   * whatever schema. A snapshot is a cache: it may be lost, the events are the
   * truth.
   *
   * @throws {TypeError | RangeError} If it is not valid, or its version is
   * above the actor's latest.
   */
  saveSnapshot(
    snapshot: ActorSnapshot,
    options?: SaveSnapshotOptions,
  ): Promise<SaveSnapshotResult>;

  /**
   * Every event of every actor in stream order, exactly once, from a
   * checkpoint on and, unless `live` is false, for ever. A loss that can't be
   * repaired is an error, never a gap.
   *
   * Iterating fails with a {@linkcode CheckpointError} if `after` is no
   * checkpoint, of another or re-created stream, beyond its end, or before
   * what has expired; with a {@linkcode ReplayError} for a stored message that
   * is no event.
   *
   * @typeParam Type The event types that are filtered by, which narrows `E`.
   */
  subscribe<Type extends E["eventType"] = E["eventType"]>(
    options?: SubscribeOptions<Type>,
  ): EventSubscription<EventOfType<E, Type>>;

  /**
   * Closes the store, as disposing it does: every later call and every
   * iteration under way fails with a {@linkcode StoreClosedError}. Doing it
   * again does nothing.
   */
  close(): Promise<void>;
}
