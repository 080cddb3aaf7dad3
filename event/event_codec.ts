/**
 * Events as JSON: what stores and buses write, and Aether for Go as well.
 *
 * @module
 */

import { show } from "../internal/show.ts";
import {
  assemble,
  checkFields,
  fieldsOf,
  readEvent,
  seal,
} from "./_event_fields.ts";
import { invalid, jsonPath, kindOf } from "./_invalid_event.ts";
import { parseExactly } from "./exact_json.ts";
import { freezeJson } from "./json.ts";
import { sealParsed } from "./_parsed_event.ts";
import { isSealed } from "./frozen_events.ts";
import type { AnyEvent, Event } from "./event.ts";

export { sameEvent, sealEvent } from "./_event_fields.ts";

/**
 * Writes an event as JSON, as every store and bus does and Aether for Go
 * reads it: the keys in the order of {@linkcode Event}, then unknown ones in
 * their own order; `commandId` and `metadata` are left out when empty.
 *
 * @example
 * ```ts
 * import { createEvent, encodeEvent } from "@flowmade-one/aether";
 * import { assertEquals } from "@std/assert";
 *
 * const event = createEvent({
 *   id: "event-1",
 *   eventType: "OrderPlaced",
 *   actorId: "order-1",
 *   version: 1,
 *   data: { total: 99.99 },
 *   timestamp: "2024-05-31T09:30:00Z",
 * });
 *
 * assertEquals(
 *   encodeEvent(event),
 *   '{"id":"event-1","eventType":"OrderPlaced","actorId":"order-1",' +
 *     '"version":1,"data":{"total":99.99},"timestamp":"2024-05-31T09:30:00Z"}',
 * );
 * ```
 *
 * @param event The event. It is checked whole.
 * @returns JSON on one line, without spaces.
 * @throws {InvalidEventError} If it is no event or holds what is not JSON,
 * with the path to it.
 * @throws {RangeError} If its id, event type, actor id or version is out of
 * bounds.
 */
export function encodeEvent(event: AnyEvent): string {
  return encodeEventTo("encode event", event).json;
}

/** An event as JSON, and where it belongs. */
export interface EncodedEvent {
  readonly json: string;
  /** Fields as the JSON has them: a getter of the event may change its mind. */
  readonly fields: Pick<
    AnyEvent,
    "id" | "eventType" | "actorId" | "version" | "timestamp"
  >;
}

/** As {@linkcode encodeEvent}, with errors that say what can't be done. */
export function encodeEventTo(action: string, event: AnyEvent): EncodedEvent {
  if (isSealed(event) && firstKey(event) === "id") {
    return { json: JSON.stringify(event), fields: event };
  }
  const fields = readEvent(event, action);
  let json = JSON.stringify(assemble(fields));
  if (fields.rest !== undefined) {
    // By hand, for an object would put keys such as "7" first.
    json = json.slice(0, -1);
    for (const [key, value] of fields.rest) {
      json += `,${JSON.stringify(key)}:${JSON.stringify(value)}`;
    }
    json += "}";
  }
  return { json, fields: fields as unknown as EncodedEvent["fields"] };
}

/** The first key of an event: another than `id` only if it is an index. */
function firstKey(event: AnyEvent): string | undefined {
  for (const key in event) return key;
}

// A byte order mark is no JSON, and Go refuses it too.
const strictUtf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
// Three times as fast; what is not UTF-8 becomes U+FFFD, as that itself does.
const laxUtf8 = new TextDecoder("utf-8", { ignoreBOM: true });

/**
 * Reads an event from JSON, this library's or Aether for Go's: its timestamp
 * stays as it was written, `data` that is null becomes `{}`, and `commandId`
 * and `metadata` that are empty or null are left out. Unknown keys stay, as
 * properties of the event. Of a key that occurs twice the last one counts,
 * and numbers are doubles, both as in JSON.parse; an integer that a double
 * can't hold, such as most beyond 2^53, is a string of its digits instead.
 *
 * @example
 * ```ts
 * import { decodeEvent } from "@flowmade-one/aether";
 * import { assertEquals } from "@std/assert";
 *
 * const event = decodeEvent(`{
 *   "id": "event-1",
 *   "eventType": "OrderPlaced",
 *   "actorId": "order-1",
 *   "version": 1,
 *   "data": null,
 *   "timestamp": "2024-05-31T09:30:00.123456789+02:00"
 * }`);
 *
 * assertEquals(event.data, {});
 * assertEquals(event.timestamp, "2024-05-31T09:30:00.123456789+02:00");
 * ```
 *
 * @param json The JSON, as text or in UTF-8.
 * @returns The event, deeply frozen.
 * @throws {InvalidEventError} If it is no valid UTF-8, no JSON (both with the
 * reason as `cause`), or JSON of something else than an event, with the path
 * to what is wrong.
 * @throws {RangeError} If its id, event type, actor id or version is out of
 * bounds.
 */
export function decodeEvent(json: string | Uint8Array): Event {
  const action = "decode event";
  const text = textOf(json, action);
  const value = parse(text, JSON.parse, action);
  const event = sealParsed(value);
  if (event !== undefined) return event;
  const fields = fieldsOf(parse(text, parseExactly, action), action);
  fields.version = (value as AnyEvent).version; // a string would be no number
  if (fields.commandId === null) fields.commandId = undefined;
  if (fields.metadata === null) fields.metadata = undefined;
  if (fields.data === null) fields.data = {};
  checkFields(fields, action);
  freezeJson(fields.data, "data", action);
  if (fields.rest !== undefined) {
    for (const [key, value] of fields.rest) {
      freezeJson(value, jsonPath("", key), action);
    }
  }
  return seal(fields) as unknown as Event;
}

function textOf(json: unknown, action: string): string {
  if (typeof json === "string") return json;
  if (!isBytes(json)) {
    const problem = `must be a string or a Uint8Array, got ${kindOf(json)}`;
    throw invalid(action, "", problem);
  }
  try {
    const text = laxUtf8.decode(json);
    return text.includes("\uFFFD") ? strictUtf8.decode(json) : text;
  } catch (cause) {
    throw invalid(action, "", "must be valid UTF-8", { cause });
  }
}

/** Whether it is a Uint8Array, of whatever realm. */
function isBytes(value: unknown): value is Uint8Array {
  return value instanceof Uint8Array ||
    Object.prototype.toString.call(value) === "[object Uint8Array]";
}

function parse(
  text: string,
  parser: (text: string) => unknown,
  action: string,
): unknown {
  try {
    return parser(text);
  } catch (cause) {
    if (cause instanceof RangeError) {
      throw invalid(action, "", `can't be read: ${cause.message}`, { cause });
    }
    const problem = `must be JSON, got ${show(text)}`;
    throw invalid(action, "", problem, { cause });
  }
}
