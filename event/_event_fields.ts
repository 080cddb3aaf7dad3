/**
 * The checks every event passes, and the copies that nobody else holds.
 *
 * @module
 */

import {
  checkActorId,
  checkEventId,
  checkEventType,
} from "../internal/nats/names.ts";
import { show } from "../internal/show.ts";
import { invalid, jsonPath, kindOf } from "./_invalid_event.ts";
import {
  copyJson,
  equalJson,
  isPlainObject,
  setOwn,
  thawedCopy,
} from "./json.ts";
import { isSealed, markSealed } from "./frozen_events.ts";
import { isTimestamp } from "./timestamp.ts";
import type { AnyEvent } from "./event.ts";

/** The fields of an event, each read once; `rest` are the unknown keys. */
export interface Fields {
  id: unknown;
  eventType: unknown;
  actorId: unknown;
  commandId: unknown;
  version: unknown;
  data: unknown;
  metadata: unknown;
  timestamp: unknown;
  rest: [key: string, value: unknown][] | undefined;
}

function refuseSymbols(object: object, path: string, action: string): void {
  const symbols = Object.getOwnPropertySymbols(object);
  if (symbols.length === 0) return;
  const problem = "must be JSON, got a symbol as key";
  throw invalid(action, jsonPath(path, symbols[0]!), problem);
}

function refuseKey(path: string, key: string, action: string): never {
  const problem = "must not have lone surrogates in its key";
  throw invalid(action, jsonPath(path, key), problem);
}

/** Reads an object's fields; whether they are an event's is not checked. */
export function fieldsOf(event: unknown, action: string): Fields {
  if (!isPlainObject(event)) {
    throw invalid(action, "", `must be a plain object, got ${kindOf(event)}`);
  }
  refuseSymbols(event, "", action);
  const fields: Fields = {
    id: undefined,
    eventType: undefined,
    actorId: undefined,
    commandId: undefined,
    version: undefined,
    data: undefined,
    metadata: undefined,
    timestamp: undefined,
    rest: undefined,
  };
  const keys = Object.keys(event);
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i]!;
    const value = event[key];
    // Not `fields[key] = value`, for which V8 looks up the key each time.
    switch (key) {
      case "id":
        fields.id = value;
        break;
      case "eventType":
        fields.eventType = value;
        break;
      case "actorId":
        fields.actorId = value;
        break;
      case "commandId":
        fields.commandId = value;
        break;
      case "version":
        fields.version = value;
        break;
      case "data":
        fields.data = value;
        break;
      case "metadata":
        fields.metadata = value;
        break;
      case "timestamp":
        fields.timestamp = value;
        break;
      default:
        if (value !== undefined) (fields.rest ??= []).push([key, value]);
    }
  }
  return fields;
}

function checkString(value: unknown, key: string, action: string): string {
  if (typeof value !== "string") {
    throw invalid(action, key, `must be a string, got ${kindOf(value)}`);
  }
  if (!value.isWellFormed()) {
    const problem = `must not have lone surrogates, got ${show(value)}`;
    throw invalid(action, key, problem);
  }
  return value;
}

/** Checks every field but `data` and `rest`, and drops what is empty. */
export function checkFields(fields: Fields, action: string): void {
  checkEventId(checkString(fields.id, "id", action), action);
  checkEventType(checkString(fields.eventType, "eventType", action), action);
  checkActorId(checkString(fields.actorId, "actorId", action), action);
  if (fields.commandId !== undefined) {
    const commandId = checkString(fields.commandId, "commandId", action);
    if (commandId === "") fields.commandId = undefined;
  }
  const { version } = fields;
  if (typeof version !== "number") {
    const problem = `must be a number, got ${kindOf(version)}`;
    throw invalid(action, "version", problem);
  }
  if (!Number.isSafeInteger(version) || version < 1) {
    throw new RangeError(
      `Cannot ${action}: version must be an integer from 1 to ${Number.MAX_SAFE_INTEGER}, got ${
        show(version)
      }`,
    );
  }
  if (!isPlainObject(fields.data)) {
    const problem = `must be a plain object, got ${kindOf(fields.data)}`;
    throw invalid(action, "data", problem);
  }
  if (fields.metadata !== undefined) {
    fields.metadata = copyMetadata(fields.metadata, action);
  }
  const timestamp = checkString(fields.timestamp, "timestamp", action);
  if (!isTimestamp(timestamp)) {
    const problem = `must be an RFC 3339 timestamp such as ` +
      `2024-05-31T09:30:00.5+02:00, got ${show(timestamp)}`;
    throw invalid(action, "timestamp", problem);
  }
  for (const [key] of fields.rest ?? []) {
    if (!key.isWellFormed()) refuseKey("", key, action);
  }
}

/** Metadata's frozen copy; undefined when it is empty. */
function copyMetadata(
  metadata: unknown,
  action: string,
): Readonly<Record<string, string>> | undefined {
  if (!isPlainObject(metadata)) {
    const problem = `must be a plain object, got ${kindOf(metadata)}`;
    throw invalid(action, "metadata", problem);
  }
  refuseSymbols(metadata, "metadata", action);
  const copy: Record<string, string> = {};
  let empty = true;
  const keys = Object.keys(metadata);
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i]!;
    const value = metadata[key];
    if (value === undefined) continue;
    if (typeof value !== "string" || !value.isWellFormed()) {
      checkString(value, jsonPath("metadata", key), action);
    }
    if (!key.isWellFormed()) refuseKey("metadata", key, action);
    setOwn(copy, key, value);
    empty = false;
  }
  return empty ? undefined : Object.freeze(copy);
}

/** The known keys of an event in the order they are written. */
export function assemble(fields: Fields): Record<string, unknown> {
  const { id, eventType, actorId, commandId, version, data } = fields;
  const { metadata, timestamp } = fields;
  if (commandId === undefined) {
    return metadata === undefined
      ? { id, eventType, actorId, version, data, timestamp }
      : { id, eventType, actorId, version, data, metadata, timestamp };
  }
  return metadata === undefined
    ? { id, eventType, actorId, commandId, version, data, timestamp }
    : { id, eventType, actorId, commandId, version, data, metadata, timestamp };
}

/**
 * The event of checked fields that nobody else holds, their values deeply
 * frozen, unknown keys last.
 */
export function seal(fields: Fields): Readonly<Record<string, unknown>> {
  const event = assemble(fields);
  if (fields.rest !== undefined) {
    for (const [key, value] of fields.rest) setOwn(event, key, value);
  }
  markSealed(event);
  return Object.freeze(event);
}

/**
 * The fields of an event, checked and read once, for a copy that is written at
 * once: they are not frozen.
 *
 * @param action What can't be done, such as `save event`, for errors.
 * @throws {InvalidEventError} If it is no event, or holds what is not JSON.
 * @throws {RangeError} If its id, event type, actor id or version is out of
 * bounds.
 */
export function readEvent(event: unknown, action: string): Fields {
  const fields = fieldsOf(event, action);
  refuseDraft(fields, action);
  checkFields(fields, action);
  copyFields(fields, thawedCopy, action);
  return fields;
}

/** @throws {InvalidEventError} If a draft was given for an event. */
function refuseDraft({ id, timestamp }: Fields, action: string): void {
  if (id !== undefined || timestamp !== undefined) return;
  const problem = "must be a string, got undefined; make the event with " +
    "createEvent, or use a store's append";
  throw invalid(action, "id", problem);
}

/** Puts copies in the place of what is not copied yet. */
function copyFields(
  fields: Fields,
  copy: (value: unknown, path: string, action: string) => unknown,
  action: string,
): void {
  fields.data = copy(fields.data, "data", action);
  if (fields.rest === undefined) return;
  for (const entry of fields.rest) {
    entry[1] = copy(entry[1], jsonPath("", entry[0]), action);
  }
}

/**
 * A deeply frozen copy of an event, checked as {@linkcode readEvent} does: its
 * keys in the order they are written, unknown ones last, empty ones left
 * out. Nothing the caller does later reaches it. One that was sealed before
 * and is given nothing new is its own copy.
 *
 * @param added Metadata to add to the event's; later ones win.
 * @throws As {@linkcode readEvent}.
 */
export function sealEvent<E extends AnyEvent>(
  event: E,
  action: string,
  added: readonly (Readonly<Record<string, string | undefined>> | undefined)[] =
    [],
): E {
  if (added.length === 0 && isSealed(event)) return event;
  const fields = fieldsOf(event, action);
  refuseDraft(fields, action);
  checkFields(fields, action);
  if (added.length > 0) fields.metadata = merge(fields.metadata, added, action);
  copyFields(fields, copyJson, action);
  return seal(fields) as unknown as E;
}

/** One metadata of several, each checked; later ones win. */
function merge(
  own: unknown,
  added: readonly unknown[],
  action: string,
): Readonly<Record<string, string>> | undefined {
  const merged: Record<string, string> = {};
  for (const metadata of [own, ...added]) {
    if (metadata === undefined) continue;
    const entries = Object.entries(copyMetadata(metadata, action) ?? {});
    for (const [key, value] of entries) setOwn(merged, key, value);
  }
  return copyMetadata(merged, action);
}

/**
 * Whether two events are the same one: a retry may have made their timestamp,
 * metadata and command id anew, and their unknown keys.
 */
export function sameEvent(a: AnyEvent, b: AnyEvent): boolean {
  return a.id === b.id && a.actorId === b.actorId && a.version === b.version &&
    a.eventType === b.eventType && equalJson(a.data, b.data);
}
