/**
 * The rules of saves, for the store in memory.
 *
 * @module
 */

import { commandEventId } from "../../event/command_ids.ts";
import { sameEvent } from "../../event/event_codec.ts";
import { withVersion } from "../../event/event_draft.ts";
import { show } from "../../internal/show.ts";
import type { ResolvedAppend } from "../append_arguments.ts";
import type { History, MemoryLog } from "./_event_log.ts";
import { RecentIds } from "./_recent_ids.ts";
import { DuplicateEventError, VersionConflictError } from "../errors.ts";
import type { AnyEvent } from "../../event/event.ts";
import type {
  AppendResult,
  SaveEventsResult,
  SaveResult,
} from "../event_store.ts";
import type { TraceContext } from "../../internal/telemetry/types.ts";

/** The result of an append of no events, without the version. */
const NOTHING = Object.freeze({
  events: Object.freeze([]),
  sequences: Object.freeze([]),
  sequence: 0,
  duplicate: false,
});

/**
 * Appends valid, frozen events to a log. All of it is synchronous, which makes
 * each save atomic.
 */
export class MemoryWriter<E extends AnyEvent> {
  readonly #log: MemoryLog<E>;
  readonly #recentIds: RecentIds;
  readonly #appended: (event: E) => void;

  /**
   * @param duplicateWindow Milliseconds, more than 0.
   * @param appended Called with each new event, in order.
   */
  constructor(
    log: MemoryLog<E>,
    duplicateWindow: number,
    appended: (event: E) => void = () => {},
  ) {
    this.#log = log;
    this.#appended = appended;
    this.#recentIds = new RecentIds(log, duplicateWindow);
  }

  /** Saves one event. */
  save(
    event: E,
    expectedVersion: number | undefined,
    trace?: TraceContext,
  ): SaveResult {
    const { version } = event;
    const history = this.#log.history(event.actorId);
    const action = "save event";
    const stored = this.#check(event, history, expectedVersion, action);
    if (stored !== undefined) {
      return { version, sequence: stored, duplicate: true };
    }
    this.#checkId(event, action);
    const sequence = this.#append(event, history, trace);
    this.#log.wakeAll();
    return { version, sequence, duplicate: false };
  }

  /**
   * Saves all of the events or none.
   *
   * @param actors The same by actor, as `groupBatch` gives them.
   */
  saveAll(
    events: readonly E[],
    actors: ReadonlyMap<string, readonly E[]>,
    expectedVersions: ReadonlyMap<string, number>,
    allNew: boolean,
    trace?: TraceContext,
  ): SaveEventsResult {
    const action = "save events";
    const before = this.#log.lastSequence;
    if (allNew) {
      for (const event of events) this.#checkNew(event, action);
    }
    const sequences = this.#saveAll(events, expectedVersions, action, trace);
    const versions = new Map<string, number>();
    for (const [actorId, own] of actors) {
      versions.set(actorId, own.at(-1)!.version);
    }
    const sequence = sequences.reduce((most, at) => Math.max(most, at), 0);
    const duplicate = events.length > 0 && this.#log.lastSequence === before;
    return { versions, sequences, sequence, duplicate };
  }

  /** Appends the events behind an actor's history, all or none. */
  append(
    { actorId, events, expectedVersion, commandId }: ResolvedAppend,
    trace?: TraceContext,
  ): AppendResult<E> {
    const action = "append";
    const history = this.#log.history(actorId);
    const latest = this.#log.latestVersion(history);
    const base = expectedVersion === "any" ? latest : expectedVersion;
    if (commandId !== undefined) {
      const stored = this.#commandEvents(actorId, commandId, history, base);
      if (stored.length > 0) return this.#resultOf(stored, true);
    }
    if (events.length === 0) {
      if (base === latest) return { ...NOTHING, version: latest };
      throw new VersionConflictError({
        actorId,
        attemptedVersion: base + 1,
        currentVersion: latest,
        expectedVersion: base,
        action,
      });
    }
    const numbered = events.map((event, i) =>
      withVersion(event, base + 1 + i, action) as E
    );
    const before = this.#log.lastSequence;
    const expectedVersions = new Map([[actorId, base]]);
    const sequences = this.#saveAll(numbered, expectedVersions, action, trace);
    return this.#resultOf(sequences, this.#log.lastSequence === before);
  }

  #saveAll(
    events: readonly E[],
    expectedVersions: ReadonlyMap<string, number>,
    action: string,
    trace: TraceContext | undefined,
  ): number[] {
    const seen = new Set<string>();
    const stored = events.map((event) => {
      const { actorId } = event;
      const isFirst = !seen.has(actorId);
      seen.add(actorId);
      const expected = isFirst ? expectedVersions.get(actorId) : undefined;
      const history = this.#log.history(actorId);
      return this.#check(event, history, expected, action);
    });
    for (const [i, event] of events.entries()) {
      if (stored[i] === undefined) this.#checkId(event, action);
    }
    const sequences = events.map((event, i) =>
      stored[i] ?? this.#append(event, this.#log.history(event.actorId), trace)
    );
    this.#log.wakeAll();
    return sequences;
  }

  /**
   * Checks an event against its actor's history.
   *
   * @returns Its sequence if it is stored already.
   * @throws {VersionConflictError} If the actor is elsewhere.
   */
  #check(
    event: E,
    history: History,
    expectedVersion: number | undefined,
    action: string,
  ): number | undefined {
    const { actorId, version } = event;
    const place = this.#log.find(history, version);
    const isStored = place !== undefined &&
      sameEvent(this.#log.at(place), event);
    const currentVersion = this.#log.latestVersion(history);
    const before = isStored
      ? this.#log.versionBefore(history, version)
      : currentVersion;
    const isExpected = expectedVersion === undefined ||
      expectedVersion === before;
    if (!isExpected || (!isStored && version <= currentVersion)) {
      throw new VersionConflictError({
        actorId,
        attemptedVersion: version,
        currentVersion,
        expectedVersion,
        action,
      });
    }
    return isStored ? place : undefined;
  }

  /** @throws {DuplicateEventError} If the event is stored already. */
  #checkNew(event: E, action: string): void {
    const history = this.#log.history(event.actorId);
    const place = this.#log.find(history, event.version);
    if (place !== undefined && sameEvent(this.#log.at(place), event)) {
      throw this.#duplicateOf(event, place, action, "");
    }
  }

  /** @throws {DuplicateEventError} If another event has the id. */
  #checkId(event: E, action: string): void {
    const taken = this.#recentIds.find(event.id);
    if (taken === undefined) return;
    const how = ", which is not the same event";
    throw this.#duplicateOf(event, taken, action, how);
  }

  #duplicateOf(
    { id, actorId }: E,
    storedSequence: number,
    action: string,
    how: string,
  ): DuplicateEventError {
    const { actorId: owner, version } = this.#log.at(storedSequence);
    return new DuplicateEventError(
      `Cannot ${action}: id ${
        show(id)
      } is taken by version ${version} of actor ${show(owner)}${how}`,
      { eventId: id, actorId, storedVersion: version, storedSequence },
    );
  }

  /**
   * The sequences of a command's events, as far as they can be found: by
   * their ids within the window, else behind the expected version.
   */
  #commandEvents(
    actorId: string,
    commandId: string,
    history: History,
    base: number,
  ): number[] {
    const first = commandEventId(actorId, commandId, 0);
    const found = this.#recentIds.find(first) ??
      this.#log.find(history, base + 1);
    if (found === undefined) return [];
    const { version } = this.#log.at(found);
    const sequences: number[] = [];
    for (let i = this.#log.indexOf(history, version);; i++) {
      const sequence = history[i];
      if (sequence === undefined) return sequences;
      const id = commandEventId(actorId, commandId, sequences.length);
      if (this.#log.at(sequence).id !== id) return sequences;
      sequences.push(sequence);
    }
  }

  #resultOf(sequences: readonly number[], duplicate: boolean): AppendResult<E> {
    const events = sequences.map((sequence) => this.#log.at(sequence));
    return {
      events,
      sequences,
      version: events.at(-1)!.version,
      sequence: sequences.at(-1)!,
      duplicate,
    };
  }

  #append(
    event: E,
    history: History,
    trace: TraceContext | undefined,
  ): number {
    const sequence = this.#log.append(event, history, trace);
    this.#recentIds.addLast();
    this.#appended(event);
    return sequence;
  }
}
