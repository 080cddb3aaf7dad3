/**
 * What an in-memory store decides about saves.
 *
 * @module
 */

import { show } from "../nats/show.ts";
import { sameEvent } from "./_event_codec.ts";
import type { MemoryLog } from "./_memory_log.ts";
import { RecentIds } from "./_memory_recent_ids.ts";
import { groupBatch } from "./_save_arguments.ts";
import { DuplicateEventError, VersionConflictError } from "./errors.ts";
import type { AnyEvent } from "./event.ts";
import type { SaveEventsResult, SaveResult } from "./event_store.ts";

/**
 * Appends valid, frozen events to a log. All of it is synchronous, which makes
 * each save atomic.
 */
export class MemoryWriter<E extends AnyEvent> {
  readonly #log: MemoryLog<E>;
  readonly #recentIds: RecentIds;

  /** @param duplicateWindow Milliseconds, more than 0. */
  constructor(log: MemoryLog<E>, duplicateWindow: number) {
    this.#log = log;
    this.#recentIds = new RecentIds(duplicateWindow);
  }

  /** Saves one event. */
  save(event: E, expectedVersion: number | undefined): SaveResult {
    const { version } = event;
    const stored = this.#findStored(event);
    this.#checkVersion(event, stored !== undefined, expectedVersion);
    if (stored !== undefined) {
      return { version, sequence: stored, duplicate: true };
    }
    const sequence = this.#append(event);
    this.#log.wakeAll();
    return { version, sequence, duplicate: false };
  }

  /** Saves all of the events or none. */
  saveAll(
    events: readonly E[],
    expectedVersions: ReadonlyMap<string, number>,
  ): SaveEventsResult {
    const actors = groupBatch(events, expectedVersions);
    const stored = events.map((event) => this.#findStored(event));
    const expectations = new Map(expectedVersions);
    events.forEach((event, i) => {
      const { actorId } = event;
      this.#checkVersion(
        event,
        stored[i] !== undefined,
        expectations.get(actorId),
      );
      // It was meant for the actor's first event in the call.
      expectations.delete(actorId);
    });
    let sequence = 0;
    let duplicate = events.length > 0;
    events.forEach((event, i) => {
      if (stored[i] === undefined) duplicate = false;
      sequence = Math.max(sequence, stored[i] ?? this.#append(event));
    });
    this.#log.wakeAll();
    const versions = new Map<string, number>();
    for (const [actorId, own] of actors) {
      versions.set(actorId, own.at(-1)!.version);
    }
    return { versions, sequence, duplicate };
  }

  /** The sequence the event is stored under already; undefined if it is not. */
  #findStored(event: E): number | undefined {
    const { id, actorId, version } = event;
    const sequence = this.#recentIds.get(id) ??
      this.#log.find(actorId, version);
    if (sequence === undefined) return undefined;
    const stored = this.#log.at(sequence);
    if (stored.id !== id) return undefined;
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

  #checkVersion(
    { actorId, version }: E,
    isStored: boolean,
    expectedVersion: number | undefined,
  ): void {
    const currentVersion = this.#log.latestVersion(actorId);
    const before = isStored
      ? this.#log.versionBefore(actorId, version)
      : currentVersion;
    if (
      (isStored || version > currentVersion) &&
      (expectedVersion === undefined || expectedVersion === before)
    ) return;
    throw new VersionConflictError({
      actorId,
      attemptedVersion: version,
      currentVersion,
      expectedVersion,
    });
  }

  #append(event: E): number {
    const sequence = this.#log.append(event);
    this.#recentIds.add(event.id, sequence);
    return sequence;
  }
}
