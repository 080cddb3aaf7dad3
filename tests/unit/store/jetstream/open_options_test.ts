import type { NatsConnection } from "@nats-io/nats-core";
import { assertRejects, assertStrictEquals } from "@std/assert";
import {
  JetStreamEventStore,
  type JetStreamEventStoreOptions,
} from "../../../../store/mod.ts";
import { reasonOf } from "../../../support/contract/helpers.ts";

/** Options are read before anything is asked of the connection. */
const nc = { isClosed: () => false } as NatsConnection;
const over = new Error("opened no further");

const open = (options: unknown) =>
  JetStreamEventStore.open(nc, options as JetStreamEventStoreOptions);

/** The options are taken: opening ends with what comes after reading them. */
async function assertTaken(options: object): Promise<void> {
  const signal = AbortSignal.abort(over);
  assertStrictEquals(await reasonOf(() => open({ ...options, signal })), over);
}

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
  Deno.test(`open() takes ${name} from ${min} to ${max}`, async () => {
    for (const value of [min, max]) await assertTaken({ [name]: value });
  });

  Deno.test(`open() refuses another ${name}`, async () => {
    for (const value of [min - 1, max + 1, min + 0.5, NaN, Infinity, -1]) {
      await assertRejects(
        () => open({ [name]: value }),
        RangeError,
        `Cannot open store: ${name} must be `,
      );
    }
    for (const value of [null, "1", 1n, [], {}]) {
      await assertRejects(
        () => open({ [name]: value }),
        TypeError,
        `Cannot open store: ${name} must be a number`,
      );
    }
  });
}

Deno.test("open() refuses a signal that is none", async () => {
  for (const signal of [null, 1, {}, new AbortController()]) {
    await assertRejects(
      () => open({ signal }),
      TypeError,
      "Cannot open store: signal must be an AbortSignal, got ",
    );
  }
});

Deno.test("open() refuses a duplicateWindow above maxAge", async () => {
  await assertRejects(
    () => open({ maxAge: 1_000, duplicateWindow: 1_001 }),
    RangeError,
    "Cannot open store: duplicateWindow must be at most maxAge, 1000, got 1001",
  );
  await assertTaken({ maxAge: 1_000, duplicateWindow: 1_000 });
});
