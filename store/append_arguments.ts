/**
 * The arguments of appends, checked.
 *
 * @module
 */

import { draftId, type EventDraft, sealDraft } from "../event/event_draft.ts";
import type { EventSources } from "../event/event_sources.ts";
import {
  badRange,
  badType,
  checkSignal,
  type OptionNames,
  optionsOf,
} from "../internal/arguments.ts";
import { checkActorId } from "../internal/nats/names.ts";
import { show } from "../internal/show.ts";
import { DuplicateEventError } from "./errors.ts";
import { checkExpectedVersion, maxBatchEvents } from "./save_arguments.ts";
import type { AnyEvent } from "../event/event.ts";
import type { AppendOptions } from "./event_store.ts";

/** An append, checked. */
export interface ResolvedAppend {
  readonly actorId: string;
  /** Deeply frozen, all of them at version 1. */
  readonly events: readonly AnyEvent[];
  readonly expectedVersion: number | "any";
  readonly commandId: string | undefined;
  readonly signal: AbortSignal | undefined;
}

const OPTIONS: OptionNames<AppendOptions> = {
  expectedVersion: true,
  commandId: true,
  signal: true,
};

const ACTION = "append";

/**
 * Resolves the arguments of `append`.
 *
 * @param sources Give the events their times and ids.
 *
 * @throws {TypeError | RangeError} If one is not valid.
 * @throws {DuplicateEventError} If two drafts have the same id.
 */
export function resolveAppend(
  actorId: string,
  drafts: readonly EventDraft[],
  options: AppendOptions | undefined,
  sources: EventSources,
): ResolvedAppend {
  checkActorId(actorId, ACTION);
  const { expectedVersion, commandId, signal } = optionsOf(
    options,
    OPTIONS,
    ACTION,
  );
  checkCommandId(commandId);
  return {
    actorId,
    events: sealDrafts(actorId, drafts, commandId, sources),
    expectedVersion: checkExpectedVersion(expectedVersion, ACTION) ?? "any",
    commandId,
    signal: checkSignal(signal, ACTION),
  };
}

function checkCommandId(commandId: unknown): void {
  if (commandId === undefined) return;
  if (typeof commandId !== "string") {
    throw badType(ACTION, "commandId", "a string", commandId);
  }
  if (commandId === "" || !commandId.isWellFormed()) {
    const must = "a text of at least one character, without lone surrogates";
    throw badRange(ACTION, "commandId", must, commandId);
  }
}

function sealDrafts(
  actorId: string,
  drafts: readonly EventDraft[],
  commandId: string | undefined,
  sources: EventSources,
): AnyEvent[] {
  if (!Array.isArray(drafts)) {
    throw badType(ACTION, "drafts", "an array", drafts);
  }
  const { length } = drafts as readonly EventDraft[];
  if (length > maxBatchEvents) {
    throw new RangeError(
      `Cannot append: one call takes at most ${maxBatchEvents} events, got ${length}`,
    );
  }
  const timestamp = sources.now();
  const ids = new Set<string>();
  const events: AnyEvent[] = [];
  for (let i = 0; i < length; i++) {
    const action = `append event ${i + 1} of ${length}`;
    const event = sealDraft(drafts[i]!, action, (own) => ({
      id: draftId(own, actorId, commandId, i, action, sources.newId),
      actorId,
      commandId,
      timestamp,
    }));
    if (ids.size === ids.add(event.id).size) {
      throw new DuplicateEventError(
        `Cannot append: id ${show(event.id)} occurs twice in the call`,
        { eventId: event.id, actorId },
      );
    }
    events.push(event);
  }
  return events;
}
