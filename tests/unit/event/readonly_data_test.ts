/**
 * What the compiler knows of the data of events. The function below is checked,
 * and never run.
 */

import { assertEquals } from "@std/assert";
import { createEvent } from "../../../event/create_event.ts";
import type { Event, NotJson, ReadonlyData } from "../../../event/event.ts";
import type { EventStore } from "../../../store/event_store.ts";

/** True only if both are the same type: unlike with `extends`, any is not. */
type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends
  (<T>() => T extends B ? 1 : 2) ? true : false;

/** Compiles only for true. */
function expectType<_ extends true>(): void {}

function isDeeplyReadonly(): void {
  expectType<Equal<ReadonlyData<unknown>, unknown>>();
  expectType<Equal<ReadonlyData<object>, object>>();
  expectType<Equal<ReadonlyData<string | null>, string | null>>();
  expectType<Equal<ReadonlyData<"a" | 1>, "a" | 1>>();
  type Open = Readonly<Record<string, unknown>>;
  expectType<Equal<ReadonlyData<Record<string, unknown>>, Open>>();
  type Pair = ReadonlyData<[number[], { n?: string[] }]>;
  type Expected = readonly [
    readonly number[],
    { readonly n?: readonly string[] },
  ];
  expectType<Equal<Pair extends Expected ? true : false, true>>();
  expectType<Equal<Expected extends Pair ? true : false, true>>();
  type Id = string & { readonly isId: true };
  type Cents = number & { readonly isCents: true };
  expectType<Equal<ReadonlyData<Id>, Id>>();
  expectType<Equal<ReadonlyData<Cents>, Cents>>();
  expectType<Equal<ReadonlyData<undefined>, undefined>>();
  const loose = createEvent<Event<"A", { any: ReturnType<typeof JSON.parse> }>>(
    { eventType: "A", actorId: "a", version: 1, data: { any: 1 } },
  );
  const text: string = loose.data.any.text;
  void text;
}

/** Whether a type became one that nothing fits. */
type IsRefused<T> = ReadonlyData<T> extends NotJson<string> ? true : false;

function isJson(
  store: EventStore<Event<"Noted", { at: Date; tags?: Set<string>[] }>>,
  open: EventStore,
): void {
  expectType<IsRefused<Date>>();
  expectType<IsRefused<Map<string, number>>>();
  expectType<IsRefused<ReadonlySet<string>>>();
  expectType<IsRefused<bigint>>();
  expectType<IsRefused<1n>>();
  expectType<IsRefused<symbol>>();
  expectType<IsRefused<Promise<string>>>();
  expectType<IsRefused<(text: string) => void>>();
  type Optional = ReadonlyData<{ at?: Date | null }>;
  type Remedy = NotJson<"a Date; write its toISOString()">;
  expectType<Equal<Optional["at"], Remedy | null | undefined>>();
  expectType<Equal<IsRefused<{ size: number; then: string }>, false>>();

  const eventType = "Noted";
  // @ts-expect-error: a Date is not JSON
  store.append("a", [{ eventType, data: { at: new Date() } }]);
  // @ts-expect-error: nor is any text the Date that was asked for
  store.append("a", [{ eventType, data: { at: "" } }]);
  // Nothing is known of this store's data.
  open.append("a", [{ eventType, data: { at: new Date() } }]);
}

Deno.test("data has the types that this file states", () => {
  // What it states is checked before it runs.
  assertEquals([isDeeplyReadonly.length, isJson.length], [0, 2]);
});
