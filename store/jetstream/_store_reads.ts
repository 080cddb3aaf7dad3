/**
 * The reads of a store.
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
import {
  resolveActorIds,
  type ResolvedRead,
  resolveListActors,
  resolveReadAll,
  resolveReadEvents,
  resolveReadOptions,
  resolveReadWithErrors,
} from "../read_arguments.ts";
import type { StoreCalls } from "./_store_calls.ts";
import type { StoreParts } from "./_store_parts.ts";
import { type AskSubjects, listActors } from "./read/actor_list.ts";
import { readWithErrors } from "./read/replay.ts";
import { subjectsFrom } from "./stream/stream_subjects.ts";

/** Events that are enough for a start, where one is taken at a time. */
const FIRST_PAGE = 64;

/** Reads as the store's methods of the same names. */
export class StoreReads<E extends AnyEvent> {
  readonly #parts: StoreParts;
  readonly #calls: StoreCalls;

  constructor(parts: StoreParts, calls: StoreCalls) {
    this.#parts = parts;
    this.#calls = calls;
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
    const bounds = this.#calls.begin(action, signal);
    const { tails } = this.#parts;
    return await this.#calls.read(
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
    const bounds = this.#calls.begin(action, signal);
    const { tails } = this.#parts;
    const found = await this.#calls.read(
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
    const bounds = this.#calls.begin(action, signal);
    const { events, errors, truncated } = await this.#calls.read(
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
      const bounds = this.#calls.begin(action, read.signal);
      return this.#parts.all.pages(read, action, bounds);
    };
    const items = this.#calls.each(pages, action, read.signal);
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
      const bounds = this.#calls.begin(action, signal);
      const ask: AskSubjects = (pattern, offset) =>
        subjectsFrom(reader, pattern, offset, reader.boundsOfNext(bounds));
      return listActors(ask, root, actors);
    };
    return this.#calls.each(pages, action, signal);
  }

  async *#walk(read: ResolvedRead): AsyncGenerator<E, void> {
    let left = read.limit;
    const firstPage = Math.min(left, FIRST_PAGE);
    const bounded = { ...read, firstPage };
    for await (const page of this.#pages(bounded, "read events")) {
      for (const event of page) {
        yield event;
        if (--left === 0) return;
        this.#calls.check("read events", read.signal);
      }
    }
  }

  async *#pages(
    read: ResolvedRead & { firstPage?: number },
    action: string,
  ): AsyncGenerator<E[], void> {
    const { actorId, direction, limit, signal } = read;
    const { history } = this.#parts;
    const bounds = this.#calls.begin(action, signal);
    const pages = direction === "forward"
      ? history.forward(actorId, read, bounds)
      : history.backward(actorId, read, limit, bounds);
    yield* this.#calls.measured(pages, action, signal) as AsyncGenerator<
      E[],
      void
    >;
  }
}
