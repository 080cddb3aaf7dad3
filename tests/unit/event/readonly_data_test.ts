/**
 * What the compiler knows of the data of events. The function below is checked,
 * and never run.
 */

import { assertEquals } from "@std/assert";
import { createEvent } from "../../../event/create_event.ts";
import type { Event, ReadonlyData } from "../../../event/event.ts";

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
  const loose = createEvent<Event<"A", { any: ReturnType<typeof JSON.parse> }>>(
    { eventType: "A", actorId: "a", version: 1, data: { any: 1 } },
  );
  const text: string = loose.data.any.text;
  void text;
}

Deno.test("data has the types that this file states", () => {
  // What it states is checked before it runs.
  assertEquals(isDeeplyReadonly.length, 0);
});
