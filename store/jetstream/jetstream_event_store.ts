/**
 * An event store on a NATS JetStream stream.
 *
 * @module
 */

import type { NatsConnection } from "@nats-io/nats-core";
import { ConnectionClosedError } from "../../internal/nats/errors.ts";
import { checkConnection } from "../../internal/nats/connection.ts";
import { Multiplexer } from "../../internal/nats/multiplexer.ts";
import { checkActorId } from "../../internal/nats/names.ts";
import { resolveSignal } from "../../internal/arguments.ts";
import {
  type JetStreamEventStoreOptions,
  resolveOpen,
} from "./_open_options.ts";
import {
  resolveActorIds,
  type ResolvedRead,
  resolveGetSnapshot,
  resolveListActors,
  resolveReadAll,
  resolveReadEvents,
  resolveReadOptions,
  resolveReadWithErrors,
  resolveSubscribe,
} from "../read_arguments.ts";
import type { ReadBounds } from "./stream/read_retries.ts";
import { listActors } from "./read/actor_list.ts";
import { readWithErrors } from "./read/replay.ts";
import {
  errorOfCall,
  errorOfSave,
  isReasonOf,
} from "./stream/request_errors.ts";
import { resolveAppend } from "../append_arguments.ts";
import {
  groupBatch,
  resolveBatch,
  resolveSave,
  resolveSaveEvents,
  resolveSnapshot,
} from "../save_arguments.ts";
import { openParts, type StoreParts } from "./_store_parts.ts";
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

/** So many events are enough for a start, where one is taken at a time. */
const FIRST_PAGE = 64;

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
  /** How many saves are under way, and who waits for them to end. */
  #saving = 0;
  #saved: PromiseWithResolvers<void> | undefined;
  #closed: Promise<void> | undefined;

  private constructor(parts: StoreParts) {
    // Callers in JavaScript are not held back by `private`.
    if (!(Object(parts).mux instanceof Multiplexer)) {
      throw new TypeError(
        "Cannot open store: call `await JetStreamEventStore.open(nc, options)` instead of the constructor",
      );
    }
    this.#parts = parts;
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
    this.#throwIfOver(action, resolved.signal);
    const trace = monitor.trace();
    const began = this.#saveBegins();
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
      this.#saveEnds();
    }
  }

  /** As {@linkcode EventStore.saveEvent}. */
  saveEvent(event: EventInput<E>, options?: SaveOptions): Promise<SaveResult> {
    // What throws here rejects, as in an async function, which costs more.
    try {
      const { expectedVersion, signal } = resolveSave(options);
      this.#throwIfOver("save event", signal);
      const { writer, monitor } = this.#parts;
      const trace = monitor.trace();
      const draft = writer.draft(event, "save event", traceLines(trace));
      const began = this.#saveBegins();
      const ended = this.#saveEnds;
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
    const { expected, signal } = resolveSaveEvents(options);
    this.#throwIfOver("save events", signal);
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
    const began = this.#saveBegins();
    try {
      const saved = await writer.save({
        action: "save events",
        drafts,
        expectedVersions,
        signal,
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
      this.#saveEnds();
    }
  }

  /** As {@linkcode EventStore.getEvents}. The array is the caller's own. */
  async getEvents(
    actorId: string,
    options?: ReadEventsOptions | number,
  ): Promise<E[]> {
    const action = "get events";
    const read = resolveReadEvents(actorId, options, action);
    const events: E[] = [];
    for await (const page of this.#pages(read, action)) {
      for (const event of page) events.push(event);
    }
    return events;
  }

  /** As {@linkcode EventStore.readEvents}: in pages of at most 1,000 events. */
  readEvents(actorId: string, options?: ReadEventsOptions): AsyncIterable<E> {
    const read = resolveReadEvents(actorId, options, "read events");
    return { [Symbol.asyncIterator]: () => this.#walk(read) };
  }

  /** As {@linkcode EventStore.getLatestVersion}. */
  async getLatestVersion(
    actorId: string,
    options?: ReadOptions,
  ): Promise<number> {
    const action = "get latest version";
    checkActorId(actorId, action);
    const { consistency, signal } = resolveReadOptions(options, action);
    const bounds = this.#begin(action, signal);
    const { tails } = this.#parts;
    return await this.#read(
      tails.of(actorId, consistency, bounds).then(({ version }) => version),
      action,
      signal,
    );
  }

  /**
   * As {@linkcode EventStore.getLatestVersions}: 1,000 actors a request, and on
   * replicas one more for a strong read.
   */
  async getLatestVersions(
    actorIds: readonly string[],
    options?: ReadOptions,
  ): Promise<Map<string, number>> {
    const action = "get latest versions";
    const unique = resolveActorIds(actorIds, action);
    const { consistency, signal } = resolveReadOptions(options, action);
    const bounds = this.#begin(action, signal);
    const { tails } = this.#parts;
    const found = await this.#read(
      tails.ofAll(unique, consistency, bounds),
      action,
      signal,
    );
    return new Map(
      unique.map((actorId) => [actorId, found.get(actorId)!.version]),
    );
  }

  /** As {@linkcode EventStore.getEventsWithErrors}. */
  async getEventsWithErrors(
    actorId: string,
    options?: ReadWithErrorsOptions | number,
  ): Promise<ReplayResult<E>> {
    const action = "get events with errors";
    const { fromVersion, consistency, signal } = resolveReadWithErrors(
      actorId,
      options,
      action,
    );
    const bounds = this.#begin(action, signal);
    const { events, errors, truncated } = await this.#read(
      readWithErrors(
        this.#parts.tails,
        actorId,
        fromVersion,
        consistency,
        bounds,
      ),
      action,
      signal,
    );
    return {
      events: events as AnyEvent[] as E[],
      errors,
      hasErrors: errors.length > 0,
      truncated,
    };
  }

  /**
   * As {@linkcode EventStore.readAll}. Backward, messages of all actors are
   * sent, whatever the filter.
   */
  readAll<Type extends E["eventType"] = E["eventType"]>(
    options?: ReadAllOptions<Type>,
  ): AsyncIterable<StoredEvent<EventOfType<E, Type>>> {
    const read = resolveReadAll(options);
    const action = "read all events";
    const pages = () => {
      const bounds = this.#begin(action, read.signal);
      return this.#parts.all.pages(read, action, bounds);
    };
    const items = this.#each(pages, action, read.signal);
    // By the filter, which the compiler can't follow.
    return items as AsyncIterable<StoredEvent<EventOfType<E, Type>>>;
  }

  /**
   * As {@linkcode EventStore.actorIds}, in the order of their subjects: in
   * pages of at most 100,000.
   */
  actorIds(options?: ActorIdsOptions): AsyncIterable<string> {
    const { actors, signal } = resolveListActors(options);
    const action = "list actors";
    const pages = () => {
      const { reader, root } = this.#parts;
      return listActors(reader, root, actors, this.#begin(action, signal));
    };
    return this.#each(pages, action, signal);
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
    const bounds = this.#begin(action, signal);
    const { snapshots } = this.#parts;
    return await this.#read(
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
    const bounds = this.#begin(action, signal);
    const sealed = resolveSnapshot(snapshot);
    const { snapshots, monitor } = this.#parts;
    const saved = await this.#settle(
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
    if (this.#closed) subscription.fail(new StoreClosedError("subscribe"));
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
    const closed = [...this.#subscriptions].map((subscription) =>
      subscription.close()
    );
    if (this.#saving > 0) this.#saved = Promise.withResolvers();
    await Promise.allSettled([...closed, this.#saved?.promise]);
    await this.#parts.monitor.close();
    await this.#parts.mux[Symbol.asyncDispose]();
  }

  async *#walk(read: ResolvedRead): AsyncGenerator<E, void> {
    let left = read.limit;
    const firstPage = Math.min(left, FIRST_PAGE);
    const bounded = { ...read, firstPage };
    for await (const page of this.#pages(bounded, "read events")) {
      for (const event of page) {
        yield event;
        if (--left === 0) return;
        this.#check("read events", read.signal);
      }
    }
  }

  /** The items of pages one by one, anew with each iteration. */
  #each<T>(
    begin: () => AsyncGenerator<Iterable<T>, void>,
    action: string,
    signal: AbortSignal | undefined,
  ): AsyncIterable<T> {
    return { [Symbol.asyncIterator]: () => this.#items(begin, action, signal) };
  }

  async *#items<T>(
    begin: () => AsyncGenerator<Iterable<T>, void>,
    action: string,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<T, void> {
    for await (const page of this.#measured(begin(), action, signal)) {
      for (const item of page) {
        yield item;
        this.#check(action, signal);
      }
    }
  }

  async *#pages(
    read: ResolvedRead & { firstPage?: number },
    action: string,
  ): AsyncGenerator<E[], void> {
    const { actorId, direction, limit, signal } = read;
    const { history } = this.#parts;
    const bounds = this.#begin(action, signal);
    const pages = direction === "forward"
      ? history.forward(actorId, read, bounds)
      : history.backward(actorId, read, limit, bounds);
    yield* this.#measured(pages, action, signal) as AsyncGenerator<E[], void>;
  }

  /** Pages as they are, the duration of each counted. */
  async *#measured<T>(
    pages: AsyncGenerator<T, void>,
    action: string,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<T, void> {
    const { monitor } = this.#parts;
    try {
      for (let page = 0;; page++) {
        const { done, value } = await this.#settle(
          pages.next(),
          action,
          signal,
          (start, error, result) => {
            const isRead = page === 0 || !result?.done;
            if (isRead) monitor.read(action, start, error);
          },
        );
        if (done) return;
        yield value;
        this.#check(action, signal);
      }
    } finally {
      await pages.return(); // lets go of what was asked for ahead
    }
  }

  #begin(action: string, signal: AbortSignal | undefined): ReadBounds {
    this.#check(action, signal);
    return this.#parts.reader.bounds(signal);
  }

  /** Checks whether a call may begin, or go on. */
  #check(action: string, signal: AbortSignal | undefined): void {
    this.#throwIfOver(action, signal);
    this.#parts.reader.watch.refreshIfStale(performance.now());
  }

  /** As {@linkcode #check}, without a look at the clock. */
  #throwIfOver(action: string, signal: AbortSignal | undefined): void {
    if (this.#closed) throw new StoreClosedError(action);
    signal?.throwIfAborted();
    this.#parts.reader.watch.throwIfReplaced(action);
  }

  /** What a read gives, its duration counted. */
  #read<T>(
    promise: Promise<T>,
    action: string,
    signal: AbortSignal | undefined,
  ): Promise<T> {
    const { monitor } = this.#parts;
    return this.#settle(
      promise,
      action,
      signal,
      (start, error) => monitor.read(action, start, error),
    );
  }

  /**
   * What a call gives, or the error that says why there is nothing.
   *
   * @param ended Hears when it began and how it ended.
   */
  async #settle<T>(
    promise: Promise<T>,
    action: string,
    signal: AbortSignal | undefined,
    ended: (start: number, error?: unknown, result?: T) => void,
  ): Promise<T> {
    const start = performance.now();
    try {
      const result = await promise;
      ended(start, undefined, result);
      return result;
    } catch (cause) {
      const isClosed = this.#closed &&
        cause instanceof ConnectionClosedError && !isReasonOf(signal, cause);
      const error = isClosed
        ? new StoreClosedError(action)
        : errorOfCall(action, cause, signal);
      ended(start, error);
      throw error;
    }
  }

  /** Counts a save until it ends; returns when it began. */
  #saveBegins(): number {
    const now = performance.now();
    this.#parts.reader.watch.refreshIfStale(now);
    this.#saving++;
    return now;
  }

  readonly #saveEnds = (): void => {
    if (--this.#saving === 0) this.#saved?.resolve();
  };
}
