/**
 * What an in-memory store decides about saves.
 *
 * @module
 */

import { show } from "../../internal/show.ts";
import { sameEvent } from "../../event/event_codec.ts";
import type { History, MemoryLog } from "./_event_log.ts";
import { RecentIds } from "./_recent_ids.ts";
import { DuplicateEventError, VersionConflictError } from "../errors.ts";
import type { AnyEvent } from "../../event/event.ts";
import type { SaveEventsResult, SaveResult } from "../event_store.ts";
import type { TraceContext } from "../../internal/telemetry/types.ts";

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
   * @param appended Told of each new event, in order.
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
    const stored = this.#findStored(event, history);
    this.#checkVersion(event, history, stored, expectedVersion);
    if (stored !== undefined) {
      return { version, sequence: stored, duplicate: true };
    }
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
    trace?: TraceContext,
  ): SaveEventsResult {
    const stored = this.#findAllStored(events);
    for (const [actorId, own] of actors) {
      const history = this.#log.history(actorId);
      let expected = expectedVersions.get(actorId);
      for (const event of own) {
        this.#checkVersion(event, history, stored.get(event.id), expected);
        // It was meant for the actor's first event in the call.
        expected = undefined;
      }
    }
    let sequence = 0;
    for (const event of events) {
      const at = stored.get(event.id) ??
        this.#append(event, this.#log.history(event.actorId), trace);
      sequence = Math.max(sequence, at);
    }
    this.#log.wakeAll();
    const versions = new Map<string, number>();
    for (const [actorId, own] of actors) {
      versions.set(actorId, own.at(-1)!.version);
    }
    const duplicate = events.length > 0 && stored.size === events.length;
    return { versions, sequence, duplicate };
  }

  /** The sequences of those events that are stored already, by id. */
  #findAllStored(events: readonly E[]): Map<string, number> {
    const stored = new Map<string, number>();
    for (const event of events) {
      const history = this.#log.history(event.actorId);
      const sequence = this.#findStored(event, history);
      if (sequence !== undefined) stored.set(event.id, sequence);
    }
    return stored;
  }

  /** The sequence the event is stored under already; undefined if it is not. */
  #findStored(event: E, history: History): number | undefined {
    const { id, actorId, version } = event;
    const place = this.#log.find(history, version);
    const sequence = place !== undefined && this.#log.at(place).id === id
      ? place
      : this.#recentIds.find(id);
    if (sequence === undefined) return undefined;
    const stored = this.#log.at(sequence);
    if (sameEvent(stored, event)) return sequence;
    throw new DuplicateEventError(
      `Cannot save event: id ${
        show(id)
      } is taken by version ${stored.version} of actor ${
        show(stored.actorId)
      }, which is not the same event`,
      {
        eventId: id,
        actorId,
        storedVersion: stored.version,
        storedSequence: sequence,
      },
    );
  }

  /** @param stored The event's sequence if it is stored already. */
  #checkVersion(
    { actorId, version }: E,
    history: History,
    stored: number | undefined,
    expectedVersion: number | undefined,
  ): void {
    const currentVersion = this.#log.latestVersion(history);
    const before = stored === undefined
      ? currentVersion
      : this.#log.versionBefore(history, version);
    if (
      (stored !== undefined || version > currentVersion) &&
      (expectedVersion === undefined || expectedVersion === before)
    ) return;
    throw new VersionConflictError({
      actorId,
      attemptedVersion: version,
      currentVersion,
      expectedVersion,
    });
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
