/**
 * Events and their types.
 *
 * @module
 */

/**
 * An object or array of JSON with all that is in it readonly.
 *
 * @typeParam T The type as it would be written.
 */
export type DeepReadonly<T> = {
  readonly [Key in keyof T]: ReadonlyData<T[Key]>;
};

/**
 * The type of a property that could never be saved: no value is one, so that
 * the compiler says so where the property gets its value.
 *
 * @typeParam Remedy What it is, and what to write in its place.
 */
export interface NotJson<Remedy extends string> {
  /** Never there. */
  readonly notJson: Remedy;
}

/**
 * Any JSON with all that is in it readonly, as the data of an event is: events
 * are deeply frozen. What is often tried and is not JSON is a
 * {@linkcode NotJson}.
 *
 * @typeParam T The type as it would be written.
 */
export type ReadonlyData<T> = T extends string | number | boolean ? T
  : T extends readonly unknown[] ? DeepReadonly<T>
  : T extends Date ? NotJson<"a Date; write its toISOString()">
  : T extends ReadonlyMap<unknown, unknown>
    ? NotJson<"a Map; write an object of its entries">
  : T extends ReadonlySet<unknown>
    ? NotJson<"a Set; write an array of its items">
  : T extends bigint ? NotJson<"a bigint; write it as a string">
  : T extends symbol ? NotJson<"a symbol">
  : T extends PromiseLike<unknown> ? NotJson<"a promise; await it first">
  : T extends (...args: never) => unknown ? NotJson<"a function">
  : keyof T extends never ? T // unknown, object
  : keyof T extends string | number ? DeepReadonly<T>
  : T; // any

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
  readonly data: ReadonlyData<Data>;
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
 * An event to be saved. It is the event itself; where `data` may be anything,
 * as it may by default, so may what interfaces describe, although they have no
 * index signature.
 */
export type EventInput<E extends AnyEvent> =
  | E
  | (E extends AnyEvent
    ? Record<string, unknown> extends E["data"] ? Event<E["eventType"], object>
    : never
    : never);

/**
 * Those events of a union that may have one of the event types: what is left
 * of it behind a filter. Where types are any strings, it is the event itself.
 */
export type EventOfType<E extends AnyEvent, Type extends string> = E extends
  AnyEvent ? string extends E["eventType"] ? E
  : [Extract<E["eventType"], Type>] extends [never] ? never
  : E
  : never;
