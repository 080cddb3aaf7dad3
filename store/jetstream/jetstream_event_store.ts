/**
 * An event store on a NATS JetStream stream.
 *
 * @module
 */

import type { NatsConnection } from "@nats-io/nats-core";
import { checkConnection } from "../../internal/nats/connection.ts";
import { Multiplexer } from "../../internal/nats/multiplexer.ts";
import { checkActorId } from "../../internal/nats/names.ts";
import { resolveSignal } from "../../internal/arguments.ts";
import {
  type JetStreamEventStoreOptions,
  resolveOpen,
} from "./_open_options.ts";
import { resolveGetSnapshot, resolveSubscribe } from "../read_arguments.ts";
import { errorOfCall, errorOfSave } from "./stream/request_errors.ts";
import { resolveAppend } from "../append_arguments.ts";
import {
  groupBatch,
  resolveBatch,
  resolveSave,
  resolveSaveEvents,
  resolveSnapshot,
} from "../save_arguments.ts";
import { StoreCalls } from "./_store_calls.ts";
import { openParts, type StoreParts } from "./_store_parts.ts";
import { StoreReads } from "./_store_reads.ts";
import { StreamSubscription } from "./subscribe/stream_subscription.ts";
import { traceLines } from "../../internal/telemetry/trace.ts";
import { untilAborted } from "../../internal/waiting.ts";
import { StoreClosedError } from "../errors.ts";
import type {
  AnyEvent,
  Event,
  EventInput,
  EventOfType,
} from "../../event/event.ts";
import type { EventDraftOf } from "../../event/event_draft.ts";
import type {
  ActorIdsOptions,
  ActorSnapshot,
  AppendOptions,
  AppendResult,
  EventStore,
  EventSubscription,
  GetSnapshotOptions,
  ReadAllOptions,
  ReadEventsOptions,
  ReadOptions,
  ReadWithErrorsOptions,
  ReplayResult,
  SaveEventsOptions,
  SaveEventsResult,
  SaveOptions,
  SaveResult,
  SaveSnapshotOptions,
  SaveSnapshotResult,
  StoredEvent,
  SubscribeOptions,
} from "../event_store.ts";
import type { StoreMetrics } from "../metrics.ts";

export type { JetStreamEventStoreOptions } from "./_open_options.ts";

/**
 * Events on NATS JetStream: the whole contract of {@linkcode EventStore}, one
 * stream a namespace, one subject an actor, so that the server itself decides
 * every race, for any number of writers in any number of processes.
 *
 * Needs nats-server 2.12 or newer. The connection stays the caller's: closing
 * the store does not close it.
 *
 * Beside what the contract names, its calls may fail with these errors:
 *
 * - all of them with a {@linkcode ConnectionClosedError}, a
 *   {@linkcode StreamSetupError} (its stream was deleted) or a {@linkcode PermissionDeniedError}, and
 *   with a {@linkcode JetStreamUnavailableError} where JetStream did not take or
 *   answer something within `saveTimeout` or `readTimeout`: such a
 *   call of a save stored nothing, though one before it may have;
 * - saves with a {@linkcode PayloadTooLargeError} or a
 *   {@linkcode StreamFullError}: nothing was stored;
 * - reads with a {@linkcode ConnectionLostError} where the connection is not
 *   back within `readTimeout`, or with a {@linkcode StaleReadError} where no
 *   server that answers has what this instance has seen already.
 *
 * @typeParam E The events it holds.
 */
export class JetStreamEventStore<E extends AnyEvent = Event>
  implements EventStore<E> {
  readonly #parts: StoreParts;
  readonly #subscriptions = new Set<StreamSubscription<E>>();
  readonly #calls: StoreCalls;
  readonly #reads: StoreReads<E>;
  #closed: Promise<void> | undefined;

  private constructor(parts: StoreParts) {
    // Callers in JavaScript are not held back by `private`.
    if (!(Object(parts).mux instanceof Multiplexer)) {
      throw new TypeError(
        "Cannot open store: call `await JetStreamEventStore.open(nc, options)` instead of the constructor",
      );
    }
    this.#parts = parts;
    this.#calls = new StoreCalls(parts.reader, parts.monitor);
    this.#reads = new StoreReads(parts, this.#calls);
    parts.mux.watch.listen({ up: () => parts.reader.watch.refresh() });
  }

  /**
   * Opens the store of a namespace, and makes its stream and its bucket of
   * snapshots if they are not there.
   *
   * @param nc An open connection, from whichever transport fits.
   * @throws {JetStreamUnavailableError} If JetStream is not enabled, or does
   * not answer.
   * @throws {StreamSetupError} If the server is older than 2.12, if there is no
   * stream and `create` is false, if the stream has other settings than the
   * layout needs or an option names, is of another layout, or can't be made:
   * `code` says why.
   * @throws {PermissionDeniedError} If the NATS user lacks a right.
   * @throws {ConnectionLostError} If the connection is down and not back within
   * `readTimeout`.
   * @throws {ConnectionClosedError} If the connection is closed or draining.
   * @throws {TypeError | RangeError} If `nc` or an option is not valid.
   * @throws The signal's reason, if it is aborted.
   */
  static async open<E extends AnyEvent = Event>(
    nc: NatsConnection,
    options: JetStreamEventStoreOptions = {},
  ): Promise<JetStreamEventStore<E>> {
    checkConnection(nc, "open store");
    const resolved = resolveOpen(options);
    const { inboxPrefix, signal } = resolved;
    signal?.throwIfAborted();
    let mux: Multiplexer | undefined;
    try {
      mux = new Multiplexer(nc, inboxPrefix);
      const opening = openParts(mux, resolved);
      return new JetStreamEventStore<E>(await untilAborted(opening, signal));
    } catch (error) {
      await mux?.[Symbol.asyncDispose]();
      throw errorOfCall("open store", error, signal);
    }
  }

  /**
   * As {@linkcode EventStore.append}: in one round trip where the end of the
   * actor's history is remembered.
   */
  async append(
    actorId: string,
    drafts: readonly EventDraftOf<E>[],
    options?: AppendOptions,
  ): Promise<AppendResult<E>> {
    const action = "append";
    const { appender, monitor, sources } = this.#parts;
    const resolved = resolveAppend(actorId, drafts, options, sources);
    this.#calls.throwIfOver(action, resolved.signal);
    const trace = monitor.trace();
    const began = this.#calls.saveBegins();
    const counts = resolved.events.length > 0;
    try {
      const { events, saved, version } = await appender.append({
        ...resolved,
        began,
        trace: traceLines(trace),
      });
      if (counts) monitor.saved(action, began, events, saved, trace);
      const sequences = saved.map(({ sequence }) => sequence);
      return {
        events: events as readonly AnyEvent[] as readonly E[],
        sequences,
        version,
        sequence: sequences.at(-1) ?? 0,
        duplicate: saved.length > 0 && saved.every(({ fresh }) => !fresh),
      };
    } catch (error) {
      if (counts) monitor.saveFailed(action, began, error);
      throw errorOfSave(action, error, resolved.signal);
    } finally {
      this.#calls.saveEnds();
    }
  }

  /** As {@linkcode EventStore.saveEvent}. */
  saveEvent(event: EventInput<E>, options?: SaveOptions): Promise<SaveResult> {
    // What throws here rejects, as in an async function, which costs more.
    try {
      const { expectedVersion, signal } = resolveSave(options);
      this.#calls.throwIfOver("save event", signal);
      const { writer, monitor } = this.#parts;
      const trace = monitor.trace();
      const draft = writer.draft(event, "save event", traceLines(trace));
      const began = this.#calls.saveBegins();
      const ended = this.#calls.saveEnds;
      return writer.saveOne(
        { draft, expectedVersion, signal, began, monitor, trace, ended },
      );
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** As {@linkcode EventStore.saveEvents}: one atomic batch. */
  async saveEvents(
    events: readonly EventInput<E>[],
    options?: SaveEventsOptions,
  ): Promise<SaveEventsResult> {
    const { expected, allNew, signal } = resolveSaveEvents(options);
    this.#calls.throwIfOver("save events", signal);
    const { writer, monitor } = this.#parts;
    const trace = monitor.trace();
    const lines = traceLines(trace);
    const drafts = resolveBatch(
      events,
      (event, action) => writer.draft(event, action, lines),
    );
    const { actors, expectedVersions } = groupBatch(drafts, expected);
    const versions = new Map<string, number>();
    for (const [actorId, own] of actors) {
      versions.set(actorId, own.at(-1)!.version);
    }
    if (drafts.length === 0) {
      return { versions, sequences: [], sequence: 0, duplicate: false };
    }
    const began = this.#calls.saveBegins();
    try {
      const saved = await writer.save({
        action: "save events",
        drafts,
        expectedVersions,
        signal,
        ...allNew && { newOnly: new Set(drafts.map(({ id }) => id)) },
      });
      monitor.saved("save events", began, drafts, saved, trace);
      const sequences = saved.map(({ sequence }) => sequence);
      return {
        versions,
        sequences,
        sequence: sequences.reduce((most, each) => Math.max(most, each), 0),
        duplicate: saved.every(({ fresh }) => !fresh),
      };
    } catch (error) {
      monitor.saveFailed("save events", began, error);
      throw errorOfSave("save events", error, signal);
    } finally {
      this.#calls.saveEnds();
    }
  }

  /** As {@linkcode EventStore.getEvents}. The array is the caller's own. */
  getEvents(
    actorId: string,
    options?: ReadEventsOptions | number,
  ): Promise<E[]> {
    return this.#reads.getEvents(actorId, options);
  }

  /** As {@linkcode EventStore.readEvents}: in pages of at most 1,000 events. */
  readEvents(actorId: string, options?: ReadEventsOptions): AsyncIterable<E> {
    return this.#reads.readEvents(actorId, options);
  }

  /** As {@linkcode EventStore.getLatestVersion}. */
  getLatestVersion(actorId: string, options?: ReadOptions): Promise<number> {
    return this.#reads.getLatestVersion(actorId, options);
  }

  /**
   * As {@linkcode EventStore.getLatestVersions}: 1,000 actors a request, and on
   * replicas one more for a strong read.
   */
  getLatestVersions(
    actorIds: readonly string[],
    options?: ReadOptions,
  ): Promise<Map<string, number>> {
    return this.#reads.getLatestVersions(actorIds, options);
  }

  /** As {@linkcode EventStore.getEventsWithErrors}. */
  getEventsWithErrors(
    actorId: string,
    options?: ReadWithErrorsOptions | number,
  ): Promise<ReplayResult<E>> {
    return this.#reads.getEventsWithErrors(actorId, options);
  }

  /**
   * As {@linkcode EventStore.readAll}. Backward, messages of all actors are
   * sent, whatever the filter.
   */
  readAll<Type extends E["eventType"] = E["eventType"]>(
    options?: ReadAllOptions<Type>,
  ): AsyncIterable<StoredEvent<EventOfType<E, Type>>> {
    return this.#reads.readAll(options);
  }

  /**
   * As {@linkcode EventStore.actorIds}, in the order of their subjects: in
   * pages of at most 100,000.
   */
  actorIds(options?: ActorIdsOptions): AsyncIterable<string> {
    return this.#reads.actorIds(options);
  }

  /** As {@linkcode EventStore.getLatestSnapshot}. */
  async getLatestSnapshot(
    actorId: string,
    options?: GetSnapshotOptions,
  ): Promise<ActorSnapshot | undefined> {
    const action = "get latest snapshot";
    checkActorId(actorId, action);
    const { schema, ...read } = resolveGetSnapshot(options, action);
    const { consistency, signal } = read;
    const bounds = this.#calls.begin(action, signal);
    const { snapshots } = this.#parts;
    return await this.#calls.read(
      snapshots.get(actorId, schema, consistency, bounds),
      action,
      signal,
    );
  }

  /** As {@linkcode EventStore.saveSnapshot}. */
  async saveSnapshot(
    snapshot: ActorSnapshot,
    options?: SaveSnapshotOptions,
  ): Promise<SaveSnapshotResult> {
    const action = "save snapshot";
    const signal = resolveSignal(options, action);
    const bounds = this.#calls.begin(action, signal);
    const sealed = resolveSnapshot(snapshot);
    const { snapshots, monitor } = this.#parts;
    const saved = await this.#calls.settle(
      snapshots.save(sealed, bounds),
      action,
      signal,
      (start, error) => monitor.snapshotSaved(action, start, error),
    );
    return { saved };
  }

  /** What the store has done so far. */
  get metrics(): StoreMetrics {
    return this.#parts.monitor.snapshot();
  }

  /** As {@linkcode EventStore.subscribe}. */
  subscribe<Type extends E["eventType"] = E["eventType"]>(
    options?: SubscribeOptions<Type>,
  ): EventSubscription<EventOfType<E, Type>> {
    const resolved = resolveSubscribe(options);
    const { reader, root, monitor, tails: { cache } } = this.#parts;
    const { traces } = monitor;
    const seen = cache.highest;
    const noteSeen = cache.noteSeen.bind(cache);
    const subscription = new StreamSubscription<E>(
      reader,
      root,
      { ...resolved, traces, seen, noteSeen },
      this.#subscriptions,
    );
    if (this.#calls.isClosed) {
      subscription.fail(new StoreClosedError("subscribe"));
    }
    // By the filter, which the compiler can't follow.
    return subscription as EventSubscription<AnyEvent> as EventSubscription<
      EventOfType<E, Type>
    >;
  }

  /**
   * Closes the store: closes its subscriptions, fails reads with a
   * {@linkcode StoreClosedError}, waits for the saves that are under way, and
   * leaves the connection open. Closing it again does nothing more.
   */
  close(): Promise<void> {
    return this.#closed ??= this.#close();
  }

  /** As {@linkcode JetStreamEventStore.close}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    const saved = this.#calls.close();
    const closed = [...this.#subscriptions].map((subscription) =>
      subscription.close()
    );
    await Promise.allSettled([...closed, saved]);
    await this.#parts.monitor.close();
    await this.#parts.mux[Symbol.asyncDispose]();
  }
}
