/**
 * What an event is: its shape, how one is made, and how metadata is added to
 * it without ever changing it.
 *
 * @module
 */

import { checkEventId } from "../nats/names.ts";
import { badType } from "./_arguments.ts";
import { sealEvent } from "./_event_fields.ts";

/**
 * Something that happened to an actor. Events are immutable: a correction is
 * a new event.
 *
 * A union such as `Event<"OrderPlaced", Placed> | Event<"OrderShipped",
 * Shipped>` narrows on `eventType`.
 *
 * @typeParam Type The literal type of `eventType`.
 * @typeParam Data The type of `data`, an object that JSON can express.
 */
export interface Event<
  Type extends string = string,
  Data = Record<string, unknown>,
> {
  /** Unique; the idempotency key. 1 to 256 UTF-8 bytes, both inclusive. */
  readonly id: string;
  /** What happened. 1 to 256 bytes when encoded as one token, both inclusive. */
  readonly eventType: Type;
  /** The actor it happened to. 1 to 2,048 bytes when encoded, both inclusive. */
  readonly actorId: string;
  /** The command that caused it, if one did. */
  readonly commandId?: string | undefined;
  /** Position in the actor's history: a safe integer greater than 0. */
  readonly version: number;
  /** The facts, as a plain JSON object. */
  readonly data: Data;
  /** Facts about the event itself, such as correlation and trace ids. */
  readonly metadata?: Readonly<Record<string, string>> | undefined;
  /** When it happened, in RFC 3339, kept to the letter as it was given. */
  readonly timestamp: string;
}

/**
 * Any event: the constraint of everything that is generic in events. `data`
 * is `object` here, so that interfaces (which have no index signature) fit.
 */
export type AnyEvent = Event<string, object>;

/**
 * Those events of a union that may have one of the event types: what is left
 * of it behind a filter. Where types are any strings, it is the event itself.
 */
export type EventOfType<E extends AnyEvent, Type extends string> = E extends
  AnyEvent ? string extends E["eventType"] ? E
  : [Extract<E["eventType"], Type>] extends [never] ? never
  : E
  : never;

/** What {@linkcode createEvent} makes an event of. */
export interface EventInit<
  Type extends string = string,
  Data extends object = Record<string, unknown>,
> {
  /** As in {@linkcode Event.id}. @default a random UUID */
  readonly id?: string | undefined;
  /** As in {@linkcode Event.eventType}. */
  readonly eventType: Type;
  /** As in {@linkcode Event.actorId}. */
  readonly actorId: string;
  /** As in {@linkcode Event.commandId}; left out when empty. */
  readonly commandId?: string | undefined;
  /** As in {@linkcode Event.version}. */
  readonly version: number;
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
  /** As in {@linkcode Event.timestamp}. @default now, in UTC, in milliseconds */
  readonly timestamp?: string | undefined;
}

/** What {@linkcode createEvent} makes an event of a union of. */
export type EventInitOf<E extends AnyEvent> = E extends AnyEvent
  ? EventInit<E["eventType"], E["data"]>
  : never;

/**
 * Makes an event, its types inferred from what it is made of.
 *
 * @example
 * ```ts
 * import { createEvent } from "@flowmade-one/aether";
 * import { assertEquals } from "@std/assert";
 *
 * const event = createEvent({
 *   eventType: "OrderPlaced",
 *   actorId: "order-1",
 *   version: 1,
 *   data: { total: 99.99 },
 * });
 *
 * const type: "OrderPlaced" = event.eventType;
 * assertEquals(type, "OrderPlaced");
 * assertEquals(event.data.total, 99.99);
 * ```
 *
 * @param init The event's fields. Keys that no event has are kept as well.
 * @returns A deeply frozen event of own copies: nothing done to `init` later
 * reaches it.
 * @throws {InvalidEventError} If a field is of the wrong type or holds what
 * is not JSON, with the path to it.
 * @throws {RangeError} If the id, event type, actor id or version is out of
 * bounds.
 */
export function createEvent<const Type extends string, Data extends object>(
  init: EventInit<Type, Data>,
): Event<Type, Data>;
/**
 * Makes an event of a type that is named, such as a union: `init` must be what
 * one of its events is made of.
 *
 * @example
 * ```ts
 * import { createEvent, type Event } from "@flowmade-one/aether";
 * import { assertEquals } from "@std/assert";
 *
 * type OrderEvent =
 *   | Event<"OrderPlaced", { payment: "card" | "invoice" }>
 *   | Event<"OrderShipped", { tracking: string }>;
 *
 * const decided = [
 *   { eventType: "OrderPlaced", data: { payment: "card" } },
 *   { eventType: "OrderShipped", data: { tracking: "FS123456" } },
 * ] as const;
 * const events = decided.map((decision, i) =>
 *   createEvent<OrderEvent>({ ...decision, actorId: "order-1", version: i + 1 })
 * );
 *
 * assertEquals(events.map(({ version }) => version), [1, 2]);
 * ```
 *
 * @param init The event's fields, as for the other form.
 * @returns As the other form.
 * @throws As the other form.
 */
export function createEvent<E extends AnyEvent>(init: EventInitOf<E>): E;
export function createEvent(init: EventInit<string, object>): AnyEvent {
  const action = "create event";
  if (typeof init !== "object" || init === null) {
    throw badType(action, "init", "an object", init);
  }
  const {
    id = crypto.randomUUID(),
    timestamp = new Date().toISOString(),
    ...given
  } = init;
  return sealEvent({ ...given, id, timestamp } as AnyEvent, action);
}

/** The metadata keys that have a meaning to every part of Aether. */
export const MetadataKey: {
  /** Shared by everything that one request set off. */
  readonly correlationId: "correlationId";
  /** The id of the event that caused this one. */
  readonly causationId: "causationId";
  /** Who did it. */
  readonly userId: "userId";
  /** The trace, as in W3C Trace Context. */
  readonly traceId: "traceId";
  /** The span within the trace, as in W3C Trace Context. */
  readonly spanId: "spanId";
} = Object.freeze({
  correlationId: "correlationId",
  causationId: "causationId",
  userId: "userId",
  traceId: "traceId",
  spanId: "spanId",
});

/**
 * A copy of an event with metadata added to its own. Where both have a key,
 * the added value wins; a key that is `undefined` adds nothing.
 *
 * @example
 * ```ts
 * import { createEvent, MetadataKey, withMetadata } from "@flowmade-one/aether";
 * import { assertEquals } from "@std/assert";
 *
 * const event = createEvent({
 *   eventType: "OrderPlaced",
 *   actorId: "order-1",
 *   version: 1,
 *   data: {},
 * });
 * const traced = withMetadata(event, { [MetadataKey.userId]: "jane" });
 *
 * assertEquals(traced.metadata, { userId: "jane" });
 * assertEquals(event.metadata, undefined);
 * ```
 *
 * @param event The event; it stays as it is.
 * @param metadata What to add.
 * @returns A deeply frozen event that differs in its metadata only.
 * @throws {InvalidEventError} If the metadata is not an object of strings, or
 * the event is none.
 * @throws {RangeError} If the event is out of bounds.
 */
export function withMetadata<E extends AnyEvent>(
  event: E,
  metadata: Readonly<Record<string, string | undefined>>,
): E {
  return sealEvent(event, "add metadata", [metadata]);
}

/**
 * A copy of an event with another's metadata added to its own, so that a
 * chain of events keeps what began with the first. Where both have a key, the
 * source's value wins.
 *
 * @example
 * ```ts
 * import { createEvent, withMetadataFrom } from "@flowmade-one/aether";
 * import { assertEquals } from "@std/assert";
 *
 * const placed = createEvent({
 *   eventType: "OrderPlaced",
 *   actorId: "order-1",
 *   version: 1,
 *   data: {},
 *   metadata: { correlationId: "request-7" },
 * });
 * const shipped = createEvent({
 *   eventType: "OrderShipped",
 *   actorId: "order-1",
 *   version: 2,
 *   data: {},
 *   metadata: { userId: "jane" },
 * });
 *
 * assertEquals(withMetadataFrom(shipped, placed).metadata, {
 *   userId: "jane",
 *   correlationId: "request-7",
 * });
 * ```
 *
 * @param event The event; it stays as it is.
 * @param source The event whose metadata is added.
 * @returns A deeply frozen event that differs in its metadata only.
 * @throws As {@linkcode withMetadata}.
 */
export function withMetadataFrom<E extends AnyEvent>(
  event: E,
  source: Pick<AnyEvent, "metadata">,
): E {
  const action = "add metadata";
  checkSource(source, action);
  return sealEvent(event, action, [source.metadata]);
}

/**
 * A copy of an event that says which event caused it: the source's metadata
 * is added as by {@linkcode withMetadataFrom}, and `causationId` is the
 * source's id, whatever either had there before.
 *
 * @example
 * ```ts
 * import { causedBy, createEvent } from "@flowmade-one/aether";
 * import { assertEquals } from "@std/assert";
 *
 * const placed = createEvent({
 *   id: "event-1",
 *   eventType: "OrderPlaced",
 *   actorId: "order-1",
 *   version: 1,
 *   data: {},
 *   metadata: { correlationId: "request-7" },
 * });
 * const reserved = createEvent({
 *   eventType: "StockReserved",
 *   actorId: "stock-4",
 *   version: 12,
 *   data: {},
 * });
 *
 * assertEquals(causedBy(reserved, placed).metadata, {
 *   correlationId: "request-7",
 *   causationId: "event-1",
 * });
 * ```
 *
 * @param event The event; it stays as it is.
 * @param source The event that caused it.
 * @returns A deeply frozen event that differs in its metadata only.
 * @throws As {@linkcode withMetadata}.
 */
export function causedBy<E extends AnyEvent>(
  event: E,
  source: Pick<AnyEvent, "id" | "metadata">,
): E {
  const action = "set cause";
  checkSource(source, action);
  // Without this a missing id would be left out in silence.
  checkEventId(source.id, action);
  const causation = { [MetadataKey.causationId]: source.id };
  return sealEvent(event, action, [source.metadata, causation]);
}

function checkSource(source: unknown, action: string): void {
  if (typeof source === "object" && source !== null) return;
  throw badType(action, "source", "an event", source);
}
