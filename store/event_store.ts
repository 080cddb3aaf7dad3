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
import type {
  AppendOptions,
  AppendResult,
  SaveEventsOptions,
  SaveEventsResult,
  SaveOptions,
  SaveResult,
} from "./saving.ts";
import type {
  ActorIdsOptions,
  ReadAllOptions,
  ReadEventsOptions,
  ReadOptions,
  ReadWithErrorsOptions,
  ReplayResult,
} from "./reading.ts";
import type {
  ActorSnapshot,
  GetSnapshotOptions,
  SaveSnapshotOptions,
  SaveSnapshotResult,
} from "./snapshots.ts";
import type {
  EventSubscription,
  StoredEvent,
  SubscribeOptions,
} from "./subscribing.ts";

export type {
  AppendOptions,
  AppendResult,
  SaveEventsOptions,
  SaveEventsResult,
  SaveOptions,
  SaveResult,
} from "./saving.ts";
export type {
  ActorIdsOptions,
  Checkpoint,
  Consistency,
  ReadAllOptions,
  ReadEventsOptions,
  ReadOptions,
  ReadWithErrorsOptions,
  ReplayErrorHandler,
  ReplayResult,
} from "./reading.ts";
export type {
  ActorSnapshot,
  GetSnapshotOptions,
  SaveSnapshotOptions,
  SaveSnapshotResult,
} from "./snapshots.ts";
export type {
  EventSubscription,
  StoredEvent,
  SubscribeOptions,
} from "./subscribing.ts";

/**
 * The reading half of a store: what projections, queries and loads need. It is
 * covariant, so that a store of some events is one of all events.
 *
 * Arguments are read once, at the call. A bad one is a TypeError or a
 * RangeError: the promise's rejection, or thrown by a call that gives something
 * to iterate. All else that goes wrong with those fails their iteration.
 *
 * @typeParam E The events it gives. A union narrows on `eventType`. The store
 * does not check stored events against it.
 */
export interface ReadableEventStore<out E extends AnyEvent = Event> {
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
    options: ReadAllOptions<Type> | undefined,
  ): AsyncIterable<StoredEvent<EventOfType<E, Type>>>;
  /** As the other form: all events there are, in stream order. */
  readAll(): AsyncIterable<StoredEvent<E>>;

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
    options: SubscribeOptions<Type> | undefined,
  ): EventSubscription<EventOfType<E, Type>>;
  /** As the other form: all events there are and will be. */
  subscribe(): EventSubscription<E>;
}

/**
 * An append-only store of events: nothing is updated or deleted, for any
 * actor.
 *
 * Versions of one actor strictly rise; gaps are allowed. Saving is idempotent:
 * an event that is stored already (same id, actor, version, eventType and data)
 * is not stored again and the save succeeds. That is checked first, then what is
 * expected, then that the version is above the latest, and last whether another
 * event has the id.
 *
 * @typeParam E The events it holds.
 */
export interface EventStore<E extends AnyEvent = Event>
  extends ReadableEventStore<E>, AsyncDisposable {
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
   * @throws {SaveOutcomeUnknownError} If it is not known whether the events
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
   * @throws {SaveOutcomeUnknownError} If it is not known whether the event
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
   * Closes the store, as disposing it does: its subscriptions are closed, so
   * that loops over them end, and every later call and every read under way
   * fails with a {@linkcode StoreClosedError}. Doing it again does nothing.
   */
  close(): Promise<void>;
}
