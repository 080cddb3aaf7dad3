/**
 * The reads of an in-memory store.
 *
 * @module
 */

import type { AnyEvent, EventOfType } from "../../event/event.ts";
import { checkActorId } from "../../internal/nats/names.ts";
import type {
  ActorIdsOptions,
  ReadAllOptions,
  ReadEventsOptions,
  ReadOptions,
  ReadWithErrorsOptions,
  ReplayResult,
  StoredEvent,
} from "../event_store.ts";
import type { Monitor } from "../instrumentation.ts";
import {
  resolveActorIds,
  type ResolvedActorIds,
  type ResolvedRead,
  type ResolvedReadAll,
  resolveListActors,
  resolveReadAll,
  resolveReadEvents,
  resolveReadOptions,
  resolveReadWithErrors,
} from "../read_arguments.ts";
import type { MemoryLog } from "./_event_log.ts";
import { readLog } from "./_stored_events.ts";

const READ_EVENTS = "read events";
const READ_ALL = "read all events";

/** Reads as the store's methods of the same names. */
export class MemoryReads<E extends AnyEvent> {
  readonly #log: MemoryLog<E>;
  readonly #monitor: Monitor;
  readonly #begin: (action: string, signal: AbortSignal | undefined) => void;

  /** @param begin Throws if a call must not begin, or go on. */
  constructor(
    log: MemoryLog<E>,
    monitor: Monitor,
    begin: (action: string, signal: AbortSignal | undefined) => void,
  ) {
    this.#log = log;
    this.#monitor = monitor;
    this.#begin = begin;
  }

  // deno-lint-ignore require-await -- what it throws is a rejection
  async getEvents(
    actorId: string,
    options?: ReadEventsOptions | number,
  ): Promise<E[]> {
    const action = "get events";
    const read = resolveReadEvents(actorId, options, action);
    this.#begin(action, read.signal);
    return this.#monitor.readNow(action, () => this.#collect(read));
  }

  readEvents(actorId: string, options?: ReadEventsOptions): AsyncIterable<E> {
    const read = resolveReadEvents(actorId, options, READ_EVENTS);
    return { [Symbol.asyncIterator]: () => this.#walk(read) };
  }

  // deno-lint-ignore require-await -- what it throws is a rejection
  async getLatestVersion(
    actorId: string,
    options?: ReadOptions,
  ): Promise<number> {
    const action = "get latest version";
    checkActorId(actorId, action);
    this.#begin(action, resolveReadOptions(options, action).signal);
    return this.#monitor.readNow(
      action,
      () => this.#log.latestVersion(this.#log.history(actorId)),
    );
  }

  // deno-lint-ignore require-await -- what it throws is a rejection
  async getLatestVersions(
    actorIds: readonly string[],
    options?: ReadOptions,
  ): Promise<Map<string, number>> {
    const action = "get latest versions";
    const unique = resolveActorIds(actorIds, action);
    this.#begin(action, resolveReadOptions(options, action).signal);
    return this.#monitor.readNow(
      action,
      () =>
        new Map(
          unique.map((actorId) => [
            actorId,
            this.#log.latestVersion(this.#log.history(actorId)),
          ]),
        ),
    );
  }

  // deno-lint-ignore require-await -- what it throws is a rejection
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
    const bounds = { fromVersion, consistency };
    const read = resolveReadEvents(actorId, bounds, action);
    this.#begin(action, signal);
    const events = this.#monitor.readNow(action, () => this.#collect(read));
    return { events, errors: [], hasErrors: false, truncated: false };
  }

  readAll<Type extends E["eventType"] = E["eventType"]>(
    options?: ReadAllOptions<Type>,
  ): AsyncIterable<StoredEvent<EventOfType<E, Type>>> {
    const read = resolveReadAll(options);
    const iterable: AsyncIterable<StoredEvent<E>> = {
      [Symbol.asyncIterator]: () => this.#walkAll(read),
    };
    // By the filter, which the compiler can't follow.
    return iterable as AsyncIterable<StoredEvent<AnyEvent>> as AsyncIterable<
      StoredEvent<EventOfType<E, Type>>
    >;
  }

  actorIds(options?: ActorIdsOptions): AsyncIterable<string> {
    const list = resolveListActors(options);
    return { [Symbol.asyncIterator]: () => this.#list(list) };
  }

  async *#walk(read: ResolvedRead): AsyncGenerator<E, void> {
    this.#begin(READ_EVENTS, read.signal);
    const { history, first, count, step } = this.#monitor
      .readNow(READ_EVENTS, () => this.#find(read));
    for (let i = 0; i < count; i++) {
      if (i > 0) this.#begin(READ_EVENTS, read.signal);
      yield this.#log.at(history[first + i * step]!);
    }
  }

  async *#walkAll(read: ResolvedReadAll): AsyncGenerator<StoredEvent<E>, void> {
    this.#begin(READ_ALL, read.signal);
    const items = this.#monitor
      .readNow(READ_ALL, () => readLog(this.#log, read, READ_ALL));
    for (const item of items) {
      yield item;
      this.#begin(READ_ALL, read.signal);
    }
  }

  async *#list(
    { actors, signal }: ResolvedActorIds,
  ): AsyncGenerator<string, void> {
    const action = "list actors";
    this.#begin(action, signal);
    const { actorIds } = this.#log;
    const count = this.#monitor.readNow(action, () => actorIds.length);
    for (let i = 0; i < count; i++) {
      this.#begin(action, signal);
      const actorId = actorIds[i]!;
      if (actors === undefined || actors.has(actorId)) yield actorId;
    }
  }

  #collect(read: ResolvedRead): E[] {
    const { history, first, count, step } = this.#find(read);
    const events = new Array<E>(count);
    for (let i = 0; i < count; i++) {
      events[i] = this.#log.at(history[first + i * step]!);
    }
    return events;
  }

  /** Where in its actor's history a read begins, and how it goes on. */
  #find({ actorId, fromVersion, toVersion, limit, direction }: ResolvedRead) {
    const history = this.#log.history(actorId);
    const first = this.#log.indexOf(history, fromVersion);
    const end = this.#log.indexOf(history, toVersion + 1);
    const count = Math.min(limit, Math.max(0, end - first));
    return direction === "forward"
      ? { history, first, count, step: 1 }
      : { history, first: end - 1, count, step: -1 };
  }
}
