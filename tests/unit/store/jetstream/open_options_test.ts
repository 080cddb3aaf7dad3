import { assertEquals, assertThrows } from "@std/assert";
import {
  type JetStreamEventStoreOptions,
  resolveOpen,
} from "../../../../store/jetstream/_open_options.ts";

/** Lowest and highest value of each option that is a number. */
const bounds = {
  replicas: [1, 5],
  maxAge: [100, 9_223_372_036_854],
  duplicateWindow: [100, 9_223_372_036_854],
  maxBytes: [1, Number.MAX_SAFE_INTEGER],
  maxMessages: [1, Number.MAX_SAFE_INTEGER],
  saveTimeout: [1, 2_147_483_647],
  readTimeout: [1, 2_147_483_647],
  cachedActors: [1, Number.MAX_SAFE_INTEGER],
} satisfies Partial<
  Record<keyof JetStreamEventStoreOptions, [number, number]>
>;

for (const [name, [min, max]] of Object.entries(bounds)) {
  const options = (value: unknown) =>
    ({ [name]: value }) as JetStreamEventStoreOptions;

  Deno.test(`open() takes ${name} from ${min} to ${max}`, () => {
    for (const value of [min, max]) {
      const resolved = resolveOpen(options(value));
      const taken = { ...resolved, ...resolved.settings };
      assertEquals(taken[name as keyof typeof taken], value);
    }
  });

  Deno.test(`open() refuses another ${name}`, () => {
    for (const value of [min - 1, max + 1, min + 0.5, NaN, Infinity, -1]) {
      assertThrows(
        () => resolveOpen(options(value)),
        RangeError,
        `Cannot open store: ${name} must be `,
      );
    }
    for (const value of [null, "1", 1n, [], {}]) {
      assertThrows(
        () => resolveOpen(options(value)),
        TypeError,
        `Cannot open store: ${name} must be a number`,
      );
    }
  });
}

Deno.test("open() refuses a signal that is none", () => {
  for (const signal of [null, 1, {}, new AbortController()]) {
    assertThrows(
      () => resolveOpen({ signal } as unknown as JetStreamEventStoreOptions),
      TypeError,
      "Cannot open store: signal must be an AbortSignal, got ",
    );
  }
});

Deno.test("open() refuses a duplicateWindow above maxAge", () => {
  assertThrows(
    () => resolveOpen({ maxAge: 1_000, duplicateWindow: 1_001 }),
    RangeError,
    "Cannot open store: duplicateWindow must be at most maxAge, 1000, got 1001",
  );
  resolveOpen({ maxAge: 1_000, duplicateWindow: 1_000 });
});
