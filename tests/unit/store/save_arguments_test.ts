import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import {
  groupBatch,
  resolveBatch,
  resolveSave,
  resolveSaveEvents,
  resolveSnapshot,
} from "../../../store/save_arguments.ts";
import { DuplicateEventError } from "../../../store/errors.ts";
import type {
  SaveEventsOptions,
  SaveOptions,
} from "../../../store/event_store.ts";
import { makeEvent, makeEvents } from "../../support/contract/helpers.ts";

const { signal } = new AbortController();

Deno.test("resolveSave() gives what it was given", () => {
  const nothing = { expectedVersion: undefined, signal: undefined };
  assertEquals(resolveSave(undefined), nothing);
  assertEquals(resolveSave({}), nothing);
  const options = Object.freeze({ expectedVersion: 0, signal });
  assertEquals(resolveSave(options), { expectedVersion: 0, signal });
});

Deno.test("resolveSave() says action, bound and value when one is bad", () => {
  const cases: [unknown, string][] = [
    [
      { expectedVersion: -1 },
      "Cannot save event: expectedVersion must be a safe integer of at least 0, got -1",
    ],
    [
      { expectedVersion: "1" },
      'Cannot save event: expectedVersion must be a number or "any", got "1"',
    ],
    [
      { signal: {} },
      "Cannot save event: signal must be an AbortSignal, got an object",
    ],
    [null, "Cannot save event: options must be an object, got null"],
  ];
  for (const [options, message] of cases) {
    // deno-lint-ignore no-explicit-any
    const error = assertThrows(() => resolveSave(options as any), Error);
    assertEquals(error.message, message);
  }
});

Deno.test("resolveSave() reads each option once", () => {
  const reads: string[] = [];
  const options = new Proxy({ expectedVersion: 1, signal }, {
    get(target, key, receiver) {
      reads.push(String(key));
      return Reflect.get(target, key, receiver);
    },
  });
  resolveSave(options);
  assertEquals(reads.sort(), ["expectedVersion", "signal"]);
});

Deno.test("resolveSaveEvents() copies the expectations", () => {
  const expectedVersions = new Map([["a", 1]]);
  const resolved = resolveSaveEvents({ expectedVersions, signal });
  expectedVersions.set("b", 2);
  assertEquals(resolved, { expected: new Map([["a", 1]]), signal });
  assertEquals(resolveSaveEvents(undefined).expected, new Map());
});

Deno.test("resolveSaveEvents() takes whatever reads like a Map", () => {
  class Reversed extends Map<string, number> {}
  const expectedVersions = new Reversed([["a", 1]]);
  const resolved = resolveSaveEvents({ expectedVersions });
  assertEquals(resolved.expected, new Map([["a", 1]]));
  for (const wrong of [{}, [], new Set(), "a", 1, null]) {
    const options = { expectedVersions: wrong } as unknown as SaveEventsOptions;
    assertThrows(() => resolveSaveEvents(options), TypeError);
  }
});

Deno.test("resolveBatch() seals each event once, in order, and says which", () => {
  const actions: string[] = [];
  const events = ["a", "b", "c"];
  const sealed = resolveBatch(events, (event, action) => {
    actions.push(action);
    return event.toUpperCase();
  });
  assertEquals(sealed, ["A", "B", "C"]);
  assertEquals(actions, [
    "save event 1 of 3",
    "save event 2 of 3",
    "save event 3 of 3",
  ]);
  assertEquals(resolveBatch([], () => 1), []);
});

Deno.test("resolveBatch() seals the holes of an array, too", () => {
  // deno-lint-ignore no-sparse-arrays
  assertEquals(resolveBatch([, 1], (event) => event), [undefined, 1]);
});

Deno.test("resolveBatch() refuses more than 1,000 events before it seals one", () => {
  const seal = () => assertEquals("sealed", "not sealed");
  const events = new Array(1001).fill(0);
  const error = assertThrows(() => resolveBatch(events, seal), RangeError);
  assertEquals(
    error.message,
    "Cannot save events: one call takes at most 1000 events, got 1001",
  );
  assertEquals(resolveBatch(events.slice(1), (event) => event).length, 1000);
});

Deno.test("groupBatch() groups by actor in the order given", () => {
  const [a1, a3] = makeEvents("a", 1, 3);
  const [b9] = makeEvents("b", 9);
  const expected = new Map([["b", 0]]);
  const { actors: groups, expectedVersions } = groupBatch(
    [a1!, b9!, a3!],
    expected,
  );
  assertEquals(expectedVersions, expected);
  assertEquals([...groups], [["a", [a1, a3]], ["b", [b9]]]);
  assertStrictEquals(groups.get("a")![1], a3);
  assertEquals(groupBatch([], new Map()).actors.size, 0);
});

Deno.test("groupBatch() tells a duplicate id before a version that does not rise", () => {
  const event = makeEvent("a", 2);
  const events = [event, makeEvent("a", 1), event];
  const error = assertThrows(
    () => groupBatch(events, new Map()),
    DuplicateEventError,
  );
  assertEquals(error.eventId, event.id);
  assertEquals([error.storedVersion, error.storedSequence], [
    undefined,
    undefined,
  ]);
});

Deno.test("groupBatch() compares a version with the one before in the call", () => {
  const events = [...makeEvents("a", 4, 6), ...makeEvents("b", 1)];
  const batch = [...events, ...makeEvents("a", 5)];
  const error = assertThrows(
    () => groupBatch(batch, new Map()),
    RangeError,
  );
  assertEquals(
    error.message,
    'Cannot save events: version 5 of actor "a" comes after version 6 in the call, and must be greater',
  );
});

Deno.test("groupBatch() refuses expectations of actors without events", () => {
  const error = assertThrows(
    () => groupBatch(makeEvents("a", 1), new Map([["b", 0]])),
    RangeError,
  );
  assertEquals(
    error.message,
    'Cannot save events: expectedVersions names actor "b", of which the call has no event',
  );
});

Deno.test("groupBatch() takes one expected version for one actor", () => {
  const { expectedVersions } = groupBatch(makeEvents("a", 1, 2), 0);
  assertEquals(expectedVersions, new Map([["a", 0]]));
  const messages = [
    [
      [],
      "expectedVersion is of one actor, and the call has events of 0; there is nothing to save",
    ],
    [
      [...makeEvents("a", 1), ...makeEvents("b", 1)],
      "expectedVersion is of one actor, and the call has events of 2; use expectedVersions, a Map of versions by actor id",
    ],
  ] as const;
  for (const [events, message] of messages) {
    const error = assertThrows(() => groupBatch([...events], 0), RangeError);
    assertEquals(error.message, `Cannot save events: ${message}`);
  }
});

Deno.test("resolveSaveEvents() takes one word or the other", () => {
  assertEquals(resolveSaveEvents({ expectedVersion: 3 }).expected, 3);
  assertEquals(
    resolveSaveEvents({ expectedVersion: "any" }).expected,
    new Map(),
  );
  const both = { expectedVersion: 0, expectedVersions: new Map() };
  assertThrows(() => resolveSaveEvents(both), TypeError, "not both");
});

Deno.test("resolveSnapshot() gives a frozen copy of the four parts", () => {
  const state = { list: [{ deep: 1 }], left: undefined };
  const snapshot = {
    actorId: "a",
    version: 1,
    state,
    timestamp: "2024-01-01T00:00:00Z",
  };
  const resolved = resolveSnapshot(snapshot);
  state.list[0]!.deep = 2;
  assertEquals(resolved, {
    actorId: "a",
    version: 1,
    state: { list: [{ deep: 1 }] },
    timestamp: "2024-01-01T00:00:00Z",
  });
  const { list } = resolved.state as typeof state;
  for (const part of [resolved, resolved.state, list, list[0]]) {
    assertEquals(Object.isFrozen(part), true);
  }
});

Deno.test("expectations of several actors are refused, and not left out, for one event", () => {
  const expectedVersions = new Map([["a", 1]]);
  const several = { expectedVersions } as unknown as SaveOptions;
  assertThrows(
    () => resolveSave(several),
    TypeError,
    'Cannot save event: there is no option "expectedVersions"; did you mean expectedVersion?',
  );
});
