/**
 * Making the events that were decided.
 *
 * @module
 */

import { commandEventId } from "../event/command_ids.ts";
import { createEvent } from "../event/create_event.ts";
import type { AnyEvent } from "../event/event.ts";
import { badType } from "../internal/arguments.ts";
import type { EventDraftOf } from "./decider.ts";

/** What the events of a command have in common. */
export interface CommandFacts {
  readonly commandId: string | undefined;
  readonly metadata: Readonly<Record<string, string>> | undefined;
}

/**
 * The events that one actor's drafts make.
 *
 * @param version The actor's version before them.
 */
export function makeEvents<E extends AnyEvent>(
  actorId: string,
  version: number,
  drafts: readonly EventDraftOf<E>[],
  { commandId, metadata }: CommandFacts,
): E[] {
  return drafts.map((draft: EventDraftOf<AnyEvent>, index) => {
    if (typeof draft !== "object" || draft === null) {
      throw badType(
        "execute command",
        "what decide returns",
        "an event draft or an array of them",
        draft,
      );
    }
    const { eventType, data } = draft;
    return createEvent<AnyEvent>({
      id: commandId === undefined
        ? undefined
        : commandEventId(actorId, commandId, index),
      eventType,
      actorId,
      commandId,
      version: version + 1 + index,
      data,
      metadata: draft.metadata === undefined
        ? metadata
        : { ...metadata, ...draft.metadata },
    }) as E;
  });
}
