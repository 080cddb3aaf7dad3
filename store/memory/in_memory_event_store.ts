/**
 * An event store in the memory of one process, for tests and embedded use.
 *
 * @module
 */

import { checkActorId, checkNamespace } from "../../internal/nats/names.ts";
import { show } from "../../internal/show.ts";
import {
  badRange,
  badType,
  type OptionNames,
  optionsOf,
  resolveSignal,
} from "../../internal/arguments.ts";
import { sealEvent } from "../../event/event_codec.ts";
import {
  CREATE_EVENT_OPTIONS,
  type CreateEventOptions,
  type EventSources,
  resolveSources,
} from "../../event/event_sources.ts";
import { MemoryLog } from "./_event_log.ts";
import { MemorySubscription } from "./_memory_subscription.ts";
import { MemoryWriter } from "./_memory_writer.ts";
import { MemoryReads } from "./_memory_reads.ts";
import { Monitor } from "../instrumentation.ts";
import { resolveGetSnapshot, resolveSubscribe } from "../read_arguments.ts";
import { resolveAppend } from "../append_arguments.ts";
import {
  groupBatch,
  resolveBatch,
  resolveSave,
  resolveSaveEvents,
  resolveSnapshot,
} from "../save_arguments.ts";
import {
  resolveTelemetry,
  type StoreTelemetryOptions,
  TELEMETRY_OPTIONS,
} from "../telemetry_options.ts";
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

/** Options of {@linkcode InMemoryEventStore}. */
export interface InMemoryEventStoreOptions
  extends StoreTelemetryOptions, CreateEventOptions {
  /**
   * The name of the store in its telemetry. At most 128 bytes when
   * encoded. @default {"default"}
   */
  namespace?: string | undefined;
  /**
   * How long an event's id is known to be taken, in milliseconds: within it an
   * id used for another event is a {@linkcode DuplicateEventError} for
   * certain. More than 0. An event saved again is recognized however long ago
   * it was stored.
   *
   * @default {30_000}
   */
  duplicateWindow?: number | undefined;
}

const OPTIONS: OptionNames<InMemoryEventStoreOptions> = {
  namespace: true,
  duplicateWindow: true,
  ...TELEMETRY_OPTIONS,
  ...CREATE_EVENT_OPTIONS,
};

/**
 * Events in the memory of this process: the whole contract of
 * {@linkcode EventStore}, gone when the process ends.
 *
 * A save takes effect when it is called, so that saves are stored in the order
 * of their calls. Events are copied and frozen once, when they are saved, and
 * every reader gets the same frozen objects. Checkpoints are good for this
 * instance only. Reads are always `"strong"`. It takes up to 134,217,728
 * events, V8's limit for an array, of any number of actors.
 *
 * @typeParam E The events it holds.
 *
 * @example
 * ```ts
 * import { createEvent, InMemoryEventStore } from "@flowmade-one/aether";
 * import { assertEquals } from "@std/assert";
 *
 * await using store = new InMemoryEventStore();
 * await store.saveEvent(createEvent({
 *   eventType: "OrderPlaced",
 *   actorId: "order-1",
 *   version: 1,
 *   data: { total: 99.99 },
 * }));
 * const events = await store.getEvents("order-1");
 * assertEquals(events[0]?.data, { total: 99.99 });
 * ```
 */
export class InMemoryEventStore<E extends AnyEvent = Event>
  implements EventStore<E> {
  readonly #log = new MemoryLog<E>();
  readonly #writer: MemoryWriter<E>;
  readonly #snapshots = new Map<string, ActorSnapshot>();
  readonly #subscriptions = new Set<MemorySubscription<E>>();
  readonly #sources: EventSources;
  readonly #monitor: Monitor;
  readonly #reads: MemoryReads<E>;
  /** The events that the save under way has appended. */
  readonly #fresh: E[] = [];
  #closed: Promise<void> | undefined;

  /**
   * Opens an empty store.
   *
   * @throws {TypeError | RangeError} If an option is not valid.
   */
  constructor(options: InMemoryEventStoreOptions = {}) {
    const action = "open store";
    const {
      duplicateWindow = 30_000,
      namespace = "default",
      now,
      newId,
      ...telemetry
    } = optionsOf(options, OPTIONS, action);
    const name = "duplicateWindow";
    if (typeof duplicateWindow !== "number") {
      throw badType(action, name, "a number", duplicateWindow);
    }
    if (!(duplicateWindow > 0 && duplicateWindow < Infinity)) {
      const must = "more than 0 milliseconds and finite";
      throw badRange(action, name, must, duplicateWindow);
    }
    checkNamespace(namespace, action);
    this.#sources = resolveSources({ now, newId }, action);
    this.#monitor = new Monitor(
      "aether",
      namespace,
      resolveTelemetry(telemetry, action),
      this.#sources,
    );
    this.#reads = new MemoryReads(
      this.#log,
      this.#monitor,
      (action, signal) => this.#begin(action, signal),
    );
    this.#writer = new MemoryWriter(
      this.#log,
      duplicateWindow,
      (event) => this.#fresh.push(event),
    );
  }

  /** As {@linkcode EventStore.append}; the outcome is always known. */
  // deno-lint-ignore require-await -- what it throws is a rejection
  async append(
    actorId: string,
    drafts: readonly EventDraftOf<E>[],
    options?: AppendOptions,
  ): Promise<AppendResult<E>> {
    const resolved = resolveAppend(actorId, drafts, options, this.#sources);
    this.#begin("append", resolved.signal);
    const trace = this.#monitor.trace();
    const append = () => this.#writer.append(resolved, trace);
    if (resolved.events.length === 0) return append();
    return this.#monitor.saveNow("append", this.#fresh, trace, append);
  }

  /** As {@linkcode EventStore.saveEvent}; the outcome is always known. */
  // deno-lint-ignore require-await -- what it throws is a rejection
  async saveEvent(
    event: EventInput<E>,
    options?: SaveOptions,
  ): Promise<SaveResult> {
    const { expectedVersion, signal } = resolveSave(options);
    this.#begin("save event", signal);
    const sealed = sealEvent(event as E, "save event");
    const trace = this.#monitor.trace();
    return this.#monitor.saveNow(
      "save event",
      this.#fresh,
      trace,
      () => this.#writer.save(sealed, expectedVersion, trace),
    );
  }

  /** As {@linkcode EventStore.saveEvents}; the outcome is always known. */
  // deno-lint-ignore require-await -- what it throws is a rejection
  async saveEvents(
    events: readonly EventInput<E>[],
    options?: SaveEventsOptions,
  ): Promise<SaveEventsResult> {
    const { expected, allNew, signal } = resolveSaveEvents(options);
    this.#begin("save events", signal);
    const sealed = resolveBatch(events as readonly E[], sealEvent<E>);
    const trace = this.#monitor.trace();
    const { actors, expectedVersions } = groupBatch(sealed, expected);
    const save = () =>
      this.#writer.saveAll(sealed, actors, expectedVersions, allNew, trace);
    if (sealed.length === 0) return save();
    return this.#monitor.saveNow("save events", this.#fresh, trace, save);
  }

  /** As {@linkcode EventStore.getEvents}. The array is the caller's own. */
  getEvents(
    actorId: string,
    options?: ReadEventsOptions | number,
  ): Promise<E[]> {
    return this.#reads.getEvents(actorId, options);
  }

  /**
   * As {@linkcode EventStore.readEvents}. It reads what is stored when the
   * iteration begins.
   */
  readEvents(actorId: string, options?: ReadEventsOptions): AsyncIterable<E> {
    return this.#reads.readEvents(actorId, options);
  }

  /** As {@linkcode EventStore.getLatestVersion}. */
  getLatestVersion(actorId: string, options?: ReadOptions): Promise<number> {
    return this.#reads.getLatestVersion(actorId, options);
  }

  /** As {@linkcode EventStore.getLatestVersions}. */
  getLatestVersions(
    actorIds: readonly string[],
    options?: ReadOptions,
  ): Promise<Map<string, number>> {
    return this.#reads.getLatestVersions(actorIds, options);
  }

  /** As {@linkcode EventStore.getEventsWithErrors}; never with errors. */
  getEventsWithErrors(
    actorId: string,
    options?: ReadWithErrorsOptions | number,
  ): Promise<ReplayResult<E>> {
    return this.#reads.getEventsWithErrors(actorId, options);
  }

  /**
   * As {@linkcode EventStore.readAll}. It reads what is stored when the
   * iteration begins.
   */
  readAll<Type extends E["eventType"] = E["eventType"]>(
    options?: ReadAllOptions<Type>,
  ): AsyncIterable<StoredEvent<EventOfType<E, Type>>> {
    return this.#reads.readAll(options);
  }

  /** As {@linkcode EventStore.actorIds}, in the order of their first events. */
  actorIds(options?: ActorIdsOptions): AsyncIterable<string> {
    return this.#reads.actorIds(options);
  }

  /** As {@linkcode EventStore.getLatestSnapshot}. */
  // deno-lint-ignore require-await -- what it throws is a rejection
  async getLatestSnapshot(
    actorId: string,
    options?: GetSnapshotOptions,
  ): Promise<ActorSnapshot | undefined> {
    const action = "get latest snapshot";
    checkActorId(actorId, action);
    const { schema, signal } = resolveGetSnapshot(options, action);
    this.#begin(action, signal);
    return this.#monitor.readNow(action, () => {
      const kept = this.#snapshots.get(actorId);
      const isAskedFor = schema === undefined || kept?.schema === schema;
      return isAskedFor ? kept : undefined;
    });
  }

  /** As {@linkcode EventStore.saveSnapshot}. */
  // deno-lint-ignore require-await -- what it throws is a rejection
  async saveSnapshot(
    snapshot: ActorSnapshot,
    options?: SaveSnapshotOptions,
  ): Promise<SaveSnapshotResult> {
    const action = "save snapshot";
    this.#begin(action, resolveSignal(options, action));
    const sealed = resolveSnapshot(snapshot);
    const keep = () => this.#keep(sealed, action);
    return { saved: this.#monitor.saveSnapshotNow(action, keep) };
  }

  /** Whether a snapshot is kept. */
  #keep(sealed: ActorSnapshot, action: string): boolean {
    const { actorId, version } = sealed;
    const latest = this.#log.latestVersion(this.#log.history(actorId));
    if (version > latest) {
      throw new RangeError(
        `Cannot ${action}: version ${version} of actor ${
          show(actorId)
        } is above its latest, ${latest}`,
      );
    }
    const kept = this.#snapshots.get(actorId);
    if (kept !== undefined && kept.version > version) return false;
    this.#snapshots.set(actorId, sealed);
    return true;
  }

  /** The metrics of the store, as of now. */
  get metrics(): StoreMetrics {
    return this.#monitor.snapshot();
  }

  /** As {@linkcode EventStore.subscribe}. */
  subscribe<Type extends E["eventType"] = E["eventType"]>(
    options?: SubscribeOptions<Type>,
  ): EventSubscription<EventOfType<E, Type>> {
    const resolved = resolveSubscribe(options);
    const signal = this.#closed
      ? AbortSignal.abort(new StoreClosedError("subscribe"))
      : resolved.signal;
    const subscription = new MemorySubscription(
      this.#log,
      { ...resolved, signal },
      this.#subscriptions,
    );
    // By the filter, which the compiler can't follow.
    return subscription as EventSubscription<AnyEvent> as EventSubscription<
      EventOfType<E, Type>
    >;
  }

  /**
   * Closes the store: its subscriptions are closed, and every method fails from
   * now on with a {@linkcode StoreClosedError}. A bus that is behind gets up to
   * a second to take the notifications that wait. Closing it again does nothing.
   */
  close(): Promise<void> {
    return this.#closed ??= this.#close();
  }

  /** As {@linkcode InMemoryEventStore.close}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #close(): Promise<void> {
    for (const subscription of this.#subscriptions) subscription.close();
    return this.#monitor.close();
  }

  #begin(action: string, signal: AbortSignal | undefined): void {
    if (this.#closed) throw new StoreClosedError(action);
    signal?.throwIfAborted();
  }
}
