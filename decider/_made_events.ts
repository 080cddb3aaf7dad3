/**
 * Making the events that were decided.
 *
 * @module
 */

import type { AnyEvent } from "../event/event.ts";
import {
  draftId,
  type EventDraft,
  type EventDraftOf,
  sealDraft,
} from "../event/event_draft.ts";
import type { EventSources } from "../event/event_sources.ts";

/** What the events of a command have in common. */
export interface CommandFacts {
  readonly commandId: string | undefined;
  readonly metadata: Readonly<Record<string, string>> | undefined;
}

/**
 * The events that one actor's drafts make, deeply frozen.
 *
 * @param version The actor's version before them.
 * @param sources Give them their times and ids.
 */
export function makeEvents<E extends AnyEvent>(
  actorId: string,
  version: number,
  drafts: readonly EventDraftOf<E>[],
  { commandId, metadata }: CommandFacts,
  sources: EventSources,
): E[] {
  const timestamp = sources.now();
  return drafts.map((draft: EventDraft, index) => {
    const action = drafts.length === 1
      ? "make the event that was decided"
      : `make event ${index + 1} of the ${drafts.length} that were decided`;
    const tagged = metadata === undefined
      ? draft
      : { ...draft, metadata: { ...metadata, ...draft.metadata } };
    return sealDraft(tagged, action, (own) => ({
      id: draftId(own, actorId, commandId, index, action, sources.newId),
      actorId,
      commandId,
      version: version + 1 + index,
      timestamp,
    })) as E;
  });
}
