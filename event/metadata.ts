/**
 * Metadata of events: the keys that have a meaning, and adding to it without
 * ever changing an event.
 *
 * @module
 */

import { badType } from "../internal/arguments.ts";
import { checkEventId } from "../internal/nats/names.ts";
import { sealEvent } from "./_event_fields.ts";
import type { AnyEvent } from "./event.ts";

/** The metadata keys that have a meaning to every part of Aether. */
export const MetadataKey: {
  /** Shared by everything that one request set off. */
  readonly correlationId: "correlationId";
  /** The id of the event that caused this one. */
  readonly causationId: "causationId";
  /** The user that caused it. */
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
 * the event is not valid.
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
