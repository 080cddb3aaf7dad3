import { assertEquals, assertThrows } from "@std/assert";
import {
  resolveGetEvents,
  resolveReadEvents,
  resolveReadOptions,
  resolveSubscribe,
} from "../../../store/read_arguments.ts";
import type { SubscribeOptions } from "../../../store/event_store.ts";

const { signal } = new AbortController();
const MAX = Number.MAX_SAFE_INTEGER;

Deno.test("resolveGetEvents() reads forward to the end", () => {
  assertEquals(resolveGetEvents("a", 3, { consistency: "eventual", signal }), {
    actorId: "a",
    fromVersion: 3,
    toVersion: MAX,
    limit: Infinity,
    direction: "forward",
    consistency: "eventual",
    signal,
  });
});

Deno.test("resolveReadEvents() fills in the defaults", () => {
  const defaults = {
    actorId: "a",
    fromVersion: 0,
    toVersion: MAX,
    limit: Infinity,
    direction: "forward",
    consistency: "strong",
    signal: undefined,
  } as const;
  assertEquals(resolveReadEvents("a", undefined), defaults);
  assertEquals(resolveReadEvents("a", {}), defaults);
  assertEquals(
    resolveReadEvents("a", { fromVersion: undefined, limit: undefined }),
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
    signal,
  } as const;
  const frozen = Object.freeze({ ...options });
  assertEquals(resolveReadEvents("a", frozen), { actorId: "a", ...options });
  assertEquals(resolveReadEvents("a", { limit: MAX }).limit, MAX);
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
      () => resolveReadEvents("a", options as any),
      Error,
    );
    assertEquals(error.message, `Cannot read events: ${message}`);
  }
});

Deno.test("resolveReadOptions() says which action failed", () => {
  const error = assertThrows(
    // deno-lint-ignore no-explicit-any
    () => resolveReadOptions({ signal: 1 } as any, "get snapshot"),
    TypeError,
  );
  assertEquals(
    error.message,
    "Cannot get snapshot: signal must be an AbortSignal, got 1",
  );
});

Deno.test("resolveSubscribe() fills in the defaults", () => {
  const defaults = {
    after: undefined,
    actors: ">",
    eventTypes: undefined,
    live: true,
    onReplayError: undefined,
    signal: undefined,
  };
  assertEquals(resolveSubscribe(undefined), defaults);
  assertEquals(resolveSubscribe({}), defaults);
  assertEquals(resolveSubscribe({ filter: {} }), defaults);
});

Deno.test("resolveSubscribe() copies the event types", () => {
  const eventTypes = ["A", "B", "A"];
  const onReplayError = () => "continue" as const;
  const resolved = resolveSubscribe({
    after: "not looked at here",
    filter: { actors: "a.*", eventTypes },
    live: false,
    onReplayError,
    signal,
  });
  eventTypes.push("C");
  assertEquals(resolved, {
    after: "not looked at here",
    actors: "a.*",
    eventTypes: new Set(["A", "B"]),
    live: false,
    onReplayError,
    signal,
  });
});

Deno.test("resolveSubscribe() refuses an empty list of event types", () => {
  const error = assertThrows(
    () => resolveSubscribe({ filter: { eventTypes: [] } }),
    RangeError,
  );
  assertEquals(
    error.message,
    "Cannot subscribe: eventTypes must name at least one type, got none",
  );
});

Deno.test("resolveSubscribe() refuses a pattern that is none", () => {
  for (const actors of ["", ".", "a.", ">.a", "a..b"]) {
    assertThrows(() => resolveSubscribe({ filter: { actors } }), TypeError);
  }
});

Deno.test("resolveSubscribe() refuses a filter that is no object", () => {
  const options = { filter: ["a"] } as unknown as SubscribeOptions;
  assertThrows(() => resolveSubscribe(options), TypeError, "filter must be");
});
