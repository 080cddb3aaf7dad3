/**
 * Compares a save with what is stored: the rules of versions, expectations and
 * idempotency.
 *
 * @module
 */

import { show } from "../../../internal/show.ts";
import type { ActorHistory } from "../read/actor_history.ts";
import { type Draft, Entry } from "./_entry.ts";
import type { ReadBounds } from "../stream/read_retries.ts";
import { findStored, type StoredSources } from "./_stored_drafts.ts";
import type { Tail } from "../read/tail_cache.ts";
import { DuplicateEventError, VersionConflictError } from "../../errors.ts";
import type { AnyEvent } from "../../../event/event.ts";

/** The outcome for one event of a save. */
export interface Saved {
  readonly sequence: number;
  /** Whether this call stored it. */
  readonly fresh: boolean;
}

/** A save, as it was called. */
export interface SaveRequest {
  /** What can't be done if it fails, such as `save event`, for errors. */
  readonly action: string;
  readonly drafts: readonly Draft[];
  /** The version before an actor's first event in the call, where asked for. */
  readonly expectedVersions: ReadonlyMap<string, number>;
  readonly signal: AbortSignal | undefined;
  /** When the call came, in monotonic milliseconds. @default now */
  readonly began?: number;
  /**
   * Ids of events that must all be new: one that another call has stored is a
   * {@linkcode DuplicateEventError}, not a success.
   */
  readonly newOnly?: ReadonlySet<string>;
}

/** The outcome of the comparison. */
export interface Plan {
  /** The events that are stored, by id. */
  readonly stored: Map<string, Saved>;
  /** The events to send, in the order of the call. */
  readonly entries: readonly Entry[];
}

/**
 * Compares a save with what is stored.
 *
 * @param name Names the call, to know its own events by.
 * @param tails The ends of all its actors' histories.
 * @throws {VersionConflictError} As far as the tails tell.
 * @throws {DuplicateEventError} If an event that must be new is stored.
 */
export async function planSave(
  { action, drafts, expectedVersions, newOnly }: SaveRequest,
  name: string,
  tails: ReadonlyMap<string, Tail>,
  sources: StoredSources,
  bounds: ReadBounds,
): Promise<Plan> {
  const { history } = sources;
  const stored = new Map<string, Saved>();
  /** Where the messages were that they followed when they were stored. */
  const followed = new Map<string, number>();
  for (
    const { event, sequence, save, follows = 0 } of await findStored(
      drafts,
      tails,
      sources,
      bounds,
    )
  ) {
    if (save !== name && newOnly?.has(event.id)) {
      throw duplicateOf(event, { event, sequence }, action);
    }
    stored.set(event.id, { sequence, fresh: save === name });
    if (follows > 0) followed.set(event.id, follows);
  }
  const entries: Entry[] = [];
  /** The actors whose first event was looked at, and was found to be new. */
  const [seen, begun] = [new Set<string>(), new Set<string>()];
  for (const draft of drafts) {
    const { actorId, id, version } = draft;
    const tail = tails.get(actorId)!;
    const isFirst = !seen.has(actorId);
    const expected = isFirst ? expectedVersions.get(actorId) : undefined;
    seen.add(actorId);
    if (expected !== undefined) {
      const before = stored.has(id)
        ? await versionBefore(actorId, version, history, bounds)
        : tail.version;
      // What has expired can't be compared any more; then it was as expected.
      const isGone = before === 0 && followed.has(id) &&
        await history.isGone(followed.get(id)!, bounds);
      if (before !== expected && !isGone) {
        throw new VersionConflictError({
          actorId,
          attemptedVersion: version,
          currentVersion: tail.version,
          expectedVersion: expected,
          action,
        });
      }
    }
    if (stored.has(id)) continue;
    if (version <= tail.version) {
      throw new VersionConflictError({
        actorId,
        attemptedVersion: version,
        currentVersion: tail.version,
        expectedVersion: expected,
        action,
      });
    }
    entries.push(
      new Entry(draft, begun.has(actorId) ? undefined : tail, name),
    );
    begun.add(actorId);
  }
  return { stored, entries };
}

async function versionBefore(
  actorId: string,
  version: number,
  history: ActorHistory,
  bounds: ReadBounds,
): Promise<number> {
  const range = {
    fromVersion: 0,
    toVersion: version - 1,
    consistency: "eventual",
  } as const;
  for await (const [event] of history.backward(actorId, range, 1, bounds)) {
    return event!.version;
  }
  return 0;
}

/** The error for an id that another event has. */
export function duplicateOf(
  { id, actorId }: Pick<Draft, "id" | "actorId">,
  stored: { event?: AnyEvent | undefined; sequence?: number },
  action: string,
): DuplicateEventError {
  const { event, sequence } = stored;
  const place = event === undefined
    ? "another event"
    : `version ${event.version} of actor ${show(event.actorId)}`;
  const where = sequence === undefined ? "" : ` at sequence ${sequence}`;
  return new DuplicateEventError(
    `Cannot ${action}: id ${
      show(id)
    } is taken by ${place}${where}, which is not the same event`,
    {
      eventId: id,
      actorId,
      storedVersion: event?.version,
      storedSequence: sequence,
    },
  );
}
