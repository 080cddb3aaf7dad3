import { assertEquals, assertThrows } from "@std/assert";
import {
  resolveReadAll,
  resolveReadEvents,
  resolveReadOptions,
  resolveSubscribe,
} from "../../../store/read_arguments.ts";

const { signal } = new AbortController();
const MAX = Number.MAX_SAFE_INTEGER;

const READ = "read events";

Deno.test("resolveReadEvents() takes a number as the version to begin at", () => {
  const number = resolveReadEvents("a", 3, READ);
  assertEquals(number, resolveReadEvents("a", { fromVersion: 3 }, READ));
  assertEquals(number.fromVersion, 3);
});

Deno.test("resolveReadEvents() fills in the defaults", () => {
  const defaults = {
    actorId: "a",
    fromVersion: 0,
    toVersion: MAX,
    limit: Infinity,
    direction: "forward",
    consistency: "strong",
    onReplayError: undefined,
    signal: undefined,
  } as const;
  assertEquals(resolveReadEvents("a", undefined, READ), defaults);
  assertEquals(resolveReadEvents("a", {}, READ), defaults);
  assertEquals(
    resolveReadEvents("a", { fromVersion: undefined, limit: undefined }, READ),
    defaults,
  );
});

Deno.test("resolveReadEvents() takes bounds up to their limits", () => {
  const options = {
    fromVersion: MAX,
    toVersion: 0,
    limit: 1,
    direction: "backward",
    consistency: "eventual",
    onReplayError: () => "fail" as const,
    signal,
  } as const;
  const frozen = Object.freeze({ ...options });
  assertEquals(resolveReadEvents("a", frozen, READ), {
    actorId: "a",
    ...options,
  });
  assertEquals(resolveReadEvents("a", { limit: MAX }, READ).limit, MAX);
});

Deno.test("resolveReadEvents() says action, bound and value when one is bad", () => {
  const cases: [unknown, string][] = [
    [{ limit: 0 }, "limit must be a safe integer of at least 1, got 0"],
    [{ limit: NaN }, "limit must be a safe integer of at least 1, got NaN"],
    [{ limit: "5" }, 'limit must be a number, got "5"'],
    [
      { fromVersion: 1.5 },
      "fromVersion must be a safe integer of at least 0, got 1.5",
    ],
    [
      { toVersion: 2 ** 53 },
      "toVersion must be a safe integer of at least 0, got 9007199254740992",
    ],
    [
      { direction: "up" },
      'direction must be "forward" or "backward", got "up"',
    ],
    [
      { consistency: 1 },
      'consistency must be "strong" or "eventual", got 1',
    ],
  ];
  for (const [options, message] of cases) {
    const error = assertThrows(
      // deno-lint-ignore no-explicit-any
      () => resolveReadEvents("a", options as any, READ),
      Error,
    );
    assertEquals(error.message, `Cannot read events: ${message}`);
  }
});

Deno.test("resolveReadOptions() says which action failed", () => {
  const error = assertThrows(
    // deno-lint-ignore no-explicit-any
    () => resolveReadOptions({ signal: 1 } as any, "get latest snapshot"),
    TypeError,
  );
  assertEquals(
    error.message,
    "Cannot get latest snapshot: signal must be an AbortSignal, got 1",
  );
});

Deno.test("resolveSubscribe() fills in the defaults", () => {
  const defaults = {
    after: undefined,
    filter: { actors: undefined, eventTypes: undefined },
    live: true,
    storedAt: false,
    onReplayError: undefined,
    signal: undefined,
  };
  assertEquals(resolveSubscribe(undefined), defaults);
  assertEquals(resolveSubscribe({}), defaults);
  assertEquals(resolveSubscribe({ after: null, actors: ">" }), defaults);
});

Deno.test("resolveSubscribe() copies what it was given", () => {
  const eventTypes = ["A", "B", "A"];
  const after = new Date(7);
  const onReplayError = () => "continue" as const;
  const resolved = resolveSubscribe({
    after,
    eventTypes,
    live: false,
    storedAt: true,
    onReplayError,
    signal,
  });
  eventTypes.push("C");
  after.setTime(8);
  assertEquals(resolved, {
    after: new Date(7),
    filter: { actors: undefined, eventTypes: new Set(["A", "B"]) },
    live: false,
    storedAt: true,
    onReplayError,
    signal,
  });
});

Deno.test("resolveReadAll() fills in the defaults", () => {
  assertEquals(resolveReadAll(undefined), {
    after: undefined,
    filter: { actors: undefined, eventTypes: undefined },
    limit: Infinity,
    direction: "forward",
    storedAt: false,
    onReplayError: undefined,
    signal: undefined,
  });
});

Deno.test("resolveReadAll() refuses what is no bound", () => {
  const cases: [unknown, string][] = [
    [{ after: 1 }, "after must be a checkpoint or a Date, got 1"],
    [{ after: new Date(NaN) }, "after is an invalid Date"],
    [{ limit: 0 }, "limit must be a safe integer of at least 1, got 0"],
    [{ storedAt: 1 }, "storedAt must be a boolean, got 1"],
    [{ live: true }, 'there is no option "live"; there are '],
  ];
  for (const [options, message] of cases) {
    assertThrows(
      // deno-lint-ignore no-explicit-any
      () => resolveReadAll(options as any),
      Error,
      `Cannot read all events: ${message}`,
    );
  }
});
