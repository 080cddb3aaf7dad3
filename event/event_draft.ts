/**
 * Drafts: what happened, before a store gives it a place in a history.
 *
 * @module
 */

import { badType, checkKeys, type OptionNames } from "../internal/arguments.ts";
import { show } from "../internal/show.ts";
import { sealEvent } from "./_event_fields.ts";
import { SYSTEM_SOURCES } from "./event_sources.ts";
import { commandEventId } from "./command_ids.ts";
import { markSealed } from "./frozen_events.ts";
import type { AnyEvent, Event } from "./event.ts";

/**
 * An event that has no place in a history yet: the store gives it an actor, a
 * version and a timestamp, and an id unless it brings one.
 *
 * @typeParam Type The literal type of `eventType`.
 * @typeParam Data The type of `data`, an object that JSON can express.
 */
export interface EventDraft<
  Type extends string = string,
  Data extends object = object,
> {
  /** As in {@linkcode Event.id}. @default one that the store gives */
  readonly id?: string | undefined;
  /** As in {@linkcode Event.eventType}. */
  readonly eventType: Type;
  /**
   * As in {@linkcode Event.data}: a plain object. It is copied; properties
   * that are `undefined` are left out.
   */
  readonly data: Data;
  /**
   * As in {@linkcode Event.metadata}; copied. Properties that are `undefined`
   * are left out, and so is all of it when empty.
   */
  readonly metadata?: Readonly<Record<string, string | undefined>> | undefined;
}

/** The drafts that the events of a union can be made of. */
export type EventDraftOf<E extends AnyEvent> = E extends AnyEvent ? EventDraft<
    E["eventType"],
    // Interfaces have no index signature, so that they would not fit.
    Record<string, unknown> extends E["data"] ? object : E["data"]
  >
  : never;

const KEYS: OptionNames<EventDraft> = {
  id: true,
  eventType: true,
  data: true,
  metadata: true,
};

/** The fields that a draft lacks. @default {1} for the version */
export type DraftPlace =
  & Pick<Event, "id" | "actorId" | "commandId" | "timestamp">
  & Partial<Pick<Event, "version">>;

/**
 * The deeply frozen event that a draft makes, every property read once.
 * {@linkcode withVersion} gives it another version.
 *
 * @param place Gives what the store adds, for the draft's own id.
 * @throws {TypeError} If it is no object, or has a key that no draft has.
 * @throws {InvalidEventError} If it holds what is not JSON.
 * @throws {RangeError} If its id or event type is out of bounds.
 */
export function sealDraft(
  draft: EventDraft,
  action: string,
  place: (id: string | undefined) => DraftPlace,
): AnyEvent {
  if (typeof draft !== "object" || draft === null || Array.isArray(draft)) {
    throw badType(action, "draft", "an object", draft);
  }
  checkKeys(draft, KEYS, action, "a draft has no");
  const { id: own, eventType, data, metadata } = draft;
  const { id, actorId, commandId, version = 1, timestamp } = place(own);
  // In one literal: V8 is slow to spread, and each event comes along here.
  const event = {
    id,
    eventType,
    actorId,
    commandId,
    version,
    data,
    metadata,
    timestamp,
  };
  return sealEvent(event as AnyEvent, action);
}

/**
 * A frozen event with another version than a frozen event has.
 *
 * @throws {RangeError} If the version is not a safe integer.
 */
export function withVersion<E extends AnyEvent>(
  event: E,
  version: number,
  action: string,
): E {
  if (!Number.isSafeInteger(version)) {
    throw new RangeError(
      `Cannot ${action}: there is no version above ${Number.MAX_SAFE_INTEGER}, the highest safe integer`,
    );
  }
  const numbered = { ...event, version };
  markSealed(numbered);
  return Object.freeze(numbered);
}

/**
 * The id of the event that a draft makes: that of its command, if it has one,
 * else the draft's own or a random one.
 *
 * @param own The draft's own id.
 * @param index The draft's place among those of the call for the actor, from 0.
 * @param newId Gives an id that is asked for without either.
 * @throws {TypeError} If there are a command and an own id.
 */
export function draftId(
  own: string | undefined,
  actorId: string,
  commandId: string | undefined,
  index: number,
  action: string,
  newId: () => string = SYSTEM_SOURCES.newId,
): string {
  if (commandId === undefined) return own ?? newId();
  if (own === undefined) return commandEventId(actorId, commandId, index);
  throw new TypeError(
    `Cannot ${action}: the draft has an id, ${
      show(own)
    }, and those of a command's events follow from commandId; leave one out`,
  );
}
