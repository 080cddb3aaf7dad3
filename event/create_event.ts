/**
 * Makes events.
 *
 * @module
 */

import { badType } from "../internal/arguments.ts";
import { sealEvent } from "./_event_fields.ts";
import { type CreateEventOptions, resolveSources } from "./event_sources.ts";
import type { AnyEvent, Event } from "./event.ts";

/** The fields that {@linkcode createEvent} makes an event of. */
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

/** The fields that {@linkcode createEvent} makes an event of a union of. */
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
 * @param options Where its time and its id come from if `init` has none.
 * @returns A deeply frozen event of own copies: nothing done to `init` later
 * reaches it.
 * @throws {InvalidEventError} If a field is of the wrong type or holds what
 * is not JSON, with the path to it.
 * @throws {RangeError} If the id, event type, actor id or version is out of
 * bounds.
 */
export function createEvent<const Type extends string, Data extends object>(
  init: EventInit<Type, Data>,
  options?: CreateEventOptions,
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
 * @param options As for the other form.
 * @returns As the other form.
 * @throws As the other form.
 */
export function createEvent<E extends AnyEvent>(
  init: EventInitOf<E>,
  options?: CreateEventOptions,
): E;
export function createEvent(
  init: EventInit<string, object>,
  options?: CreateEventOptions,
): AnyEvent {
  const action = "create event";
  if (typeof init !== "object" || init === null) {
    throw badType(action, "init", "an object", init);
  }
  const sources = resolveSources(options, action);
  const { id = sources.newId(), timestamp = sources.now(), ...given } = init;
  return sealEvent({ ...given, id, timestamp } as AnyEvent, action);
}
